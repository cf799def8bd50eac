"""JSON Schema as others write it, read into the small dialect models are shown: strictly, or with a reason why not."""

import math
from typing import Any

from core.errors import StudioError
from core.schema import references
from core.schema.tool import NAME, NAME_RULE, RESERVED, TYPES

# No effect on what the model is shown, or only advice to a validator. Named in the notes when they go.
DROPPED = (
    "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format", "pattern",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    "additionalProperties", "examples", "example", "deprecated", "readOnly", "writeOnly",
)  # fmt: skip
SILENT = ("title", "$schema", "$id", "$defs", "definitions", "nullable", "$comment", "strict")
KEPT = ("type", "description", "enum", "properties", "required", "items")
UNIONS = ("anyOf", "oneOf")
REWRITTEN = (*UNIONS, "allOf", "const", "$ref")
MAX_DEPTH = 8
MAX_UNFOLDING = 32  # references and choices within each other
# Of one tool, references put in their places: a few lines of them can stand for millions.
MAX_SCHEMAS = 500
MAX_WEIGHT = 100_000  # keywords, allowed values and characters of descriptions
WEIGHT_OF_SCHEMA = 50
TEXT_SHOWN = 40


class TooLarge(StudioError):
    """A tool that is too large altogether, so that leaving out one part of it is no help."""


def storable(text: str) -> bool:
    """Whether the text can be kept: half of a character pair cannot."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


class Reader:
    """Reads the schema of one tool strictly: what is not in our dialect and has no equal there is refused."""

    def __init__(self, root: Any):
        self.root = root  # what a reference that begins with # points into
        self.notes: list[str] = []
        self._open: list[Any] = []  # references that are being followed
        self._schemas = self._weight = self._unfolding = 0

    def text(self, value: Any, where: str) -> str:
        """A description as it is kept. Raises StudioError where it is no text, or none that can be stored."""
        if not isinstance(value or "", str):
            raise StudioError("The description must be text.", where=where)
        self._weigh(len(value or ""), where)
        if not storable(value or ""):
            raise StudioError("The description must be text.", where=where)
        return (value or "").strip()

    def parameters(self, raw: Any, name: str) -> dict[str, Any]:
        """The schema of all parameters; none is an object without any."""
        raw = {} if raw is None else raw
        if not isinstance(raw, dict):
            raise StudioError("The parameters must be a JSON Schema object.", where=f"{name}.parameters")
        if not raw.get("type") and not any(key in raw for key in REWRITTEN):
            raw = {**raw, "type": "object"}
        result, _ = self.schema(raw, name, 0)
        if result["type"] != "object":
            raise StudioError(
                "The parameters of a tool must be an object.", 'Give it "type": "object".', name
            )
        return result

    def schema(self, raw: Any, where: str, depth: int) -> tuple[dict[str, Any], bool]:
        """One schema in our dialect, and whether null was allowed."""
        if depth > MAX_DEPTH:
            raise StudioError(f"The schema is nested more than {MAX_DEPTH} levels deep.", where=where)
        self._schemas += 1
        if self._schemas > MAX_SCHEMAS:
            raise TooLarge(f"The tool has more than {MAX_SCHEMAS} parameters.", "Make it smaller.", where)
        raw, null, followed = self.unfolded(raw, where)
        self._open += followed
        try:
            result = self._written(raw, where, depth)
        finally:
            del self._open[len(self._open) - len(followed) :]
        return result, null or raw.get("nullable") is True

    def _written(self, raw: dict[str, Any], where: str, depth: int) -> dict[str, Any]:
        kind = self.kind(raw, where)
        dropped = [_named(key, raw[key]) for key in raw if self._is_dropped(key, raw[key])]
        if dropped:
            self.notes.append(f"{where}: {', '.join(dropped)} left out, models are not shown it.")
        result: dict[str, Any] = {"type": kind}
        if depth:
            result["description"] = self.text(raw.get("description"), where)
        elif raw.get("description"):
            self.notes.append(f"{where}: the description of all parameters together left out.")
        enum = self.enum(raw, kind, where)
        if enum:
            result["enum"] = enum
        if kind == "object":
            self._object(raw, result, where, depth)
        if kind == "array" and raw.get("items") not in (None, {}, True):
            result["items"], _ = self.schema(raw["items"], f"{where}[]", depth + 1)
            if not result["items"]["description"]:
                del result["items"]["description"]
        return result

    @staticmethod
    def _is_dropped(key: str, value: Any) -> bool:
        if key == "default":
            return value is not None
        if key in DROPPED:
            return not isinstance(value, bool | None)
        return key not in (*KEPT, *SILENT, *REWRITTEN)

    def unfolded(self, raw: Any, where: str) -> tuple[dict[str, Any], bool, list[Any]]:
        """A schema with $ref, const, allOf and unions of one real choice resolved.

        Beside it, whether null was among the choices, and the references that were followed.
        """
        before = len(self._open)
        self._unfolding += 1
        try:
            raw, null = self._unfold(raw, where)
            return raw, null, self._open[before:]
        finally:
            self._unfolding -= 1
            del self._open[before:]

    def _unfold(self, raw: Any, where: str) -> tuple[dict[str, Any], bool]:
        null = False
        while True:
            self._weigh_schema(raw, where)
            if "$ref" in raw:
                raw = references.merged([self._target(raw["$ref"], where), _without(raw, "$ref")], where)
            elif raw.get("allOf"):
                parts = [self.unfolded(part, where) for part in _choices(raw, "allOf", where)]
                self._open += [ref for _, _, followed in parts for ref in followed]
                raw = references.merged([*(part for part, _, _ in parts), _without(raw, "allOf")], where)
            elif isinstance(raw.get("type"), list):
                kinds = [kind for kind in raw["type"] if kind != "null"]
                null = null or len(kinds) < len(raw["type"])
                raw = {**raw, "type": kinds[0]} if len(kinds) == 1 else self.one_type(raw, kinds, where)
            elif union := next((key for key in UNIONS if raw.get(key)), None):
                choices = _choices(raw, union, where)
                real = [choice for choice in choices if choice.get("type") != "null"]
                null = null or len(real) < len(choices)
                rest = _without(raw, union)
                raw = references.merged([self._chosen(real, rest, union, where), rest], where)
            else:
                return ({**raw, "enum": [raw["const"]]} if "const" in raw else raw), null

    def _target(self, ref: Any, where: str) -> dict[str, Any]:
        target = references.target(ref, self.root, where)
        if ref in self._open:
            raise StudioError(
                f"The reference {ref!r} leads back to itself, without end.",
                "Write out as many levels as a call needs.",
                where,
            )
        self._open.append(ref)
        self._weigh_schema(target, where)
        return target

    def _chosen(self, real: list[dict[str, Any]], rest: dict[str, Any], union: str, where: str) -> Any:
        if real and all("const" in choice for choice in real):
            return {"enum": [choice["const"] for choice in real]}
        return real[0] if len(real) == 1 else self.one_form(real, rest, union, where)

    def one_type(self, raw: dict[str, Any], kinds: list[Any], where: str) -> dict[str, Any]:
        """The schema with one of several types."""
        raise StudioError(
            f"The types {', '.join(map(str, kinds))} cannot be shown together.", "Choose one type.", where
        )

    def one_form(self, real: list[Any], rest: dict[str, Any], union: str, where: str) -> dict[str, Any]:
        """One of several forms a value may have; `rest` is what stands beside the union."""
        raise StudioError(
            f"{union} offers {len(real)} different forms, and a model can be shown only one.",
            "Choose one type, or make one parameter for each form.",
            where,
        )

    def kind(self, raw: dict[str, Any], where: str) -> str:
        """The type, guessed where only one fits."""
        kind = raw.get("type")
        if kind is None:
            kind = _guess(raw)
            if kind is None:
                raise StudioError("The type is missing.", f"Choose one of {', '.join(TYPES)}.", where)
            self.notes.append(f"{where}: type set to {kind}.")
        if not isinstance(kind, str) or kind.lower() not in TYPES:
            raise StudioError(
                f"The type {str(kind)[:60]!r} is unknown.", f"Choose one of {', '.join(TYPES)}.", where
            )
        return kind.lower()

    def enum(self, raw: dict[str, Any], kind: str, where: str) -> list[Any]:
        """The allowed values; empty where any is."""
        values = raw.get("enum")
        if values is None:
            return []
        fits: tuple[type, ...] = {"string": (str,), "integer": (int,), "number": (int, float)}.get(kind, ())
        values = [v for v in values if v is not None] if isinstance(values, list) else None
        if not values or not all(isinstance(v, fits) and _showable(v) for v in values):
            raise StudioError(
                "The allowed values do not fit the type.", f"List values of type {kind}.", where
            )
        if kind != "string":
            self.notes.append(
                f"{where}: models are shown allowed values only for text. Name them in the description too."
            )
        return values

    def _object(self, raw: dict[str, Any], result: dict[str, Any], where: str, depth: int) -> None:
        properties, required = raw.get("properties") or {}, raw.get("required") or []
        if not isinstance(properties, dict):
            raise StudioError("The properties must be an object.", where=where)
        if not isinstance(required, list) or not all(isinstance(r, str) for r in required):
            raise StudioError("Required must be a list of parameter names.", where=where)
        missing = [name for name in required if name not in properties]
        if missing:
            raise StudioError(f"Required names {missing[0][:60]}, which is not a parameter.", where=where)
        result["properties"], result["required"] = {}, []
        if len(properties) > MAX_SCHEMAS:
            raise TooLarge(f"The tool has more than {MAX_SCHEMAS} parameters.", "Make it smaller.", where)
        needed, taken = set(required), set(properties)
        for old, part in properties.items():
            read = self.parameter(part, old, where, depth + 1, old in needed, taken)
            if read is None:
                continue
            name, schema, null = read
            result["properties"][name] = schema
            if old in needed and null:
                self.notes.append(f"{where}.{name}: may be empty, so it is optional now.")
            elif old in needed:
                result["required"].append(name)

    def parameter(
        self, raw: Any, old: str, owner: str, depth: int, required: bool, taken: set[str]
    ) -> tuple[str, dict[str, Any], bool] | None:
        """What a parameter is called here, its schema, and whether null was allowed; None where it is left out."""
        name = self.name(old, owner, taken)
        schema, null = self.schema(raw, f"{owner}.{name}", depth)
        return name, schema, null

    def name(self, old: str, owner: str, taken: set[str]) -> str:
        """What a parameter is called here; `taken` are the names beside it."""
        place = f"{owner}.{old}"
        if old in RESERVED:
            raise StudioError(
                f"A parameter cannot be called {old}: FunctionGemma would not see it.",
                f"Call it {owner.rsplit('.', 1)[-1]}_{old}, for example.",
                place,
            )
        if not NAME.fullmatch(old):
            raise StudioError(f"The parameter name {old!r} cannot be used.", NAME_RULE, place)
        return old

    def _weigh_schema(self, raw: Any, where: str) -> None:
        if not isinstance(raw, dict):
            raise StudioError(f"Expected a JSON Schema object, found {type(raw).__name__}.", where=where)
        if self._unfolding > MAX_UNFOLDING:
            raise StudioError(f"References and choices nest more than {MAX_UNFOLDING} deep.", where=where)
        lists = (raw.get(key) for key in ("enum", "required", "type", *UNIONS, "allOf"))
        self._weigh(
            WEIGHT_OF_SCHEMA + len(raw) + sum(len(part) for part in lists if isinstance(part, list)), where
        )

    def _weigh(self, weight: int, where: str) -> None:
        self._weight += weight
        if self._weight > MAX_WEIGHT:
            raise TooLarge("The tool is far too large for a model to be shown.", "Make it smaller.", where)


def _choices(raw: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    choices = raw[key]
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise StudioError(f"{key} must be a list of schemas.", where=where)
    return choices


def _without(raw: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name != key}


def _showable(value: Any) -> bool:
    """Whether a value of the right type can stand in a declaration."""
    if isinstance(value, str):
        return storable(value)
    return not isinstance(value, bool) and abs(value) != math.inf and value == value


def _guess(raw: dict[str, Any]) -> str | None:
    if "properties" in raw:
        return "object"
    if "items" in raw:
        return "array"
    values = raw.get("enum")
    if isinstance(values, list):
        real = [value for value in values if value is not None]
        kinds = {type(value) for value in real}
        if kinds and kinds <= {int, float}:
            return "integer" if kinds == {int} else "number"
        return {str: "string", bool: "boolean"}.get(kinds.pop()) if len(kinds) == 1 else None
    return None


def _named(key: str, value: Any) -> str:
    """A keyword with its value, where that is short enough to be read."""
    if not isinstance(value, str | int | float):
        return key
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{key} {shown}" if len(shown) <= TEXT_SHOWN else key
