"""The front door for examples: a file of any form we read, opened by what is in it and by its ending."""

from pathlib import Path, PurePath

from core.importers import jsonl, tables
from core.importers.encoding import detect, open_text
from core.importers.outcome import ExamplesRead, Kept, Reject
from core.importers.reading import FORMATS as FORMATS
from core.importers.reading import Options, Reading
from core.importers.rows import Rows
from core.importers.source import Source
from core.schema import Example, Tool
from core.schema.example import Split

JSON_ENDINGS = (".jsonl", ".json", ".ndjson")
TABLE_ENDINGS = (".csv", ".tsv", ".tab")
ZIP, PARQUET = b"PK\x03\x04", b"PAR1"


def open_examples(
    path: Path,
    filename: str,
    tools: list[Tool],
    *,
    split_column: str | None = None,
    default_split: Split = "train",
    mapping: dict[str, str] | None = None,
    every_answer: bool = False,
) -> Reading:
    """Examples of a file that is read while they are taken; `filename` is what the user calls it.

    With tools, or tools in the rows, a row whose call does not fit them is rejected; without any, calls are not
    checked. Raises StudioError where the file as a whole cannot be used, ColumnsUnclear where its columns say too
    little.
    """
    options = Options(split_column, default_split, mapping, every_answer)
    return _reading(Source.of_path(path, filename), tools, options)


def read_examples(
    data: bytes,
    filename: str,
    tools: list[Tool],
    split_column: str | None = None,
    default_split: Split = "train",
    mapping: dict[str, str] | None = None,
    every_answer: bool = False,
) -> ExamplesRead:
    """The examples of a small file, at once; see `open_examples`. `total` rows were kept or rejected."""
    options = Options(split_column, default_split, mapping, every_answer)
    reading = _reading(Source.of_bytes(data, filename), tools, options)
    examples: list[Example] = []
    rejected: list[Reject] = []
    kept = 0
    for outcome in reading:
        if isinstance(outcome, Kept):
            kept += 1
            examples += outcome.examples
        else:
            rejected.append(outcome)
    return ExamplesRead(
        examples=examples,
        rejected=rejected,
        total=kept + len(rejected),
        columns=[column.name for column in reading.columns],
        notes=reading.notes,
        format=reading.format,
        found_tools=reading.found_tools,
    )


def _reading(source: Source, tools: list[Tool], options: Options) -> Reading:
    return Reading(_open_rows(source), source.name, tools, options)


def _open_rows(source: Source) -> Rows:
    """Raises StudioError where there is not one row."""
    head = source.head(4)
    if head == ZIP:
        from core.importers import spreadsheet

        return spreadsheet.open_rows(source)
    if head == PARQUET:
        from core.importers import parquet

        return parquet.open_rows(source)
    encoding, notes = detect(source)
    return (jsonl if _is_json(source, encoding) else tables).open_rows(source, encoding, notes)


def _is_json(source: Source, encoding: str) -> bool:
    ending = PurePath(source.name).suffix.lower()
    if ending in JSON_ENDINGS or ending in TABLE_ENDINGS:
        return ending in JSON_ENDINGS
    with open_text(source.open(), encoding) as file:
        return file.read(1000).lstrip()[:1] in ("{", "[")
