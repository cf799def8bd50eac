"""What the JSON text in the tables has to be: a record that is valid JSON may still be none of ours any more."""

import json
from collections.abc import Callable
from typing import Any

from core.schema import Example, Tool
from core.store import integrity
from core.store.evaluations import Prediction


def _snapshot(data: Any) -> None:
    for tool in data["tools"]:
        Tool.from_json(tool)
    for example in data["examples"]:
        Example.from_json(example)


def _object(data: Any) -> None:
    if not isinstance(data, dict):
        raise TypeError


# By table and column, where more is asked than JSON. Each raises where the record cannot be used.
READERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("tools", "record"): Tool.from_json,
    ("examples", "record"): Example.from_json,
    ("snapshots", "record"): _snapshot,
    ("runs", "recipe"): _object,
    ("runs", "error"): _object,
    ("evaluations", "summary"): _object,
    ("predictions", "record"): lambda data: Prediction(**data),
    ("feedback", "record"): _object,
}


def readable(table: str, column: str, text: str) -> bool:
    """Whether the text of a column is what the table keeps there; any text where that is not JSON."""
    if (table, column) not in integrity.JSON_COLUMNS:
        return True
    try:
        data = json.loads(text)
        if (table, column) in READERS:
            READERS[table, column](data)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return False
    return True
