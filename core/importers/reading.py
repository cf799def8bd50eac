"""One pass through the rows of a file: every row comes out as examples or as a reject."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.errors import StudioError
from core.importers.answers import flat_example
from core.importers.columns import Columns, Known, chosen, plain, resolve
from core.importers.conversations import conversation_of, examples_of, is_conversation
from core.importers.outcome import Column, ColumnsUnclear, Kept, Record, Refused, Reject
from core.importers.row_tools import NO_TOOLS, FoundTools
from core.importers.rows import CELL_SHOWN, CELLS_SHOWN, Rows
from core.importers.strict_json import shown
from core.prompt.data_marks import has_calls
from core.schema import Tool
from core.schema.example import Split

# What a file turned out to be.
FORMATS = {
    "csv": "table with a header (CSV, TSV)",
    "tuning-lab": "FunctionGemma Tuning Lab table (prompt, tool name, arguments)",
    "xlsx": "spreadsheet (XLSX)",
    "rows": "JSON rows with a prompt and an answer",
    "callwright": "Callwright examples",
    "openai": "OpenAI messages",
    "mobile-actions": "mobile-actions rows (messages and metadata)",
    "trl": "TRL prompt and completion",
    "sharegpt": "ShareGPT conversations",
    "hermes": "Hermes conversations",
    "xlam": "xLAM rows (query, answers, tools)",
}
# JSON rows may each have names of their own, and each a tool that cannot be used.
SHAPES_KEPT = NAMES_KEPT = 1000
NAMED, NOTES = 20, 100


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be read.

    `mapping` gives columns their meaning by header: one of `core.importers.columns.ALIASES`, `argument:NAME`, or "" for
    none; columns it does not name are guessed. `every_answer` makes an example of each message of the assistant.
    """

    split_column: str | None = None
    default_split: Split = "train"
    mapping: Mapping[str, str] | None = None
    every_answer: bool = False


class Reading:
    """Iterate once: a Kept or a Reject for each row. `notes`, `columns` and `found_tools` are whole at the end."""

    def __init__(self, rows: Rows, filename: str, tools: list[Tool], options: Options):
        """Raises ColumnsUnclear where no row could be understood, and StudioError for a mapping that is none."""
        self._rows = rows
        self._options = options
        self._tools = FoundTools(tools)
        self._known = Known(tools, rows.samples, rows.table)
        self._remarks: dict[str, list[int]] = {}  # the first row and the number of rows
        self._shapes: dict[tuple[str, ...], Columns | str] = {}
        self._meanings: dict[str, str] = dict.fromkeys(rows.columns, "")
        self._chosen = chosen(rows.columns, filename, options.split_column, options.mapping)
        self._filename = filename
        self._resolve_first()
        self.format = _format(rows, self._meanings)

    @property
    def columns(self) -> list[Column]:
        """The columns that were met so far."""
        return [Column(name, meaning, self._cells(name)) for name, meaning in self._meanings.items()]

    @property
    def found_tools(self) -> list[Tool]:
        """The tools that rows brought and the project has not, as far as rows that are kept were read."""
        return list(self._tools.found.values())

    @property
    def fraction(self) -> float:
        """How much of the file was read, from 0 to 1."""
        return self._rows.fraction()

    @property
    def notes(self) -> list[str]:
        """What a user should know about the file, as far as it was read."""
        guessed = [
            note for found in self._shapes.values() if isinstance(found, Columns) for note in found.notes
        ]
        unused = [name for name, meaning in self._meanings.items() if not meaning]
        more = f" and {len(unused) - NAMED} more" if len(unused) > NAMED else ""
        left_out = [f"Not used: {', '.join(unused[:NAMED])}{more}."] if unused else []
        counted = [
            f"{remark}, first in row {row} ({n} in all)." for remark, (row, n) in self._remarks.items()
        ]
        notes = [*dict.fromkeys([*self._rows.notes, *guessed, *left_out, *counted, *self._tools.notes])]
        return (
            notes if len(notes) <= NOTES else [*notes[:NOTES], f"There are {len(notes) - NOTES} more notes."]
        )

    def __iter__(self) -> Iterator[Kept | Reject]:
        for row in self._rows.rows:
            if isinstance(row, Reject):
                yield row
                continue
            try:
                yield self._kept(row)
            except Refused as reason:
                yield Reject.of(row.row, str(reason), row.text or shown(row.cells))

    def _kept(self, row: Record) -> Kept:
        cells = self._columns_of(row).read(row.cells)
        remarks: list[str] = []
        brought = NO_TOOLS
        if "tools" in cells:
            brought = self._tools.of_row(cells["tools"])
        if is_conversation(cells):
            talk = conversation_of(cells)
            if talk.tools and not (brought.tools or brought.unusable):
                brought = self._tools.of_row(talk.tools)
            examples = examples_of(cells, talk, self._options.default_split, self._options.every_answer)
            remarks = talk.remarks
        else:
            tools = self._tools.known(brought) if "arguments" in cells else {}
            examples = (flat_example(cells, self._options.default_split, tools),)
        examples = self._tools.renamed(examples, brought)
        self._tools.check(examples[-1], brought)  # whose turns hold every call before it
        if brought is not NO_TOOLS:
            self._tools.keep(brought)
            remarks = remarks + brought.remarks
        for remark in dict.fromkeys(remarks):
            self._remarks.setdefault(remark, [row.row, 0])[1] += 1
        return Kept(row.row, examples)

    def _columns_of(self, row: Record) -> Columns:
        if self._table:
            return self._table
        names = tuple(row.cells)
        found = self._shapes.get(names) or self._resolve(names)
        if isinstance(found, str):
            raise Refused(found)
        return found

    def _resolve(self, names: tuple[str, ...]) -> Columns | str:
        """What the names of a row mean, or why they do not say."""
        found: Columns | str
        try:
            found = resolve(list(names), self._chosen, self._known, self._filename, whole=False)
        except StudioError as error:
            found = f"{error.message} {error.hint}"
        for name in names if len(self._meanings) < NAMES_KEPT else ():
            if not self._meanings.get(name):
                self._meanings[name] = found.meaning.get(name, "") if isinstance(found, Columns) else ""
        if len(self._shapes) < SHAPES_KEPT:
            self._shapes[names] = found
        return found

    def _resolve_first(self) -> None:
        """The meaning of a table's columns, or of the names in the first rows, of which one row must be understood."""
        rows = self._rows
        found: Columns | None = None
        shapes = [rows.columns] if rows.table else [list(record.cells) for record in rows.first]
        error: StudioError | None = None
        for names in {tuple(shape): shape for shape in shapes}.values():
            try:
                found = resolve(names, self._chosen, self._known, self._filename)
            except StudioError as problem:
                error = error or problem
                continue
            self._shapes[tuple(names)] = found
            for name, meaning in found.meaning.items():
                self._meanings[name] = self._meanings.get(name) or meaning
        if error and not self._shapes:
            raise ColumnsUnclear(error.message, error.hint, error.where, self.columns)
        self._table = found if rows.table else None

    def _cells(self, name: str) -> tuple[str, ...]:
        cells = self._rows.samples(name)[:CELLS_SHOWN]
        return tuple((cell if isinstance(cell, str) else shown(cell))[:CELL_SHOWN] for cell in cells)


def _format(rows: Rows, meanings: Mapping[str, str]) -> str:
    """Which of FORMATS the first rows are."""
    if rows.table:
        return rows.kind
    names = {plain(name) for name in meanings}
    found = set(meanings.values())
    if "messages" in found:
        return "mobile-actions" if meanings.get("metadata") == "split" else "openai"
    if "turns" in found:
        return "callwright"
    if "conversations" in found:
        tagged = any(has_calls(shown(record.cells)) for record in rows.first[:20])
        return "hermes" if tagged else "sharegpt"
    if "completion" in found:
        return "trl"
    return "xlam" if {"query", "answers"} <= names else "rows"
