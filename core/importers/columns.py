"""Which column means what: our names, the names people use instead, and what is missing or not used."""

import difflib
import re
from dataclasses import dataclass

from core.errors import StudioError

ALIASES = {
    "user_content": ("prompt", "question", "text", "user", "input", "utterance"),
    "tool_name": ("tool", "function", "name", "function_name"),
    "tool_arguments": ("arguments", "args", "parameters", "tool_args", "function_arguments"),
    "calls": ("tool_calls",),
    "reply": ("answer", "response"),
    "split": ("set",),
    "system": ("system_prompt",),
    "messages": (),
}
MEANING = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
OPTIONAL = ("calls", "reply", "split", "system")
NEEDED = "user_content with tool_name and tool_arguments (or with calls, or with reply)"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file: what each one means, and those that mean nothing to us."""

    meaning: dict[str, str]
    unused: list[str]

    def read(self, cells: dict[str, object]) -> dict[str, object]:
        """The cells of one row under our own names."""
        return {self.meaning[name]: value for name, value in cells.items() if name in self.meaning}

    def notes(self) -> list[str]:
        return [f"Not used: {', '.join(self.unused)}."] if self.unused else []


def plain(header: str) -> str:
    """A header without the differences that do not matter: `Tool Name` and `tool-name` are `tool_name`."""
    return re.sub(r"[\s_-]+", "_", header.strip()).lower()


def known(headers: list[str]) -> set[str]:
    """What the headers mean, where they mean something."""
    return {MEANING[plain(header)] for header in headers if plain(header) in MEANING}


def resolve(headers: list[str], filename: str, split_column: str | None = None) -> Columns:
    """The meaning of each column.

    Our own name wins over an alias. Raises StudioError where two columns mean the same, a needed one or
    `split_column` is missing, or one looks like a misspelt optional one, which would be lost unnoticed.
    """
    meaning: dict[str, str] = {}
    split_header = _find(headers, split_column, filename) if split_column else None
    for header in headers:
        name = MEANING.get(plain(header))
        if name and not (name == "split" and split_header):
            meaning[header] = name
    for name in set(meaning.values()):
        rivals = [header for header in meaning if meaning[header] == name]
        own = [header for header in rivals if plain(header) == name]
        if len(rivals) > 1 and len(own) != 1:
            raise StudioError(
                f"The columns {' and '.join(rivals)} both mean {name}.", "Keep one of them.", filename
            )
        for header in rivals:
            if own and header not in own:
                del meaning[header]
    if split_header:
        meaning[split_header] = "split"
    unused = [header for header in headers if header not in meaning]
    for header in unused:
        close = difflib.get_close_matches(plain(header), OPTIONAL, 1, 0.8)
        if plain(header) not in MEANING and close and close[0] not in meaning.values():
            raise StudioError(
                f"The column {header} is unknown; did you mean {close[0]}?", "Rename or delete it.", filename
            )
    _check_needed(headers, set(meaning.values()), filename)
    return Columns(meaning, unused)


def _find(headers: list[str], wanted: str, filename: str) -> str:
    header = next((h for h in headers if h == wanted), None)
    header = header or next((h for h in headers if plain(h) == plain(wanted)), None)
    if header is None:
        raise StudioError(f"There is no column {wanted}.", f"Columns found: {', '.join(headers)}.", filename)
    return header


def _check_needed(headers: list[str], names: set[str], filename: str) -> None:
    answers = {"tool_name", "tool_arguments"} <= names or "calls" in names or "reply" in names
    # A tool column alone would make every call one without arguments.
    half = len({"tool_name", "tool_arguments"} & names) == 1
    if "messages" in names or ("user_content" in names and answers and not half):
        return
    found = ", ".join(header.strip()[:40] or "(no name)" for header in headers[:12])
    raise StudioError(
        "Columns are missing.",
        f"Found: {found}. Needed: {NEEDED}, in the first row.",
        filename,
    )
