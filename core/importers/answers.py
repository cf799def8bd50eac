"""One flat row (what was said, the call or the reply) into an example."""

from typing import Any

from core.importers.outcome import Refused
from core.importers.strict_json import strict
from core.schema import Example, ToolCall, Turn
from core.schema.example import Split

SPLIT_WORDS: dict[str, Split] = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
    "validation": "test", "valid": "test",
}  # fmt: skip


def flat_example(cells: dict[str, object], default_split: Split) -> Example:
    """The example of a row with `user_content` and an answer. Raises Refused with the reason."""
    prompt = _text(cells, "user_content")
    if not prompt.strip():
        raise Refused("The prompt is empty.")
    if not {"tool_name", "calls", "reply"} & cells.keys():
        raise Refused("There is no answer: give tool_name (empty for no call), calls or reply.")
    calls = [*_single_call(cells), *_call_list(cells)]
    reply = _text(cells, "reply")
    if calls and reply.strip():
        raise Refused("There is a call and a reply; an answer is one or the other.")
    system = _text(cells, "system")
    before = (Turn("system", system),) if system.strip() else ()
    turns = (*before, Turn("user", prompt))
    return Example(turns, tuple(calls), reply if reply.strip() else "", read_split(cells, default_split))


def read_split(cells: dict[str, object], default: Split) -> Split:
    """Train or test, from what people write for it. Raises Refused for any other word."""
    word = _text(cells, "split").strip()
    if not word:
        return default
    split = SPLIT_WORDS.get(word.lower())
    if split is None:
        raise Refused(f"The split is {word[:40]!r}; write train or test.")
    return split


def read_arguments(value: object, name: str) -> dict[str, Any]:
    """The arguments of a call, from a JSON object or its text; empty text is none. Raises Refused."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}
    if isinstance(value, str):
        try:
            value = strict(value)
        except ValueError as error:
            raise Refused(f"The arguments of {name} are not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Refused(f'The arguments of {name} are not a JSON object such as {{"query": "..."}}.')
    return value


def read_call(raw: Any) -> ToolCall:
    """A call from `{"name", "arguments"}` or OpenAI's `{"function": {...}}`. Raises Refused."""
    if isinstance(raw, dict) and isinstance(raw.get("function"), dict):
        raw = raw["function"]
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or not raw["name"].strip():
        raise Refused('A call must be an object such as {"name": "...", "arguments": {...}}.')
    name = raw["name"].strip()
    return ToolCall(name, read_arguments(raw.get("arguments"), name))


def _single_call(cells: dict[str, object]) -> list[ToolCall]:
    name = _text(cells, "tool_name").strip()
    arguments = cells.get("tool_arguments")
    if name:
        return [ToolCall(name, read_arguments(arguments, name))]
    if arguments not in (None, {}) and str(arguments).strip() not in ("", "{}"):
        raise Refused("There are arguments but no tool name.")
    return []


def _call_list(cells: dict[str, object]) -> list[ToolCall]:
    value = cells.get("calls")
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    if isinstance(value, str):
        try:
            value = strict(value)
        except ValueError as error:
            raise Refused(f"The calls are not JSON: {error}.") from error
    if not isinstance(value, list):
        raise Refused("The calls are not a JSON list.")
    if value and _text(cells, "tool_name").strip():
        raise Refused("There is a tool name and a list of calls; use one of them.")
    return [read_call(item) for item in value]


def _text(cells: dict[str, object], name: str) -> str:
    value = cells.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{name} is not text.")
    return value
