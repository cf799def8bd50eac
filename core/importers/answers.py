"""One flat row (what was said, the call or the reply) into an example."""

from collections.abc import Mapping
from typing import Any

from core.importers.guesses import SPLIT_WORDS
from core.importers.outcome import Refused
from core.importers.strict_json import strict
from core.prompt.data_marks import read_answer
from core.schema import Example, Tool, ToolCall, Turn
from core.schema.conversion import Misfit, converted
from core.schema.example import Split


def flat_example(cells: dict[str, object], default_split: Split, tools: Mapping[str, Tool]) -> Example:
    """The example of a row with `user_content` and an answer. Raises Refused with the reason."""
    prompt = _text(cells, "user_content")
    if not prompt or prompt.isspace():
        raise Refused("The prompt is empty.")
    if not cells.keys() & {"tool_name", "calls", "reply"}:
        raise Refused("There is no answer: give tool_name (empty for no call), calls or reply.")
    calls = _single_call(cells, tools) + _call_list(cells)
    reply = _text(cells, "reply") if "reply" in cells else ""
    if "<" in reply or "[" in reply:
        marked, reply = marked_calls(reply)
        calls += marked
    if reply.strip() and calls:
        raise Refused("There is a call and a reply; an answer is one or the other.")
    system = _text(cells, "system") if "system" in cells else ""
    said = Turn("user", prompt)
    turns = (Turn("system", system), said) if system.strip() else (said,)
    return Example(turns, calls, reply if reply.strip() else "", read_split(cells, default_split))


def read_split(cells: dict[str, object], default: Split) -> Split:
    """Train or test, from what people write for it. Raises Refused for any other word."""
    word = _text(cells, "split").strip() if "split" in cells else ""
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
        value = read_json(value, f"The arguments of {name} are")
    if not isinstance(value, dict):
        raise Refused(f'The arguments of {name} are not a JSON object such as {{"query": "..."}}.')
    return value


def read_json(text: str, subject: str) -> Any:
    """The value of a JSON text. Raises Refused with a sentence that begins with `subject`, verb included."""
    try:
        return strict(text)
    except ValueError as error:
        raise Refused(f"{subject} not JSON: {error}.") from error


def read_call(raw: Any) -> ToolCall:
    """A call from `{"name", "arguments"}` or OpenAI's `{"function": {...}}`. Raises Refused."""
    if isinstance(raw, dict) and isinstance(raw.get("function"), dict):
        raw = raw["function"]
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or not raw["name"].strip():
        raise Refused('A call must be an object such as {"name": "...", "arguments": {...}}.')
    name = raw["name"].strip()
    return ToolCall(name, read_arguments(raw.get("arguments", raw.get("parameters")), name))


def marked_calls(text: str) -> tuple[tuple[ToolCall, ...], str]:
    """The calls that stand in a text between the marks of a model, and the words beside them. Raises Refused."""
    try:
        calls, words = read_answer(text)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise Refused(f"The answer holds a call that cannot be read: {reason}.") from error
    return tuple(read_call(call) for call in calls), words


def _single_call(cells: dict[str, object], tools: Mapping[str, Tool]) -> tuple[ToolCall, ...]:
    name = _text(cells, "tool_name").strip()
    arguments = cells.get("tool_arguments")
    apart = cells.get("arguments")
    if name:
        found = read_arguments(arguments, name)
        if isinstance(apart, dict):
            found = found | _typed(apart, tools.get(name))
        return (ToolCall(name, found),)
    if isinstance(apart, dict) and any(str(cell).strip() for cell in apart.values() if cell is not None):
        raise Refused("There are arguments but no tool name.")
    if arguments not in (None, "", {}) and str(arguments).strip() not in ("", "{}"):
        raise Refused("There are arguments but no tool name.")
    return ()


def _typed(cells: dict[str, object], tool: Tool | None) -> dict[str, Any]:
    """Arguments that stand in cells of their own, in the types of the tool; an empty cell is no argument."""
    found: dict[str, Any] = {}
    for name, cell in cells.items():
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        schema = tool.properties.get(name) if tool else None
        if schema is None:  # the check of the call says what is wrong with it
            found[name] = cell
            continue
        if schema["type"] in ("object", "array") and isinstance(cell, str) and cell.strip()[0] in "{[":
            cell = read_json(cell, f"{name} is")
        try:
            found[name] = converted(cell, schema)
        except Misfit as reason:
            raise Refused(f"{name} {reason}.") from reason
    return found


def _call_list(cells: dict[str, object]) -> tuple[ToolCall, ...]:
    value = cells.get("calls")
    if isinstance(value, str):
        value = read_json(value, "The calls are") if value.strip() else None
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refused("The calls are not a JSON list.")
    if value and _text(cells, "tool_name").strip():
        raise Refused("There is a tool name and a list of calls; use one of them.")
    return tuple(read_call(item) for item in value)


def _text(cells: dict[str, object], name: str) -> str:
    value = cells.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{name} is not text.")
    return value
