"""The grammar of well-formed answers, for constrained decoding: names and arguments as the tools declare them.

It is written in the Lark dialect of llguidance. An answer is words, or calls; where one must be called, calls alone.
Whatever the grammar allows, the family reads as a call that fits its schema, or as words.
"""

import json
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.schema.tool import Tool

DEPTH = 2  # lists and groups within each other where the schema says nothing about what is inside
_INITIALS = ("_", *string.ascii_lowercase)

# Symbols of the grammar; digits are few enough for Python and JSON to read every number as finite.
_TERMINALS = r"""
INTEGER: /-?(0|[1-9][0-9]{0,14})/
NUMBER: /-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,10})?/
SPACE: /[ \n]{1,2}/
"""


@dataclass(frozen=True, slots=True)
class Notation:
    """How a family writes values, each part as a symbol of the grammar, and the same as text."""

    quote: str  # the symbol before and behind a text
    quote_text: str
    name_quote: str  # around the names of arguments; may be empty
    colon: str
    comma: str
    null: str
    text: str  # the definition of what stands in a text
    escaped: Callable[[str], str]  # a text of the schema as it stands between quotes
    sorted: bool  # whether arguments are written in the order of their names


@dataclass(frozen=True, slots=True)
class Grammar:
    """`text` for llguidance, `shortest` of each tool's shortest call the longest; `closing` closes what is open.

    `shortest` has every argument, empty, so that an answer with room for it can always come to its end. The texts of
    `closing` are single tokens in most vocabularies, in the order in which they are to be tried.
    """

    text: str
    shortest: str
    closing: tuple[str, ...]


def without(texts: Iterable[str]) -> str:
    """What a terminal is joined with so that none of these texts occurs in it."""
    spelled = "|".join(re.escape(text).replace("/", r"\/") for text in texts)
    return rf"& ~/(?s:.*)({spelled})(?s:.*)/"


def literal(text: str) -> str:
    """A text as a symbol of the grammar."""
    return json.dumps(text, ensure_ascii=False)


class Writer:
    """Collects the rules of one grammar."""

    def __init__(self, notation: Notation):
        self.notation = notation
        self.rules: list[str] = []
        self.free = ""  # the symbol of a value that the schema says nothing about

    def text(self, start: str, more: str = "") -> str:
        """The whole grammar; `start` is the definition of an answer."""
        return "\n".join([f"start: {start}", *self.rules, _TERMINALS, f"TEXT: {self.notation.text}", more])

    def rule(self, *ways: str) -> str:
        """A new symbol, which stands for any of these."""
        name = f"r{len(self.rules)}"
        self.rules.append(f"{name}: {' | '.join(ways)}")
        return name

    def arguments(self, tool: Tool) -> str:
        """The symbol of the braces with a tool's arguments."""
        return self._group(tool.parameters)

    def name(self, name: str) -> str:
        quote = self.notation.name_quote
        return literal(quote + name + quote)

    def _value(self, schema: dict[str, Any]) -> str:
        if "enum" in schema:
            return self.rule(*(self._constant(value) for value in schema["enum"]))
        match schema.get("type"):
            case "string":
                return self._text()
            case "integer":
                return "INTEGER"
            case "number":
                return "NUMBER"
            case "boolean":
                return self.rule('"true"', '"false"')
            case "array":
                return self._list(self._value(schema.get("items") or {}))
            case "object" if schema.get("properties"):
                return self._group(schema)
            case "object":
                return self._open_group(self._any(DEPTH - 1))
        return self._any(DEPTH)

    def _text(self) -> str:
        quote = self.notation.quote
        return self.rule(f"{quote} TEXT? {quote}")

    def _constant(self, value: Any) -> str:
        quote = self.notation.quote
        if isinstance(value, str):
            return f"{quote} {literal(self.notation.escaped(value))} {quote}" if value else f"{quote} {quote}"
        return literal(self.notation.null if value is None else json.dumps(value))

    def _list(self, item: str) -> str:
        return self.rule('"[" "]"', f'"[" {item} ({self.notation.comma} {item})* "]"')

    def _group(self, schema: dict[str, Any]) -> str:
        required = set(schema.get("required", ()))
        names = list(schema["properties"])
        if self.notation.sorted:
            names.sort(key=str.lower)
        return self._fields(
            [(self.name(name), self._value(schema["properties"][name]), name in required) for name in names]
        )

    def _open_group(self, value: str) -> str:
        """A group of any names: at most one for each letter they begin with, so that none comes twice."""
        quote = literal(self.notation.name_quote) if self.notation.name_quote else ""
        fields = []
        for n, initial in enumerate(_INITIALS):
            terminal = f"NAME_{n}: /[{initial}{initial.upper()}][A-Za-z0-9_-]{{0,62}}/"
            if terminal not in self.rules:
                self.rules.append(terminal)
            fields.append((f"{quote} NAME_{n} {quote}", value, False))
        return self._fields(fields)

    def _fields(self, fields: Sequence[tuple[str, str, bool]]) -> str:
        """Braces with these fields in their order, those that are not required left out or not."""
        first, later = '""', '""'  # what follows where nothing was written yet, and where something was
        for name, value, required in reversed(fields):
            pair = f"{name} {self.notation.colon} {value} {later}"
            after = f"{self.notation.comma} {pair}"
            first = self.rule(pair) if required else self.rule(pair, first)
            later = self.rule(after) if required else self.rule(after, later)
        return self.rule(f'"{{" {first} "}}"')

    def _any(self, depth: int) -> str:
        scalars = [self._text(), "NUMBER", '"true"', '"false"', literal(self.notation.null)]
        if depth == 0:
            return self.rule(*scalars)
        inner = self._any(depth - 1)
        return self.rule(*scalars, self._list(inner), self._open_group(inner))


def shortest(schema: dict[str, Any], notation: Notation) -> str:
    """The text of a value with every argument in it, each as short as its schema allows."""
    quote = notation.quote_text
    if schema.get("enum"):
        texts = [quote + value + quote if isinstance(value, str) else str(value) for value in schema["enum"]]
        return max(texts, key=len)
    match schema.get("type"):
        case "string":
            return quote + quote
        case "integer" | "number":
            return "-0.0"
        case "boolean":
            return "false"
        case "array":
            return "[" + shortest(schema.get("items") or {}, notation) + "]"
        case "object" if schema.get("properties"):
            name = notation.name_quote
            parts = schema["properties"].items()
            return (
                "{"
                + ", ".join(name + key + name + ": " + shortest(part, notation) for key, part in parts)
                + "}"
            )
    return "{" + "a: [" * DEPTH + quote + quote + "]}" * DEPTH
