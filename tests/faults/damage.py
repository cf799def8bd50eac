"""Ways to damage a database, and which rows a damage leaves alone."""

import random
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from core.store import pages, salvage
from core.store.database import sqlite3
from core.store.pages import Pages, Tree
from tests.faults import filling


def with_log(filled: Path, folder: Path) -> Path:
    """A filled database as it stands in the middle of work: the newest rows are in its write-ahead log only."""
    path = filling.copy(filled, folder)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE examples SET split = 'test' WHERE id % 3 = 0")
        connection.execute(
            "INSERT INTO metrics SELECT run, 'late', step, value, nonfinite, time FROM metrics"
        )
        for ending in ("", "-wal", "-shm"):
            shutil.copyfile(f"{path}{ending}", folder / f"kept.db{ending}")
    return folder / "kept.db"


def grown(own: Path, folder: Path) -> Path:
    """The database after more work: its log was brought into the file, and more rows came and went."""
    path = filling.copy(own, folder)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM metrics WHERE step % 2")
        connection.execute("INSERT INTO examples (project, split, prompt, tool, record) "
                           "SELECT project, split, prompt, tool, record FROM examples")  # fmt: skip
    return path


def flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(16):
        data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
    path.write_bytes(data)


def truncate(path: Path, rng: random.Random) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(rng.choice([0, rng.randrange(size), size - rng.randrange(1, 40000)]))


def zero_a_page(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.seek(pages.SIZE * rng.randrange(path.stat().st_size // pages.SIZE))
        file.write(b"\0" * pages.SIZE)


def row_pages(path: Path) -> dict[str, dict[tuple[Any, ...], set[int]]]:
    """The pages that each row of each table stands on; a row is told apart by all its values, as SQLite reads them."""
    source = Pages(path)
    with closing(sqlite3.connect(path)) as connection:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"))
        columns = {name: _columns(connection, name) for name in filling.tables(connection)}
        shapes = salvage.shapes(connection)
    found: dict[str, dict[tuple[Any, ...], set[int]]] = {}
    for name, shape in shapes.items():
        tree = Tree()
        for _ in source.rows(roots[name], shape.leaf, shape.fits, tree):
            pass
        assert tree.whole
        rows = found[name] = {}
        for number in tree.claimed:
            source.used = set()
            for rowid, values in source.loose_rows(number, shape.leaf, shape.fits):
                row = dict(zip(shape.columns, values, strict=False))
                if shape.alias:
                    row[shape.alias] = rowid
                rows[tuple(row.get(column, default) for column, default in columns[name])] = {number}
            for on in rows.values():
                if on == {number}:
                    on |= source.used
    return found


def _columns(connection: Any, table: str) -> list[tuple[str, Any]]:
    """Columns with their defaults, which rows from before the column was added do not hold."""
    about = connection.execute(f"PRAGMA table_info({table})")
    return [
        (name, default and connection.execute(f"SELECT {default}").fetchone()[0])
        for _, name, _, _, default, _ in about.fetchall()
    ]


def damaged_pages(before: Path, after: Path) -> set[int]:
    """The numbers of the pages that differ."""
    one, two = before.read_bytes(), after.read_bytes()
    size = pages.SIZE
    return {n // size + 1 for n in range(0, len(one), size) if one[n : n + size] != two[n : n + size]}
