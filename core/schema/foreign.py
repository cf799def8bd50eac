"""Tools as other systems describe them: as `read_tool`, but names are made safe and optional parts may be left out.

Nothing of that is silent: each change is a note, each new name is kept with the old one.
"""

from dataclasses import dataclass
from typing import Any

from core.errors import StudioError
from core.schema.names import safe_parameter_name, usable
from core.schema.normalise import kept_originals
from core.schema.reader import Reader, TooLarge, storable
from core.schema.tool import TYPES, Tool

# What other languages and systems call the types of JSON.
ALIASES = {
    "str": "string", "text": "string", "char": "string", "any": "string", "date": "string", "datetime": "string",
    "int": "integer", "int32": "integer", "int64": "integer", "uint32": "integer", "uint64": "integer",
    "long": "integer", "short": "integer", "biginteger": "integer",
    "float": "number", "double": "number", "decimal": "number", "float32": "number", "float64": "number",
    "bool": "boolean",
    "list": "array", "tuple": "array", "set": "array",
    "dict": "object", "map": "object", "hashmap": "object", "struct": "object",
}  # fmt: skip
# What says which form a value has. A union of schemas without any leaves the form as it stands beside it.
FORM = {"type", "properties", "items", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"}
CAPITALS = "Types in capitals (STRING) are written in small letters."
LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class Adopted:
    """A foreign tool in our dialect, what was changed in it, and the new names: path -> old name, as in Tool."""

    tool: Tool
    notes: list[str]
    renamed: dict[str, str]


def adopt(name: str, old: str, description: Any, schema: Any, root: Any, originals: Any = None) -> Adopted:
    """A tool from its parts: `name` as it is called here, `old` as it was, `root` what references point into.

    `originals` is the map of a tool that was here before. Raises StudioError, with its place, where the tool
    cannot be shown to a model: a parameter that can not be is left out if it is optional, else the tool is refused.
    """
    reader = ForeignReader(root)
    text = reader.text(description, f"{name}.description")
    parameters = reader.parameters(schema, name)
    renamed = {**({"": old} if old != name else {}), **dict(reader.renamed)}
    kept = kept_originals(originals, parameters)
    return Adopted(Tool(name, text, parameters, {**kept, **renamed}), reader.notes, renamed)


class ForeignReader(Reader):
    """Reads as generously as can be done truly: every value that fits what comes out fitted what was brought."""

    def __init__(self, root: Any):
        super().__init__(root)
        self.renamed: list[tuple[str, str]] = []
        self._path: list[str] = []

    def parameter(
        self, raw: Any, old: str, owner: str, depth: int, required: bool, taken: set[str]
    ) -> tuple[str, dict[str, Any], bool] | None:
        notes, renamed, place = len(self.notes), len(self.renamed), f"{owner}.{old}"
        self._path.append(old)
        try:
            return super().parameter({} if raw is True else raw, old, owner, depth, required, taken)
        except TooLarge:
            raise
        except StudioError as error:
            if required:
                raise
            del self.notes[notes:], self.renamed[renamed:]
            inside = f"{error.where}: " if error.where not in ("", place) and old in error.where else ""
            self.notes.append(f"{place}: optional and left out. {inside}{error.message}")
            return None
        finally:
            self._path.pop()

    def name(self, old: str, owner: str, taken: set[str]) -> str:
        if usable(old):
            return old
        if len(old) > LONGEST_NAME or not storable(old):
            raise StudioError(
                f"A parameter is called {old[:40]!r}, which cannot be kept.", "Rename it.", owner
            )
        new = safe_parameter_name(old, owner.rsplit(".", 1)[-1].replace("[]", ""), taken)
        taken.add(new)
        self._path[-1] = new
        self.renamed.append((".".join(self._path), old))
        return new

    def kind(self, raw: dict[str, Any], where: str) -> str:
        kind = raw.get("type")
        if isinstance(kind, str) and kind not in TYPES:
            small = kind.lower()
            if small in TYPES:
                if CAPITALS not in self.notes:
                    self.notes.append(CAPITALS)
                return small
            if small in ALIASES:
                self.notes.append(f"{where}: type {kind} read as {ALIASES[small]}.")
                return ALIASES[small]
        if kind is None and not {"properties", "items", "enum"} & raw.keys():
            self.notes.append(f"{where}: no type is given, so it is text now.")
            return "string"
        return super().kind(raw, where)

    def enum(self, raw: dict[str, Any], kind: str, where: str) -> list[Any]:
        values = raw.get("enum")
        if kind == "boolean" and isinstance(values, list):
            self.notes.append(f"{where}: allowed values of a yes or no left out.")
            return []
        return super().enum(raw, kind, where)

    def one_type(self, raw: dict[str, Any], kinds: list[Any], where: str) -> dict[str, Any]:
        chosen = _common([str(kind).lower() for kind in kinds])
        if chosen is None:
            return super().one_type(raw, kinds, where)
        self.notes.append(f"{where}: {' or '.join(map(str, kinds))}, shown as {chosen}.")
        return {**raw, "type": chosen}

    def one_form(self, real: list[Any], rest: dict[str, Any], union: str, where: str) -> dict[str, Any]:
        if FORM & rest.keys() and not any(FORM & choice.keys() for choice in real):
            self.notes.append(f"{where}: {union} left out, models are not shown it.")
            return {}
        forms = [self.unfolded(choice, where)[0] for choice in real]
        kinds = [_simple(form) for form in forms]
        chosen = _common(kinds)
        if chosen is None:
            return super().one_form(real, rest, union, where)
        alike = [form for form, kind in zip(forms, kinds, strict=True) if kind == chosen]
        if len(set(kinds)) > 1:
            self.notes.append(f"{where}: {' or '.join(dict.fromkeys(kinds))}, shown as {chosen}.")
        result = {"type": chosen}
        description = next((form["description"] for form in alike if form.get("description")), None)
        if description:
            result["description"] = description
        values = [form.get("enum") for form in alike]
        if all(isinstance(one, list) for one in values):
            return {**result, "enum": [*dict.fromkeys(value for one in values for value in one or ())]}
        return result


def _simple(form: dict[str, Any]) -> str:
    """The type of a form that is one plain value or a list of such, "" of any other."""
    kind = form.get("type")
    if kind is None and isinstance(form.get("enum"), list) and all(isinstance(v, str) for v in form["enum"]):
        return "string"
    small = kind.lower() if isinstance(kind, str) else ""
    small = ALIASES.get(small, small)
    if small != "array":
        return "" if small == "object" else small
    items = form.get("items")
    return "array" if isinstance(items, dict) and _simple(items) not in ("", "array") else ""


def _common(kinds: list[str]) -> str | None:
    """The one type to show for several: text where text is allowed, numbers where all are."""
    if not kinds or not all(kind in TYPES and kind != "object" for kind in kinds):
        return None
    if "string" in kinds:
        return "string"
    if set(kinds) <= {"integer", "number"}:
        return "number" if "number" in kinds else "integer"
    return kinds[0] if len(set(kinds)) == 1 and kinds[0] != "array" else None
