"""Which column means what: our names, the names people use instead, and what is missing or not used."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import StudioError
from core.importers.guesses import by_content, is_split, tool_lists
from core.schema import Tool

ALIASES = {
    "user_content": ("prompt", "question", "text", "user", "input", "utterance"),
    "tool_name": ("tool", "function", "name", "function_name"),
    "tool_arguments": ("arguments", "args", "parameters", "tool_args", "function_arguments"),
    "calls": ("tool_calls",),
    "reply": ("answer", "response"),
    "split": ("set",),
    "system": ("system_prompt",),
    "messages": (),
    "conversations": ("conversation",),
    "completion": (),
    "turns": (),
    "tools": ("functions",),
}
MEANING = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
ARGUMENT = "argument:"  # before the name of a parameter: the cell is that argument of the tool that is called
OPTIONAL = ("calls", "reply", "split", "system")
CONVERSATIONS = ("messages", "conversations", "turns")
NEEDED = "user_content with tool_name and tool_arguments (or with calls, or with reply)"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, or of rows that have the same names: what each one means, and notes on the guesses."""

    meaning: dict[str, str]  # by header, those that mean something
    notes: list[str] = field(default_factory=list)
    _plain: dict[str, str] = field(init=False)
    _arguments: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        arguments = {h: m.removeprefix(ARGUMENT) for h, m in self.meaning.items() if m.startswith(ARGUMENT)}
        object.__setattr__(self, "_arguments", arguments)
        object.__setattr__(self, "_plain", {h: m for h, m in self.meaning.items() if h not in arguments})

    def read(self, cells: Mapping[str, object]) -> dict[str, object]:
        """The cells of one row under our own names; those that are arguments together, under `arguments`."""
        found = {meaning: cells[header] for header, meaning in self._plain.items()}
        if self._arguments:
            found["arguments"] = {name: cells[header] for header, name in self._arguments.items()}
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """What a guess may rest on: the tools there are, and the filled cells of a column in the first rows."""

    tools: list[Tool] = field(default_factory=list)
    samples: Callable[[str], list[object]] = lambda header: []
    table: bool = True  # whether there is no other row than those with these columns

    def parameter(self, header: str) -> str | None:
        """The parameter that a header names."""
        names = {name: name for tool in self.tools for name in tool.properties}
        return names.get(header) or {plain(name): name for name in names}.get(plain(header))


def plain(header: str) -> str:
    """A header without the differences that do not matter: `Tool Name` and `tool-name` are `tool_name`."""
    return re.sub(r"[\s_-]+", "_", header.strip()).lower()


def known(headers: Iterable[str]) -> set[str]:
    """What the headers mean, where they mean something."""
    return {MEANING[plain(header)] for header in headers if plain(header) in MEANING}


def chosen(
    headers: list[str], filename: str, split_column: str | None, mapping: Mapping[str, str] | None
) -> dict[str, str]:
    """What the user said about columns. Raises StudioError for a column or a meaning that does not exist."""
    meaning: dict[str, str] = {}
    for wanted, name in (mapping or {}).items():
        header = _find(headers, wanted, filename)
        if name and name not in ALIASES and not name.startswith(ARGUMENT):
            raise StudioError(
                f"A column cannot mean {name}.",
                f"Choose one of {', '.join(ALIASES)}, {ARGUMENT}NAME, or nothing.",
                wanted,
            )
        if name and name in meaning.values():
            raise StudioError(f"Two columns are to mean {name}.", "Keep one of them.", wanted)
        meaning[header] = name
    if split_column:
        header = _find(headers, split_column, filename)
        meaning = {h: "" if m == "split" else m for h, m in meaning.items()} | {header: "split"}
    return meaning


def resolve(
    headers: list[str], chosen: Mapping[str, str], about: Known, filename: str, *, whole: bool = True
) -> Columns:
    """The meaning of each column: what was chosen, then what the header says, then what stands in the column.

    Our own name wins over an alias. Raises StudioError where two columns mean the same, one looks like a misspelt
    optional one, which would be lost unnoticed, or, of the columns of a `whole` file, a needed one is missing.
    """
    meaning = {header: chosen[header] for header in headers if header in chosen}
    taken = set(meaning.values())
    free = [header for header in headers if header not in chosen]
    named = {header: MEANING[plain(header)] for header in free if plain(header) in MEANING}
    if {"query", "answers"} <= (headings := {plain(header): header for header in free}).keys():
        named |= {headings["query"]: "user_content", headings["answers"]: "calls"}
    named = {header: name for header, name in named.items() if name not in taken}
    named = {h: m for h, m in named.items() if m != "tools" or tool_lists(about.samples(h))}
    sure = {*named.values(), *taken}
    spread = "tool_name" in sure and not sure & {"tool_arguments", "calls"}
    meaning |= _one_each(named, about if spread else Known(), filename)
    for header in free:
        parameter = about.parameter(header) if spread else None
        if header not in meaning and parameter and ARGUMENT + parameter not in meaning.values():
            meaning[header] = ARGUMENT + parameter
        elif header not in meaning and plain(header) == "metadata" and "split" not in meaning.values():
            meaning |= {header: "split"} if is_split(about.samples(header)) else {}
    notes = []
    if about.table and not _enough(set(meaning.values()), about):
        left = {header: about.samples(header) for header in free if header and header not in meaning}
        guessed = by_content(left, {*meaning.values()}, {tool.name for tool in about.tools})
        meaning |= guessed
        if guessed:
            told = ", ".join(f"{header} as {name}" for header, name in guessed.items())
            notes.append(f"Taken by what stands in them: {told}.")
    _check_spelling([h for h in free if h not in meaning], set(meaning.values()), filename)
    if whole and not _enough(set(meaning.values()), about):
        found = ", ".join(header.strip()[:40] or "(no name)" for header in headers[:12])
        hint = f"Found: {found}. Needed: {NEEDED}, in the first row."
        raise StudioError("Columns are missing.", hint, filename)
    return Columns({header: name for header, name in meaning.items() if name}, notes)


def _one_each(named: dict[str, str], about: Known, filename: str) -> dict[str, str]:
    """Of several columns of one meaning the one that is meant. Raises StudioError where that is not to be seen."""
    result: dict[str, str] = {}
    for name in dict.fromkeys(named.values()):
        rivals = [header for header in named if named[header] == name]
        own = [header for header in rivals if plain(header) == name]
        if len(rivals) > 1 and not own:
            own = [header for header in rivals if not about.parameter(header)]
        if len(rivals) > 1 and len(own) != 1:
            raise StudioError(
                f"The columns {' and '.join(rivals)} both mean {name}.", "Keep one of them.", filename
            )
        result[(own or rivals)[0]] = name
    return result


def _find(headers: list[str], wanted: str, filename: str) -> str:
    header = next((h for h in headers if h == wanted), None)
    header = header or next((h for h in headers if plain(h) == plain(wanted)), None)
    if header is None:
        raise StudioError(f"There is no column {wanted}.", f"Columns found: {', '.join(headers)}.", filename)
    return header


def _check_spelling(unused: list[str], meanings: set[str], filename: str) -> None:
    for header in unused:
        close = difflib.get_close_matches(plain(header), OPTIONAL, 1, 0.8)
        if plain(header) not in MEANING and close and close[0] not in meanings:
            raise StudioError(
                f"The column {header} is unknown; did you mean {close[0]}?", "Rename or delete it.", filename
            )


def _enough(meanings: set[str], about: Known) -> bool:
    if meanings & set(CONVERSATIONS) or {"user_content", "completion"} <= meanings:
        return True
    spread = any(meaning.startswith(ARGUMENT) for meaning in meanings)
    bare = bool(about.tools) and not any(tool.properties for tool in about.tools)
    if "tool_name" in meanings:
        # A tool column alone would make every call one without arguments.
        return "user_content" in meanings and ("tool_arguments" in meanings or spread or bare)
    return (
        "tool_arguments" not in meanings
        and "user_content" in meanings
        and bool(meanings & {"calls", "reply"})
    )
