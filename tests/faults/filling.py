"""Rows for every table of the store, of whatever version, made from the shape of the tables alone."""

import json
import random
import re
import shutil
import string
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from core.schema import Example, ToolCall, read_tool
from core.store import integrity
from core.store.database import sqlite3
from core.store.evaluations import Prediction
from core.store.migrations import migrations

WORDS = string.ascii_letters + "   éß漢😀'\"\\"


def names() -> list[str]:
    """The names of all migrations."""
    with closing(sqlite3.connect(":memory:")) as empty:
        return [step.name for step in migrations.pending(Database(empty))]


def make(path: Path, version: int, rows: int, seed: int = 0) -> None:
    """A database of this version, with about `rows` rows in each of the tables that grow."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        migrations.apply(Database(connection), stop_before=names()[version:] or None)
        fill(connection, rows, random.Random(seed))


def fill(connection: Any, rows: int, rng: random.Random) -> None:
    """Fill every table, parents first; projects and the like get a few rows."""
    connection.execute("BEGIN")
    todo = tables(connection)
    while todo:
        for table in [
            one for one in todo if not {row[1] for row in parents(connection, one)} & set(todo) - {one}
        ]:
            todo.remove(table)
            n = {"projects": 3, "snapshots": 12, "runs": 40, "tools": 30, "findings": 3}.get(table, rows)
            _fill_table(connection, table, n, rng)
    connection.execute("COMMIT")


def _fill_table(connection: Any, table: str, rows: int, rng: random.Random) -> None:
    about = connection.execute(f"PRAGMA table_info({table})").fetchall()
    sql = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    known = {
        column: [row[0] for row in connection.execute(f"SELECT {key} FROM {parent}")] or [None]
        for column, parent, key in parents(connection, table)
    }
    for n in range(1, rows + 1):
        row = {}
        for _, column, type, _, default, _ in about:
            if column in known:
                row[column] = known[column][n % len(known[column])]
            elif allowed := re.search(rf"CHECK \({column} IN \(([^)]*)\)", sql):
                row[column] = rng.choice([one.strip().strip("'") for one in allowed[1].split(",")])
            elif default is None or rng.random() < 0.5:
                row[column] = _value(table, column, type, n, rng)
        connection.execute(
            f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )


def _value(table: str, column: str, type: str, n: int, rng: random.Random) -> Any:
    words = "".join(rng.choices(WORDS, k=rng.choice([5, 20, 60, 60, 60, 200])))
    if (table, column) in RECORDS:
        return json.dumps(RECORDS[table, column](n, words), ensure_ascii=False)
    if (table, column) in integrity.JSON_COLUMNS:
        return json.dumps({"words": words, "n": n})
    match type:
        case "INTEGER" | "INT":
            return n
        case "BLOB":
            return words.encode()
        case "REAL":
            return rng.choice([n / 7, float(n), -1e300])
    return f"{column} {n}" if column in ("id", "hash", "name") else words


def _tool(n: int, words: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"query": {"type": "string", "description": words}}}
    tool, _ = read_tool({"name": f"tool_{n}", "description": words, "parameters": parameters})
    return tool.to_json()


def _example(n: int, words: str) -> dict[str, Any]:
    prompt = words * 80 if n % 50 == 0 else words  # some that do not fit on a page
    return Example.single(prompt, ToolCall("tool_1", {"query": words})).to_json()


RECORDS = {
    ("tools", "record"): _tool,
    ("examples", "record"): _example,
    ("snapshots", "record"): lambda n, words: {"tools": [_tool(n, words)], "examples": [_example(n, words)]},
    ("findings", "record"): lambda n, words: [{"kind": words}],
    ("predictions", "record"): lambda n, words: Prediction(
        n, words, [], words, [], "no_call", False, False
    ).to_json(),
}


def tables(connection: Any) -> list[str]:
    """The tables with rows of ours."""
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows if not name.startswith(("sqlite_", "_sqlite_"))]


def parents(connection: Any, table: str) -> list[tuple[str, str, str]]:
    """Whose rows a table names: by which column of it, the other table, and the column there."""
    rows = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
    return [(row[3], row[2], row[4] or _key(connection, row[2])) for row in rows]


def _key(connection: Any, table: str) -> str:
    return next(row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5])


def content(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    """All rows of all tables of a file."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            name: {tuple(row) for row in connection.execute(f"SELECT * FROM {name}")}
            for name in tables(connection)
        }


def shape(path: Path) -> list[tuple[Any, ...]]:
    """What sqlite_schema says, but for the pages."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
        return [tuple(row) for row in rows]


def copy(source: Path, home: Path) -> Path:
    """Put a database with its log into a home."""
    home.mkdir(parents=True)
    target = home / "callwright.db"
    for ending in ("", "-wal"):
        file = source.with_name(source.name + ending)
        if file.exists():
            shutil.copyfile(file, target.with_name(target.name + ending))
    return target
