"""A new database from a damaged one: every row that can still be read, then what is missing from a backup."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from core.store import integrity, pages, records
from core.store.migrations import migrations
from core.store.pages import Pages, Row, Tree

# What a column of a STRICT table can hold.
TYPES: dict[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "INT": (int,),
    "REAL": (float, int),
    "BLOB": (bytes,),
    "ANY": (str, int, float, bytes),
}


@dataclass(slots=True)
class Recovered:
    """Rows of one table."""

    table: str
    read: int = 0  # from the damaged file
    from_backup: int = 0
    stood_in: int = 0  # made up, so that the rows that name them can stay
    dropped: int = 0  # because what they belong to is gone
    whole: bool = True  # nothing of the table was damaged, as far as can be seen

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Shape:
    """A table as its rows are stored."""

    name: str
    columns: list[str]
    types: list[str]
    required: list[bool]  # neither NULL nor left out
    rowid: bool
    alias: str = ""  # the column that is the rowid, which is stored as NULL
    tree: Tree = field(default_factory=Tree)

    @property
    def leaf(self) -> int:
        return pages.LEAF_TABLE if self.rowid else pages.LEAF_INDEX

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether these can be the values of a row; columns that were added later may be missing at the end."""
        if len(values) > len(self.columns) or any(self.required[len(values) :]):
            return False
        return all(map(self._value_fits, self.columns, self.types, self.required, values))

    def _value_fits(self, column: str, type: str, required: bool, value: Any) -> bool:
        if value is None:
            return not required
        if not isinstance(value, TYPES[type]):
            return False
        return not isinstance(value, str) or records.readable(self.name, column, value)


def rebuild(damaged: Path, log: Path, backup: Path | None, target: Path) -> list[Recovered]:
    """Make a database at `target`, of the version the damaged one had; what was recovered of each table.

    `backup` is a file that is known to be whole. Nothing but `target` is written; it must not exist.
    """
    # A log that makes a whole file a damaged one belongs to another file.
    foreign = log.exists() and not integrity.problems_of_file(damaged)
    source = Pages(damaged, log if log.exists() and not foreign else None)
    version = _version(source)
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {pages.SIZE}")
        connection.execute("PRAGMA synchronous = OFF")  # whoever asked for it brings it to the disk
        _migrate_to(connection, version)
        connection.execute("BEGIN")
        triggers = _without_triggers(connection)
        recovered = _fill(connection, source, shapes(connection))
        if backup:
            connection.execute("COMMIT")
            _fill_from(connection, backup, target, version, recovered)
            connection.execute("BEGIN")
        _stand_in(connection, source, recovered)
        _drop_orphans(connection, recovered)
        for sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")
    return list(recovered.values())


def _names() -> list[str]:
    with closing(sqlite3.connect(":memory:")) as empty:
        return [step.name for step in migrations.pending(Database(empty))]


def _migrate_to(connection: Any, version: int) -> None:
    migrations.apply(Database(connection, execute_plugins=False), stop_before=_names()[version:] or None)


def _version(source: Pages) -> int:
    """How many of the migrations the damaged file has seen: as it says, else as its tables say; else all of them."""
    names = _names()
    schema = _schema(source)
    root = next((row[3] for row in schema if row[1] == "_sqlite_migrations"), 0)
    applied = {
        value for _, values in _aside(source, root, pages.LEAF_TABLE) for value in values if value in names
    }
    if applied:
        return max(map(names.index, applied)) + 1
    return len(names)


def _schema(source: Pages) -> list[list[Any]]:
    """Rows of sqlite_schema: type, name, table, root page, SQL."""
    rows = _aside(source, pages.SCHEMA_ROOT, pages.LEAF_TABLE)
    return [values for _, values in rows if len(values) == 5 and isinstance(values[3], int)]


def _aside(source: Pages, root: int, leaf: int) -> list[Row]:
    """Rows of a tree that is no table of ours; its pages do not count as read."""
    used, source.used = source.used, set()
    rows = list(source.rows(root, leaf, lambda values: True, Tree()))
    source.used = used
    return rows


def shapes(connection: Any) -> dict[str, Shape]:
    """The tables that hold rows of ours, parents before children."""
    found: dict[str, Shape] = {}
    listed = connection.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
        "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_sqlite!_%' ESCAPE '!'"
    )
    todo = dict(sorted(listed))
    while todo:
        for name in [
            one for one in todo if not {row[1] for row in _parents(connection, one)} & todo.keys() - {one}
        ]:
            without_rowid = bool(todo.pop(name))
            about = connection.execute(f"PRAGMA table_info({name})").fetchall()
            keys = [column for column in about if column[5]]
            alias = keys[0][1] if len(keys) == 1 and keys[0][2] == "INTEGER" and not without_rowid else ""
            if without_rowid:  # stored with the key first
                about.sort(key=lambda column: (not column[5], column[5]))
            found[name] = Shape(
                name,
                [column[1] for column in about],
                [column[2] for column in about],
                [
                    bool(column[3] or column[5]) and column[4] is None and column[1] != alias
                    for column in about
                ],
                rowid=not without_rowid,
                alias=alias,
            )
    return found


def _parents(connection: Any, table: str) -> list[tuple[str, str, str]]:
    """Whose rows a table names: by which column of it, the other table, and the column there."""
    return connection.execute(
        """SELECT named."from", named."table", coalesce(named."to", key.name)
        FROM pragma_foreign_key_list(?) AS named
        JOIN pragma_table_info(named."table") AS key ON key.pk = 1""",
        (table,),
    ).fetchall()


def _without_triggers(connection: Any) -> list[str]:
    """Take the triggers off, which are for new rows and not for these; their SQL."""
    found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in found:
        connection.execute(f"DROP TRIGGER {name}")
    return [sql for _, sql in found]


def _fill(connection: Any, source: Pages, shapes: dict[str, Shape]) -> dict[str, Recovered]:
    """Bring over the rows of the damaged file: by the roots of the tables, then from pages that no root leads to."""
    recovered = {name: Recovered(name) for name in shapes}
    # Where the file cannot say any more where its tables begin, they begin where they do in every new file.
    fresh = connection.execute("SELECT type, name, tbl_name, rootpage FROM sqlite_schema").fetchall()
    roots = {row[1]: row[3] for row in (*fresh, *_schema(source)) if row[0] == "table"}
    for shape in shapes.values():
        rows = source.rows(roots[shape.name], shape.leaf, shape.fits, shape.tree)
        recovered[shape.name].read += _insert(connection, shape, rows)
    torn = [shape for shape in shapes.values() if shape.tree.open_ends]
    for number in source.loose() if torn else ():
        found = [(shape, source.loose_rows(number, shape.leaf, shape.fits)) for shape in torn]
        fitting = [one for one in found if one[1]]
        full = [one for one in fitting if all(len(values) == len(one[0].columns) for _, values in one[1])]
        if len(full or fitting) == 1:  # a page that could belong to two tables is given to none
            shape, loose = (full or fitting)[0]
            recovered[shape.name].read += _insert(connection, shape, loose)
    for shape in shapes.values():
        recovered[shape.name].whole = shape.tree.whole
    return recovered


def _insert(connection: Any, shape: Shape, rows: Iterable[Row]) -> int:
    """Insert rows that the table takes; how many. One that breaks a rule of the table was damaged unseen."""
    n = 0
    for rowid, values in rows:
        row = dict(zip(shape.columns, values, strict=False))
        if rowid is not None:
            row[shape.alias or "rowid"] = rowid
        try:
            n += connection.execute(
                f"INSERT OR IGNORE INTO {shape.name} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                list(row.values()),
            ).rowcount
        except (sqlite3.IntegrityError, OverflowError):
            shape.tree.unreadable += 1
    return n


def _fill_from(
    connection: Any, backup: Path, target: Path, version: int, tables: dict[str, Recovered]
) -> None:
    """Bring over from a backup what is missing in the tables that were damaged, and what these rows belong to."""
    older = target.with_name("from-backup.db")
    copyfile(backup, older)
    with closing(sqlite3.connect(older, isolation_level=None)) as copied:
        _migrate_to(copied, version)
    connection.execute("ATTACH DATABASE ? AS backup", (str(older),))
    connection.execute("BEGIN")
    for name, table in tables.items():
        if not table.whole:
            columns = ", ".join(integrity.tables(connection)[name])
            table.from_backup = connection.execute(
                f"INSERT OR IGNORE INTO main.{name} ({columns}) SELECT {columns} FROM backup.{name}"
            ).rowcount
    connection.execute("COMMIT")
    connection.execute("DETACH DATABASE backup")
    older.unlink()


def _stand_in(connection: Any, source: Pages, tables: dict[str, Recovered]) -> None:
    """Make rows that are named and gone, so that what names them can stay: projects, runs, the content of snapshots."""
    # No clock: a repair that is done again ends the same.
    (made_at,) = connection.execute(
        "SELECT coalesce(max(created), '') FROM (SELECT created FROM projects UNION SELECT created FROM runs)"
    ).fetchone()
    for run in _indexed(connection, source, "runs"):
        if len(run) == 4:  # its id, its project, its number, and where it stood
            tables["runs"].stood_in += connection.execute(
                "INSERT OR IGNORE INTO runs (rowid, id, project, number, state, model, recipe, snapshot, created) "
                "VALUES (:rowid, :id, :project, :number, 'interrupted', '', '{}', coalesce("
                "(SELECT snapshot FROM evaluations WHERE run = :id ORDER BY id LIMIT 1), 'lost'), :now)",
                {**run, "now": made_at},
            ).rowcount
    made = {
        "projects": ("id, name, created", "'Recovered ' || {0}, ?"),
        "snapshots": ("hash, record, created", """'{{"tools": [], "examples": []}}', ?"""),
    }
    for parent, (columns, values) in made.items():
        named = [(child, row) for child in tables for row in _parents(connection, child) if row[1] == parent]
        for child, (column, _, key) in named:
            tables[parent].stood_in += connection.execute(
                f"INSERT OR IGNORE INTO {parent} ({columns}) SELECT DISTINCT {column}, {values.format(column)} "
                f"FROM {child} WHERE {column} NOT IN (SELECT {key} FROM {parent})",
                (made_at,),
            ).rowcount


def _indexed(connection: Any, source: Pages, table: str) -> list[dict[str, Any]]:
    """What the indexes of the damaged file know of the rows of a table, by column, and as `rowid` where they stood."""
    roots = {row[1]: row[3] for row in _schema(source) if row[0] == "index" and row[2] == table}
    found: dict[int, dict[str, Any]] = {}
    for index, root in roots.items():
        columns = [row[2] for row in connection.execute(f"PRAGMA index_info({index})")]
        for _, values in _aside(source, root, pages.LEAF_INDEX):
            if len(values) == len(columns) + 1 and isinstance(values[-1], int):
                row = found.setdefault(values[-1], {"rowid": values[-1]})
                row.update(zip(columns, values, strict=False))
    return list(found.values())


def _drop_orphans(connection: Any, tables: dict[str, Recovered]) -> None:
    """Drop rows that name one that is gone, parents before children."""
    for child, table in tables.items():
        for column, parent, key in _parents(connection, child):
            table.dropped += connection.execute(
                f"DELETE FROM {child} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM {parent})"
            ).rowcount
