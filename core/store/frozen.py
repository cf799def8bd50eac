"""Parts of a snapshot, found by SQLite without reading all of it."""

import json
from collections.abc import Iterable

from sqlite_utils import Database

from core.schema import Example, Tool
from core.schema.call import dumps


def tools(db: Database, snapshot: str) -> tuple[Tool, ...]:
    """The tools of a snapshot; none where there is no such snapshot."""
    row = db.conn.execute("SELECT record -> '$.tools' FROM snapshots WHERE hash = ?", (snapshot,)).fetchone()
    return tuple(map(Tool.from_json, json.loads(row[0]))) if row else ()


def examples(db: Database, snapshot: str, ids: Iterable[int]) -> dict[int, Example]:
    """Those examples of a snapshot, by their ids, that are asked for and there."""
    rows = db.conn.execute(
        "SELECT one.value FROM snapshots, json_each(record, '$.examples') AS one "
        "WHERE hash = ? AND one.value ->> '$.id' IN (SELECT value FROM json_each(?))",
        (snapshot, dumps(list(ids))),
    )
    found = (Example.from_json(json.loads(record)) for (record,) in rows)
    return {example.id: example for example in found if example.id is not None}
