"""A tool: a name, a description and a JSON Schema of its parameters, in the small dialect models are shown.

A parameter schema here holds `type` (one of TYPES), `description`, `enum`, `properties` and `required` (objects),
`items` (arrays) and nothing else. `core.schema.normalise` brings foreign schemas into this form or says why it cannot.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from core.schema.call import ToolCall

TYPES = ("string", "integer", "number", "boolean", "array", "object")

# FunctionGemma's template drops parameters of these names from the declaration, at every depth.
RESERVED = ("description", "type", "properties", "required", "nullable")

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
NAME_RULE = "Use letters, digits, _ and -, begin with a letter, 64 characters at most."


def empty_parameters() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "required": []}


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing the model may call.

    `originals` holds the names that were changed on import, by where they stand now: "" is the tool, `filter.kind` a
    parameter in a group or in the groups of a list. `wording` holds how the text of a parameter is compared ("exact"
    or "free"), by its path, where somebody chose it; `core.evaluation.wording` guesses the others. The model sees
    neither.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=empty_parameters)
    originals: dict[str, str] = field(default_factory=dict)
    wording: dict[str, Literal["exact", "free"]] = field(default_factory=dict)

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        return self.parameters["properties"]

    @property
    def required(self) -> list[str]:
        return self.parameters["required"]

    def to_json(self) -> dict[str, Any]:
        # Left out where empty, so that what was stored and hashed before they were there stays as it is.
        beside = {"originals": self.originals, "wording": self.wording}
        return self._shown() | {name: value for name, value in beside.items() if value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Tool":
        """A tool from our own record; use `read_tool` for anything a user brings."""
        beside = {name: data.get(name, {}) for name in ("originals", "wording")}
        return cls(data["name"], data["description"], data["parameters"], **beside)

    def declaration(self) -> dict[str, Any]:
        """The tool in the form chat templates and OpenAI-compatible servers take."""
        return {"type": "function", "function": self._shown()}

    def restored(self, call: ToolCall) -> dict[str, Any]:
        """A call of this tool as whoever runs it expects it: `name` and `arguments` under their original names."""
        return {
            "name": self.originals.get("", call.name),
            "arguments": self._restored(call.arguments, ""),
        }

    def _shown(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description, "parameters": self.parameters}

    def _restored(self, value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [self._restored(item, path) for item in value]
        if not isinstance(value, dict):
            return value
        places = {name: f"{path}.{name}" if path else name for name in value}
        return {
            self.originals.get(places[n], n): self._restored(part, places[n]) for n, part in value.items()
        }
