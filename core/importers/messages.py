"""Rows in OpenAI's chat form, `{"messages": [...]}`: the last message of the assistant is the answer."""

from typing import Any

from core.importers.answers import read_call, read_split
from core.importers.outcome import Refused
from core.schema import Example, ToolCall, Turn
from core.schema.example import Split

AFTER = "Messages after the assistant's last one were left out"
BESIDE = "Words beside a call were left out"


def chat_example(cells: dict[str, object], default_split: Split) -> tuple[Example, list[str]]:
    """The example of a row with `messages`, and what was left out of it. Raises Refused with the reason."""
    messages = cells["messages"]
    if not isinstance(messages, list) or not messages:
        raise Refused("messages is not a list of messages.")
    called: dict[str, str] = {}  # tool name by call id, for the results that follow
    turns = [_turn(message, place, called) for place, message in enumerate(messages, 1)]
    last = next((i for i in reversed(range(len(turns))) if turns[i].role == "assistant"), None)
    if last is None:
        raise Refused("No message is from the assistant, so there is no answer.")
    before, answer = tuple(turns[:last]), turns[last]
    said = [turn.content for turn in before if turn.role == "user"]
    if not said or not said[-1].strip():
        raise Refused("The prompt is empty.")
    if not answer.calls and not answer.content.strip():
        raise Refused("The assistant's last message is empty.")
    left_out = [AFTER] if last < len(turns) - 1 else []
    if answer.calls and answer.content.strip():
        left_out.append(BESIDE)
    reply = "" if answer.calls else answer.content
    return Example(before, answer.calls, reply, read_split(cells, default_split)), left_out


def _turn(message: Any, place: int, called: dict[str, str]) -> Turn:
    if not isinstance(message, dict):
        raise Refused(f"Message {place} is not an object.")
    content = _content(message.get("content"), place)
    match message.get("role"):
        case "system" | "developer":
            return Turn("system", content)
        case "user":
            return Turn("user", content)
        case "assistant":
            return Turn("assistant", content, _calls(message, place, called))
        case "tool" | "function":
            name = message.get("name") or called.get(str(message.get("tool_call_id")))
            if not isinstance(name, str):
                raise Refused(f"Message {place} is a tool's result, but of which tool is not said.")
            return Turn("tool", content, name=name)
    raise Refused(f"Message {place} has no role that is known: {str(message.get('role'))[:40]!r}.")


def _calls(message: dict[str, Any], place: int, called: dict[str, str]) -> tuple[ToolCall, ...]:
    raw = message.get("tool_calls") or []
    if message.get("function_call"):
        raw = [message["function_call"]]
    if not isinstance(raw, list):
        raise Refused(f"The tool_calls of message {place} are not a list.")
    calls = tuple(read_call(item) for item in raw)
    for item, call in zip(raw, calls, strict=True):
        called[str(item.get("id"))] = call.name
    return calls


def _content(content: Any, place: int) -> str:
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(_text_part(part, place) for part in content)
    if not isinstance(content, str):
        raise Refused(f"The content of message {place} is not text.")
    return content


def _text_part(part: Any, place: int) -> str:
    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise Refused(f"Message {place} holds more than text.")
    return part["text"]
