"""Reads FunctionGemma's calls: `<start_function_call>call:NAME{k:<escape>v<escape>,n:3}<end_function_call>`.

Every text has a reading: calls, plain words, or the reason why it is neither.
"""

import math
import re
from typing import Any, NoReturn

from core.prompt import neutral
from core.prompt.functiongemma_tokens import CALL, END_CALL, ESCAPE, PAD, PATTERN, STOPS
from core.prompt.parsed import Parsed
from core.schema.call import ToolCall

MAX_DEPTH = 32

_NAME = re.compile(r"[\w.\-]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BARE_END = re.compile(r"[,\[\]{}<]|\Z")
_UNMARKED = re.compile(r"\s*call[:\s]\s*[\w.\-]+\s*\{")
_WORDS = {"true": True, "false": False, "None": None}


class _Malformed(Exception):
    """Why a text cannot be read, as one sentence."""


def read_answer(text: str) -> Parsed:
    """The calls and the words of a generated text."""
    try:
        return _Reader(_without_stops(text)).answer()
    except _Malformed as reason:
        return Parsed(malformed=str(reason))


def _without_stops(text: str) -> str:
    while True:
        text = text.rstrip()
        token = next((token for token in (*STOPS, PAD) if text.endswith(token)), None)
        if token is None:
            return text
        text = text.removesuffix(token)


class _Reader:
    """A place in a text, moved on by each method past what the method reads."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def answer(self) -> Parsed:
        calls, words = [], []
        while (start := self.text.find(CALL, self.at)) >= 0:
            words.append(self.words(start))
            self.at = start + len(CALL)
            calls.append(self.call())
        words.append(self.words(len(self.text)))
        said = "\n".join(part for part in words if part)
        return Parsed(tuple(calls), neutral.restore(said, PATTERN))

    def words(self, end: int) -> str:
        """What stands outside calls, up to `end`."""
        part = self.text[self.at : end].strip()
        if token := neutral.token_in(part, PATTERN):
            raise _Malformed(f"The control token {token} stands outside a call.")
        if _UNMARKED.match(part):
            raise _Malformed(f"A call without its opening mark {CALL}: {_quote(part)}.")
        return part

    def call(self) -> ToolCall:
        self.expect("call:", f'"call:" after {CALL}')
        name = self.name("the name of a tool")
        self.expect("{", f'"{{" after the name {name}')
        arguments = self.fields(1)
        self.expect(END_CALL, f"{END_CALL} after the arguments of {name}")
        return ToolCall(name, arguments)

    def fields(self, depth: int) -> dict[str, Any]:
        """The rest of an object whose opening brace was read."""
        result: dict[str, Any] = {}
        if self.take("}"):
            return result
        while True:
            name = self.name("the name of an argument")
            if name in result:
                raise _Malformed(f"The argument {name} occurs twice in one object.")
            self.expect(":", f'":" after the name {name}')
            result[name] = self.value(depth)
            if self.take("}"):
                return result
            self.expect(",", f'"," or "}}" after the value of {name}')

    def elements(self, depth: int) -> list[Any]:
        """The rest of a list whose opening bracket was read."""
        result: list[Any] = []
        if self.take("]"):
            return result
        while True:
            result.append(self.value(depth))
            if self.take("]"):
                return result
            self.expect(",", '"," or "]" in a list')

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise _Malformed(f"The arguments are nested more than {MAX_DEPTH} levels deep.")
        if self.take(ESCAPE):
            return self.string()
        if self.take("{"):
            return self.fields(depth + 1)
        if self.take("["):
            return self.elements(depth + 1)
        return self.bare()

    def string(self) -> str:
        """The rest of a text whose opening mark was read; only the closing mark means anything in it."""
        end = self.text.find(ESCAPE, self.at)
        if end < 0:
            raise _Malformed(f"A text is not closed with {ESCAPE}: {_quote(self.text[self.at :])}.")
        text = self.text[self.at : end]
        self.at = end + len(ESCAPE)
        return neutral.restore(text, PATTERN)

    def bare(self) -> Any:
        start = self.at
        end = _BARE_END.search(self.text, start)
        assert end is not None  # for \Z is found at the latest
        word = self.text[start : end.start()]
        self.at = end.start()
        if word in _WORDS:
            return _WORDS[word]
        number = _NUMBER.fullmatch(word)
        if number is None:
            self.at = start
            self.fail("a value")
        try:
            result = float(word) if number[1] or number[2] else int(word)
        except ValueError:  # more digits than Python reads
            result = math.inf
        if not math.isfinite(result):
            raise _Malformed(f"A number is too large: {_quote(word)}.")
        return result

    def name(self, what: str) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            self.fail(what)
        self.at = match.end()
        return match[0]

    def take(self, token: str) -> bool:
        found = self.text.startswith(token, self.at)
        if found:
            self.at += len(token)
        return found

    def expect(self, token: str, what: str) -> None:
        if not self.take(token):
            self.fail(what)

    def fail(self, what: str) -> NoReturn:
        rest = self.text[self.at :]
        raise _Malformed(f"Expected {what}, " + (f"found {_quote(rest)}." if rest else "but the text ends."))


def _quote(text: str) -> str:
    short = text if len(text) <= 30 else text[:29] + "\u2026"
    return '"' + short.replace("\n", " ") + '"'
