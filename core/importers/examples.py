"""Examples from a file of any form we read: every row comes out as an example or as a reject."""

from collections.abc import Iterable
from pathlib import PurePath

from core.errors import StudioError
from core.importers import jsonl, tables
from core.importers.answers import flat_example
from core.importers.columns import Columns, resolve
from core.importers.encoding import decode
from core.importers.messages import chat_example
from core.importers.outcome import ExamplesRead, Record, Refused, Reject
from core.schema import Example, Tool, ToolCall, check_call
from core.schema.example import Split

JSON_ENDINGS = (".jsonl", ".json", ".ndjson")
TABLE_ENDINGS = (".csv", ".tsv", ".tab")


def read_examples(
    data: bytes,
    filename: str,
    tools: list[Tool],
    split_column: str | None = None,
    default_split: Split = "train",
) -> ExamplesRead:
    """Examples from CSV, TSV, JSON Lines or a JSON list; `total` is always kept plus rejected.

    With tools, a row whose call does not fit them is rejected; with an empty list calls are not checked.
    Raises StudioError where the file as a whole cannot be used.
    """
    text, notes = decode(data, filename)
    if _is_json(text, filename):
        names, rows = jsonl.read_records(text, filename)
    else:
        names, rows, more = tables.read_records(text, filename)
        notes += more
    if not rows:
        raise StudioError(
            "The table has a header but no rows.", "Choose a file with at least one row.", filename
        )
    found = [row for row in rows if isinstance(row, Record)]
    rejected = [row for row in rows if isinstance(row, Reject)]
    columns = resolve(names, filename, split_column) if found or names else Columns({}, [])
    notes += columns.notes()
    by_name = {tool.name: tool for tool in tools}
    examples: list[Example] = []
    left_out: dict[str, list[int]] = {}
    for record in found:
        try:
            example, remarks = _example(columns.read(record.cells), default_split)
            _check(example, by_name)
        except Refused as reason:
            rejected.append(Reject.of(record.row, str(reason), record.text))
            continue
        examples.append(example)
        for remark in remarks:
            left_out.setdefault(remark, []).append(record.row)
    notes += [f"{remark}, first in row {rows[0]} ({len(rows)} in all)." for remark, rows in left_out.items()]
    rejected.sort(key=lambda reject: reject.row)
    return ExamplesRead(examples, rejected, len(rows), names, notes)


def _is_json(text: str, filename: str) -> bool:
    ending = PurePath(filename).suffix.lower()
    if ending in JSON_ENDINGS or ending in TABLE_ENDINGS:
        return ending in JSON_ENDINGS
    return text.lstrip()[:1] in ("{", "[")


def _example(cells: dict[str, object], default_split: Split) -> tuple[Example, list[str]]:
    if cells.get("messages") is not None:
        return chat_example(cells, default_split)
    return flat_example(cells, default_split), []


def _check(example: Example, tools: dict[str, Tool]) -> None:
    problems = [problem for call in _calls(example) for problem in check_call(call, tools)] if tools else []
    if problems:
        raise Refused(" ".join(problems))


def _calls(example: Example) -> Iterable[ToolCall]:
    """The calls of the answer, and those of the conversation before it."""
    yield from example.calls
    for turn in example.turns:
        yield from turn.calls
