"""Rows that hold a conversation, in the forms of other projects, as messages in OpenAI's form."""

from typing import Any

from core.importers.answers import flat_example, read_json, read_split
from core.importers.messages import Conversation
from core.importers.outcome import Refused
from core.prompt.data_marks import read_results
from core.schema import Example
from core.schema.call import dumps
from core.schema.example import Split

Message = dict[str, Any]

ROLES = {
    "system": "system",
    "human": "user", "user": "user",
    "gpt": "assistant", "assistant": "assistant", "model": "assistant", "chatgpt": "assistant",
    "function_call": "call", "tool_call": "call",
    "observation": "result", "tool": "result", "tool_response": "result", "function_response": "result",
}  # fmt: skip


def conversation_of(cells: dict[str, object]) -> Conversation:
    """The conversation of a row, in whatever form it has one. Raises Refused with the reason."""
    if (messages := _list_in(cells, "messages")) is not None:
        return Conversation(_system(cells) + messages)
    if (turns := _list_in(cells, "conversations")) is not None:
        return Conversation(_system(cells) + _share_gpt(turns))
    if (own := _list_in(cells, "turns")) is not None:
        return Conversation([{**t, "tool_calls": t.get("calls")} if isinstance(t, dict) else t for t in own])
    return Conversation(_system(cells) + _prompt_and_completion(cells))


def examples_of(
    cells: dict[str, object], talk: Conversation, default_split: Split, every_answer: bool
) -> tuple[Example, ...]:
    """The examples of a conversation, in the part that its row says. Raises Refused with the reason."""
    split = read_split(cells, default_split)
    if cells.get("turns") is None:
        return talk.examples(split, every_answer)
    # Our own record of an example: the answer stands beside the turns, as the calls and the reply of a flat row.
    answer = flat_example({"user_content": "asked", **cells, "system": None}, split, {})
    asked = Example(tuple(talk.turns), answer.calls, answer.reply, split)
    if not asked.prompt.strip():
        raise Refused("The prompt is empty.")
    return (asked,)


def is_conversation(cells: dict[str, object]) -> bool:
    """Whether a row holds a conversation, not a prompt and its answer in cells of their own."""
    return any(cells.get(name) is not None for name in ("messages", "conversations", "turns", "completion"))


def _list_in(cells: dict[str, object], name: str) -> list[Any] | None:
    value = cells.get(name)
    if isinstance(value, str):
        value = read_json(value, f"{name} is")
    if value is not None and not isinstance(value, list):
        raise Refused(f"{name} is not a list of messages.")
    return value


def _system(cells: dict[str, object]) -> list[Message]:
    system = cells.get("system")
    return [{"role": "system", "content": system}] if system else []


def _prompt_and_completion(cells: dict[str, object]) -> list[Message]:
    """TRL's form: either part is a list of messages, or text."""
    parts = [("user", cells.get("user_content")), ("assistant", cells.get("completion"))]
    messages: list[Message] = []
    for role, part in parts:
        messages += part if isinstance(part, list) else [{"role": role, "content": part}]
    return messages


def _share_gpt(turns: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for place, turn in enumerate(turns, 1):
        if not isinstance(turn, dict):
            raise Refused(f"Message {place} is not an object.")
        if "from" not in turn and "role" in turn:
            messages.append(turn)  # OpenAI's form under ShareGPT's name
            continue
        said = turn.get("value")
        sender = str(turn.get("from"))[:40]
        match ROLES.get(sender):
            case "call":
                calls = read_json(said, f"Message {place} is") if isinstance(said, str) else said
                calls = calls if isinstance(calls, list) else [calls]
                messages.append({"role": "assistant", "content": "", "tool_calls": calls})
            case "result":
                messages += _results(said, messages)
            case None:
                raise Refused(f"Message {place} has no role that is known: {sender!r}.")
            case role:
                messages.append({**turn, "role": role, "content": said})
    return messages


def _results(said: Any, before: list[Message]) -> list[Message]:
    """One message of tools as one for each result; a list of as many results as there were calls is taken apart."""
    if not isinstance(said, str):
        said = dumps(said)
    results = read_results(said)
    called = (before[-1].get("tool_calls") or []) if before else []
    if len(results) == 1 and not results[0][0] and len(called) > 1:
        try:
            apart = read_json(said, "")
        except Refused:
            apart = None
        if isinstance(apart, list) and len(apart) == len(called):
            results = [("", part if isinstance(part, str) else dumps(part)) for part in apart]
    return [{"role": "tool", "name": name, "content": content} for name, content in results]
