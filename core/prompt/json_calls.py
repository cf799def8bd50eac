"""Reads calls written as JSON, in the published forms: Hermes and Qwen, Mistral, Llama 3.

Every text has a reading: calls, plain words, or the reason why it is neither.
"""

import re
from typing import Any, Literal

from core.prompt import neutral, strict_json
from core.prompt.marks import Marks
from core.prompt.parsed import Parsed
from core.schema.call import ToolCall

# How a model marks its calls: each in <tool_call> tags; one list behind [TOOL_CALLS]; not at all.
Form = Literal["tagged", "listed", "bare"]

OPEN, CLOSE = "<tool_call>", "</tool_call>"
LIST = "[TOOL_CALLS]"
PYTHON = "<|python_tag|>"
THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_CLOSE = re.compile(r"\s*</tool_call>")


def form_of(answer: str) -> Form:
    """The form of an answer that is known to be a call."""
    return "tagged" if OPEN in answer else "listed" if LIST in answer else "bare"


def marks(form: Form, pattern: re.Pattern[str]) -> Marks:
    """What sets calls apart from words."""
    opening, closing = {"tagged": (OPEN, CLOSE), "listed": (LIST, ""), "bare": ("", "")}[form]
    return Marks(opening, closing, pattern, ("{", "[", PYTHON), thinks=True)


def parse(text: str, form: Form, endings: tuple[str, ...], pattern: re.Pattern[str]) -> Parsed:
    """The calls and the words of a generated text, `endings` being the tokens that may follow it."""
    text = _without(text, endings)
    if thought := THOUGHT.match(text):
        text = text[thought.end() :]
    try:
        values, words = _READERS[form](text)
        calls = tuple(neutral.restore(_call(value), pattern) for value in values)
        if token := neutral.token_in(words, pattern):
            raise ValueError(f"the control token {token} stands outside a call")
        if not calls and form != "bare" and _bare(words)[0]:
            raise ValueError("a call without its opening mark")
    except ValueError as error:
        return Parsed(malformed=f"This is no well-formed call: {error}.")
    made = tuple(ToolCall(call["name"], call["arguments"]) for call in calls)
    return Parsed(made, neutral.restore(words.strip(), pattern))


def _tagged(text: str) -> tuple[list[Any], str]:
    values, words, at = [], [], 0
    while (start := text.find(OPEN, at)) >= 0:
        words.append(text[at:start].strip())
        value, at = strict_json.read_at(text, start + len(OPEN))
        close = _CLOSE.match(text, at)
        if close is None:
            raise ValueError(f"{OPEN} is not closed")
        values.append(value)
        at = close.end()
    words.append(text[at:].strip())
    return values, "\n".join(part for part in words if part)


def _listed(text: str) -> tuple[list[Any], str]:
    words, mark, body = text.partition(LIST)
    if not mark:
        return [], text
    values = strict_json.read(body)
    if not isinstance(values, list) or not values:
        raise ValueError(f"{LIST} is not followed by a list of calls")
    return values, words


def _bare(text: str) -> tuple[list[Any], str]:
    """JSON from end to end; without a mark, what does not look like a call is taken for words."""
    body = text.strip()
    marked = body.startswith(PYTHON)
    body = body.removeprefix(PYTHON).lstrip()
    if not marked and not body.startswith(("{", "[")):
        return [], text
    try:
        values = _all(body)
    except ValueError:
        if marked or '"name"' in body:
            raise
        return [], text
    if marked or (values and all(_is_call(value) for value in values)):
        return values, ""
    return [], text


def _all(body: str) -> list[Any]:
    """One call, a list of calls, or several calls with semicolons between them."""
    values, at = [], 0
    while at < len(body):
        value, at = strict_json.read_at(body, at)
        values += value if isinstance(value, list) else [value]
        rest = body[at:].lstrip(" \n;")
        at = len(body) - len(rest)
    return values


_READERS = {"tagged": _tagged, "listed": _listed, "bare": _bare}


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value and ("arguments" in value or "parameters" in value)


def _call(value: Any) -> dict[str, Any]:
    if not _is_call(value):
        raise ValueError("a call must have a name and arguments")
    name, arguments = value["name"], value.get("arguments", value.get("parameters"))
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise ValueError("the name must be text and the arguments an object")
    return {"name": name, "arguments": arguments}


def _without(text: str, endings: tuple[str, ...]) -> str:
    while True:
        text = text.rstrip()
        token = next((token for token in endings if text.endswith(token)), None)
        if token is None:
            return text
        text = text.removesuffix(token)
