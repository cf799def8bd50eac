"""Tool definitions in whatever form people have them: one front door that says what it understood and changed."""

from core.errors import StudioError
from core.importers.encoding import decode
from core.importers.outcome import Reject, Rename, ToolsRead
from core.importers.tool_formats.definition import Definition, Understood
from core.importers.tool_formats.sniff import FORMS, understand
from core.schema import Tool
from core.schema.foreign import LONGEST_NAME, Adopted, adopt
from core.schema.names import safe_tool_name
from core.schema.tool import NAME

MAX_BYTES = 5_000_000


def read_tools(data: bytes, filename: str = "tools") -> ToolsRead:
    """The tools of a file in any form we read; a definition that cannot be used is rejected with its number and reason.

    Raises StudioError where the file as a whole is too large, empty, broken, or in none of the forms.
    """
    if len(data) > MAX_BYTES:
        raise StudioError(
            f"The file has {len(data) / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f}.",
            "Bring the tools you need.",
            filename,
        )
    try:
        text, notes = decode(data, filename)
    except StudioError as error:
        raise StudioError(error.message, FORMS, filename) from error
    try:
        understood = understand(text, filename)
        return collected(understood, notes)
    except StudioError as error:
        raise StudioError(error.message, error.hint, error.where or filename) from error


def collected(understood: Understood, notes: list[str]) -> ToolsRead:
    """The tools of definitions, under names that a call can carry. Raises StudioError for none."""
    if not understood.definitions:
        raise StudioError(f"There are no tools in it. It was read as {understood.format}.", FORMS)
    usual = [one.name for one in understood.definitions if isinstance(one, Definition)]
    names = {name: name for name in usual if NAME.fullmatch(name)}
    taken = {*names}
    kept: dict[str, Adopted] = {}
    rejected: list[Reject] = []
    repeated: list[str] = []
    for one in understood.definitions:
        if isinstance(one, Reject):
            rejected.append(one)
            continue
        try:
            name = names[one.name] if one.name in names else _named(one.name, taken)
            names[one.name] = name
            adopted = adopt(name, one.name, one.description, one.schema, one.root, one.originals)
            if name in kept and adopted.tool != kept[name].tool:
                raise StudioError(
                    f"There is already a tool called {name}, which is defined otherwise.",
                    "Rename one of them.",
                )
        except StudioError as error:
            rejected.append(Reject.of(one.row, _writable(error.sentence()), one.text))
            continue
        if name in kept:
            repeated.append(f"{name}: given twice with the same content, kept once.")
        kept[name] = adopted
    changes = [note for adopted in kept.values() for note in adopted.notes]
    notes = [*dict.fromkeys(map(_writable, [*notes, *understood.notes, *changes, *repeated]))]
    renames = [rename for adopted in kept.values() for rename in _renames(adopted)]
    tools: list[Tool] = [adopted.tool for adopted in kept.values()]
    return ToolsRead(tools, notes, rejected, understood.format, renames)


def _named(old: str, taken: set[str]) -> str:
    if len(old) > LONGEST_NAME:
        raise StudioError(f"The name has {len(old):,} characters.", "Shorten it.")
    name = safe_tool_name(old, taken)
    taken.add(name)
    return name


def _writable(text: str) -> str:
    """The text without halves of character pairs, which Python source can hold."""
    return text.encode(errors="replace").decode()


def _renames(adopted: Adopted) -> list[Rename]:
    tool = adopted.tool.name
    return [Rename(tool, path, old, path.rpartition(".")[2] or tool) for path, old in adopted.renamed.items()]
