"""Whether a database file is whole: its pages, its references, and that every value in it can be read."""

from contextlib import closing
from pathlib import Path
from typing import Any

from sqlite_utils.utils import sqlite3

SHOWN = 20  # problems that are told

# Columns whose text is JSON, by table; what is not named here is any text.
JSON_COLUMNS = {
    ("tools", "record"),
    ("examples", "record"),
    ("snapshots", "record"),
    ("runs", "recipe"),
    ("runs", "error"),
    ("evaluations", "summary"),
    ("predictions", "record"),
    ("change_rows", "before"),
    ("findings", "record"),
    ("feedback", "record"),
}


def problems(connection: Any) -> list[str]:
    """What is wrong with an open database, at most SHOWN short sentences; an empty list where it is whole.

    Raises sqlite3.Error where that says nothing about the file, such as a lock that others hold.
    """
    try:
        return _problems(connection)[:SHOWN]
    except UnicodeDecodeError:  # a message of SQLite that cites damaged text
        return ["text that is no text"]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return [str(error).split(" with text")[0]]
        raise


def problems_of_file(database: Path) -> list[str]:
    """What is wrong with a file that nobody else uses, taken alone, as if there were no write-ahead log beside it."""
    with closing(sqlite3.connect(f"{database.as_uri()}?immutable=1", uri=True)) as connection:
        return problems(connection)


def is_damage(error: Exception) -> bool:
    """Whether an error of SQLite says that the file is damaged."""
    damage = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in damage or any(
        sign in str(error) for sign in ("malformed", "not a database", "unsupported file", "Could not decode")
    )


def _problems(connection: Any) -> list[str]:
    rows = connection.execute(f"PRAGMA integrity_check({SHOWN})")
    found = [line for (text,) in rows if text != "ok" for line in text.splitlines() if line[:3] != "***"]
    if found:
        return found
    found += [
        f"row missing in {parent} that {table} names"
        for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(SHOWN)
    ]
    for table, columns in tables(connection).items():
        for _ in connection.execute(f"SELECT * FROM {table}"):  # text that is no text is found by reading it
            pass
        for column in sorted(column for column in columns if (table, column) in JSON_COLUMNS):
            bad = connection.execute(
                f"SELECT count(*) FROM {table} WHERE NOT json_valid({column})"
            ).fetchone()
            found += [f"{bad[0]} unreadable records in {table}.{column}"] if bad[0] else []
    return found


def tables(connection: Any) -> dict[str, set[str]]:
    """The tables of a database with the names of their columns."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
    ]
    return {
        name: {row[1] for row in connection.execute(f"SELECT * FROM pragma_table_info('{name}')")}
        for name in names
    }
