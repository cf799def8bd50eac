"""What a column holds, judged by its cells in the first rows."""

from collections.abc import Mapping

from core.importers.strict_json import parse
from core.schema.example import Split

SPLIT_WORDS: dict[str, Split] = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
    "validation": "test", "valid": "test", "validate": "test", "val": "test", "dev": "test",
}  # fmt: skip


def is_split(cells: list[object]) -> bool:
    """Whether the cells say train or test."""
    return bool(cells) and all(
        isinstance(cell, str) and cell.strip().lower() in SPLIT_WORDS for cell in cells
    )


def tool_lists(cells: list[object]) -> bool:
    """Whether nothing speaks against tool definitions: lists, or the text of some."""
    return all(
        isinstance(cell, list | dict) or (isinstance(cell, str) and cell.lstrip()[:1] in ("[", "{"))
        for cell in cells
    )


def by_content(columns: Mapping[str, list[object]], taken: set[str], tool_names: set[str]) -> dict[str, str]:
    """What columns whose headers say nothing seem to mean; `taken` are the meanings that others have."""
    found: dict[str, str] = {}

    def give(meaning: str, fitting: list[str]) -> None:
        if len(fitting) == 1 and meaning not in taken:
            found[fitting[0]] = meaning

    filled = {header: cells for header, cells in columns.items() if cells}
    give("tool_name", [h for h, cells in filled.items() if all(cell in tool_names for cell in cells)])
    give("tool_arguments", [h for h, cells in filled.items() if all(map(_is_object, cells))])
    give("split", [h for h, cells in filled.items() if is_split(cells)])
    left = {header: cells for header, cells in filled.items() if header not in found}
    give("user_content", [h for h, cells in left.items() if sum(map(_is_sentence, cells)) * 2 > len(cells)])
    return found


def _is_object(cell: object) -> bool:
    try:
        return isinstance(cell, str) and isinstance(parse(cell), dict)
    except ValueError:
        return False


def _is_sentence(cell: object) -> bool:
    return isinstance(cell, str) and " " in cell.strip() and cell.strip()[0] not in "{["
