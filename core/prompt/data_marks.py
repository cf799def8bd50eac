"""Reads the marks that data sets write into their texts: Hermes' tags for tools, calls and results."""

import ast
import json
import re
from typing import Any

from core.prompt import functiongemma_reader, strict_json
from core.prompt.functiongemma_tokens import CALL

OPEN, CLOSE = "<tool_call>", "</tool_call>"
LONGEST_LITERAL = 200_000  # characters
_THOUGHT = re.compile(r"<(think|scratch_pad)>.*?</\1>", re.DOTALL)
_RESULT = re.compile(r"<tool_response>(.*?)</tool_response>", re.DOTALL)
_TOOLS = re.compile(r"<tools>\s*([\[{].*?)\s*</tools>", re.DOTALL)
# Marks of a call in forms of other models, which nothing here reads.
_UNREAD = re.compile(r"\[TOOL_CALLS\]|<\|python_tag\|>|<function[=_]|<\|tool_call|</tool_call>")


def has_calls(text: str) -> bool:
    """Whether a text holds Hermes' mark of a call."""
    return OPEN in text


def without_thoughts(text: str) -> str:
    """The text without what a model is shown to think before it answers."""
    return _THOUGHT.sub("", text).strip() if "<think>" in text or "<scratch_pad>" in text else text


def read_answer(text: str) -> tuple[list[Any], str]:
    """The calls as JSON values, and the words beside them (ValueError where a marked call cannot be read)."""
    if CALL in text:
        parsed = functiongemma_reader.read_answer(text)
        if parsed.malformed:
            raise ValueError(parsed.malformed)
        return [call.to_json() for call in parsed.calls], parsed.text
    calls, words, at = [], [], 0
    while (start := text.find(OPEN, at)) >= 0:
        words.append(text[at:start].strip())
        value, at = _call(text, start + len(OPEN))
        calls += value if isinstance(value, list) else [value]
    words.append(text[at:].strip() if calls else text)
    said = "\n".join(part for part in words if part)
    if mark := _UNREAD.search(said):
        raise ValueError(f"the mark {mark[0]} stands in the words")
    return calls, said


def read_results(text: str) -> list[tuple[str, str]]:
    """The results in a message of tools: the name of the tool, empty where it is not said, and what it gave."""
    return [_result(inner.strip()) for inner in _RESULT.findall(text)] or [("", text)]


def read_tools(text: str) -> list[Any] | None:
    """The definitions that a system prompt lists between its marks (ValueError where they cannot be read)."""
    listed = _TOOLS.search(text)
    if listed is None:
        return None
    try:
        value = _value(listed[1])
    except ValueError:
        value = [_value(line) for line in listed[1].splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]


def _call(text: str, start: int) -> tuple[Any, int]:
    """The value of a marked call and where its mark is closed."""
    try:
        value, end = strict_json.read_at(text, start)
        close = len(text[end:]) - len(text[end:].lstrip()) + end
        if text.startswith(CLOSE, close):
            return value, close + len(CLOSE)
    except ValueError:
        pass
    close = text.find(CLOSE, start)
    if close < 0:
        raise ValueError(f"{OPEN} is not closed")
    return _value(text[start:close]), close + len(CLOSE)


def _result(inner: str) -> tuple[str, str]:
    try:
        value = _value(inner)
    except ValueError:
        return "", inner
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or "content" not in value:
        return "", inner
    content = value["content"]
    return value["name"], content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _value(text: str) -> Any:
    """A JSON value, also where it was written as Python writes it (ValueError where it is neither)."""
    try:
        return strict_json.read(text)
    except ValueError as error:
        if len(text) > LONGEST_LITERAL:
            raise
        try:
            return _literal(ast.parse(text.strip(), mode="eval").body)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise error from None


def _literal(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=parts):
            return [_literal(part) for part in parts]
        case ast.Dict(keys=keys, values=values):
            names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
            if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
                raise ValueError("a name is no text, or occurs twice")
            return {str(name): _literal(value) for name, value in zip(names, values, strict=True)}
    raise ValueError("this is no JSON value")
