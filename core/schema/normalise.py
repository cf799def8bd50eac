"""Foreign tool definitions into our dialect: what is equal is rewritten, what cannot be shown is refused or named.

A chat template for tools understands a small part of JSON Schema and drops or garbles the rest without a word
(FunctionGemma's prints a list of types as Python text, and loses parameters that are called `type`). So nothing
reaches a template that did not pass here.
"""

from typing import Any

from core.errors import StudioError
from core.schema.tool import NAME, NAME_RULE, RESERVED, TYPES, Tool

# No effect on what the model is shown, or only advice to a validator. Named in the notes when they go.
DROPPED = (
    "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format", "pattern",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    "additionalProperties", "examples", "example", "deprecated", "readOnly", "writeOnly",
)  # fmt: skip
SILENT = ("title", "$schema", "$id", "$defs", "definitions", "nullable", "$comment", "strict")
KEPT = ("type", "description", "enum", "properties", "required", "items")
REWRITTEN = ("anyOf", "oneOf", "allOf", "const", "$ref")
MAX_DEPTH = 8
MAX_SCHEMAS = 500  # in one tool, references put in their places: a few lines of them can stand for millions


def read_tool(raw: Any) -> tuple[Tool, list[str]]:
    """A tool from `{"function": {...}}` or `{"name", "description", "parameters"}`, and notes on what was changed.

    Raises StudioError, with the parameter as its place, where the definition cannot be shown to a model truly.
    """
    if isinstance(raw, dict) and isinstance(raw.get("function"), dict):
        raw = raw["function"]
    if not isinstance(raw, dict):
        raise StudioError(
            "A tool must be a JSON object.", 'For example {"name": "search", "parameters": {...}}.'
        )
    name = raw.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise StudioError(f"The tool name {name!r} cannot be used.", NAME_RULE, "name")
    description = raw.get("description") or ""
    description = _text(description, f"{name}.description")
    schema = raw.get("parameters")
    if schema is None:
        schema = {}
    if not isinstance(schema, dict):
        raise StudioError("The parameters must be a JSON Schema object.", where=f"{name}.parameters")
    definitions = [part for key in ("definitions", "$defs") if isinstance(part := schema.get(key), dict)]
    reader = _Reader({name: part for known in definitions for name, part in known.items()})
    if not schema.get("type") and not any(key in schema for key in REWRITTEN):
        schema = {**schema, "type": "object"}
    parameters, _ = reader.schema(schema, name, 0)
    if parameters["type"] != "object":
        raise StudioError("The parameters of a tool must be an object.", 'Give it "type": "object".', name)
    return Tool(name, description, parameters), reader.notes


def _text(value: Any, where: str) -> str:
    """A description as it is kept. Raises StudioError where it is no text, or none that can be stored."""
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise StudioError("The description must be text.", where=where)
    return value.strip()


class _Reader:
    def __init__(self, definitions: dict[str, Any]):
        self.definitions = definitions
        self.notes: list[str] = []
        self.schemas = 0

    def schema(self, raw: Any, where: str, depth: int) -> tuple[dict[str, Any], bool]:
        """One schema in our dialect, and whether null was allowed."""
        if depth > MAX_DEPTH:
            raise StudioError(f"The schema is nested more than {MAX_DEPTH} levels deep.", where=where)
        self.schemas += 1
        if self.schemas > MAX_SCHEMAS:
            raise StudioError(f"The tool has more than {MAX_SCHEMAS} parameters.", "Make it smaller.", where)
        if not isinstance(raw, dict):
            raise StudioError(f"Expected a JSON Schema object, found {type(raw).__name__}.", where=where)
        raw, null = self._single(raw, where, depth)
        kind, null_type = self._type(raw, where)
        unknown = [key for key in raw if key not in (*KEPT, *DROPPED, *SILENT, *REWRITTEN)]
        dropped = [key for key in raw if key in DROPPED and not isinstance(raw[key], bool | None)] + unknown
        if dropped:
            self.notes.append(f"{where}: {', '.join(dropped)} left out, models are not shown it.")
        result: dict[str, Any] = {"type": kind}
        if depth:
            result["description"] = _text(raw.get("description") or "", where)
        enum = self._enum(raw, kind, where)
        if enum:
            result["enum"] = enum
        if kind == "object":
            self._object(raw, result, where, depth)
        if kind == "array" and raw.get("items") is not None:
            result["items"], _ = self.schema(raw["items"], f"{where}[]", depth + 1)
            if not result["items"]["description"]:
                del result["items"]["description"]
        return result, null or null_type or raw.get("nullable") is True

    def _single(self, raw: dict[str, Any], where: str, depth: int) -> tuple[dict[str, Any], bool]:
        """`raw` with $ref, const and unions of one real choice resolved."""
        null = False
        for _ in range(MAX_DEPTH):
            if "$ref" in raw:
                ref = raw["$ref"]
                key = str(ref).rsplit("/", 1)[-1]
                local = str(ref).startswith(("#/$defs/", "#/definitions/"))
                if not local or key not in self.definitions:
                    raise StudioError(
                        f"The reference {ref!r} points outside this definition.",
                        "Put the schema in its place.",
                        where,
                    )
                raw = {**self.definitions[key], **{k: v for k, v in raw.items() if k != "$ref"}}
                continue
            union = next((key for key in ("anyOf", "oneOf", "allOf") if raw.get(key)), None)
            if union is None:
                break
            choices = raw[union]
            if not isinstance(choices, list) or not all(isinstance(c, dict) for c in choices):
                raise StudioError(f"{union} must be a list of schemas.", where=where)
            real = [c for c in choices if c.get("type") != "null"]
            null = null or len(real) < len(choices)
            rest = {k: v for k, v in raw.items() if k != union}
            if real and all("const" in c for c in real):
                raw = {**rest, "enum": [c["const"] for c in real]}
            elif len(real) == 1:
                raw = {**real[0], **rest}
            else:
                raise StudioError(
                    f"{union} offers {len(real)} different forms, and a model can be shown only one.",
                    "Choose one type, or make one parameter for each form.",
                    where,
                )
        if "const" in raw:
            raw = {**raw, "enum": [raw["const"]]}
        return raw, null

    def _type(self, raw: dict[str, Any], where: str) -> tuple[str, bool]:
        kind, null = raw.get("type"), False
        if isinstance(kind, list):
            real = [k for k in kind if k != "null"]
            if len(real) != 1:
                raise StudioError(
                    f"The types {', '.join(map(str, kind))} cannot be shown together.",
                    "Choose one type.",
                    where,
                )
            kind, null = real[0], len(real) < len(kind)
        if kind is None:
            kind = self._guess(raw)
            if kind is None:
                raise StudioError("The type is missing.", f"Choose one of {', '.join(TYPES)}.", where)
            self.notes.append(f"{where}: type set to {kind}.")
        if isinstance(kind, str):
            kind = kind.lower()
        if kind not in TYPES:
            raise StudioError(f"The type {kind!r} is unknown.", f"Choose one of {', '.join(TYPES)}.", where)
        return kind, null

    @staticmethod
    def _guess(raw: dict[str, Any]) -> str | None:
        if "properties" in raw:
            return "object"
        if "items" in raw:
            return "array"
        values = raw.get("enum")
        if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
            return "string"
        return None

    def _enum(self, raw: dict[str, Any], kind: str, where: str) -> list[Any]:
        values = raw.get("enum")
        if values is None:
            return []
        fits: tuple[type, ...] = {"string": (str,), "integer": (int,), "number": (int, float)}.get(kind, ())
        values = [v for v in values if v is not None] if isinstance(values, list) else None
        if not values or not all(isinstance(v, fits) and not isinstance(v, bool) for v in values):
            raise StudioError(
                "The allowed values do not fit the type.", f"List values of type {kind}.", where
            )
        if kind != "string":
            self.notes.append(
                f"{where}: models are shown allowed values only for text. Name them in the description too."
            )
        return values

    def _object(self, raw: dict[str, Any], result: dict[str, Any], where: str, depth: int) -> None:
        properties = raw.get("properties") or {}
        required = raw.get("required") or []
        if not isinstance(properties, dict):
            raise StudioError("The properties must be an object.", where=where)
        if not isinstance(required, list) or not all(isinstance(r, str) for r in required):
            raise StudioError("Required must be a list of parameter names.", where=where)
        result["properties"], result["required"] = {}, []
        for name, schema in properties.items():
            place = f"{where}.{name}"
            if name in RESERVED:
                raise StudioError(
                    f"A parameter cannot be called {name}: FunctionGemma would not see it.",
                    f"Call it {where.rsplit('.', 1)[-1]}_{name}, for example.",
                    place,
                )
            if not NAME.fullmatch(name):
                raise StudioError(f"The parameter name {name!r} cannot be used.", NAME_RULE, place)
            result["properties"][name], null = self.schema(schema, place, depth + 1)
            if null:
                self.notes.append(f"{place}: may be empty, so it is optional now.")
            elif name in required:
                result["required"].append(name)
        missing = [name for name in required if name not in properties]
        if missing:
            raise StudioError(f"Required names {missing[0]}, which is not a parameter.", where=where)
