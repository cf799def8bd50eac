"""An answer while it is being written: which part is sure to be words, and each call once it is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.prompt import neutral
from core.prompt.family import Family
from core.prompt.marks import THOUGHT
from core.schema.call import ToolCall


@dataclass(frozen=True, slots=True)
class Grown:
    """What has become sure since the last look."""

    words: str = ""
    calls: tuple[ToolCall, ...] = ()


class Growing:
    """One answer; what it yields together are the words and the calls that `family.parse` reads in the whole text.

    What turns out to be no well-formed call is given as words, marks and all.
    """

    def __init__(self, family: Family, tools: Sequence[Any] = ()):
        self.family = family
        self.tools = tools
        self.marks = family.marks
        self.text = ""
        self.at = 0  # up to here it is decided
        self.called = False  # whether a call stands there
        self.spoken = False  # whether there were words
        self.new = True  # whether the next words begin a part of their own
        self.space = ""  # behind the words so far, left away where nothing follows

    def add(self, piece: str, last: bool = False) -> Grown:
        """What is sure now that `piece` was written; `last` where nothing follows."""
        self.text += piece
        if self.at == 0 and not self._begun(last):
            return Grown()
        words = ""
        calls: list[ToolCall] = []
        while self.at < len(self.text):
            if self.called:
                end, found = self._call(last)
                if end is None:
                    break
                if found is None:
                    words += self._say(self.text[self.at : end])
                else:
                    calls += found
                self.at, self.called, self.new = end, False, True
                continue
            end = self._words_end(last)
            words += self._say(self.text[self.at : end])
            self.at = end
            if not self.called:
                break
        return Grown(words, tuple(calls))

    def _begun(self, last: bool) -> bool:
        """Whether it is known how the answer begins; thoughts, where the family has them, are passed over."""
        begin = self.text.lstrip()
        opening, closing = THOUGHT
        if not last and (not begin or (self.marks.thinks and opening.startswith(begin))):
            return False
        if self.marks.thinks and begin.startswith(opening):
            end = self.text.find(closing)
            if end < 0:
                return last
            self.at = end + len(closing)
            begin = self.text[self.at :].lstrip()
            if not begin and not last:
                self.at = 0
                return False
        self.called = not self.marks.opening and begin.startswith(self.marks.like_calls)
        return True

    def _call(self, last: bool) -> tuple[int | None, tuple[ToolCall, ...] | None]:
        """Where the call that begins here ends, and what it calls.

        No end where it is not whole yet, no calls where it turned out to be none.
        """
        closing, end = self.marks.closing, self.at
        while closing and (found := self.text.find(closing, end)) >= 0:
            end = found + len(closing)
            parsed = self.family.parse(self.text[self.at : end], self.tools)
            if not parsed.malformed:  # otherwise the mark may stand in a text of it
                return end, parsed.calls
        if not last:
            return None, None
        parsed = self.family.parse(self.text[self.at :], self.tools)
        return len(self.text), parsed.calls or None

    def _words_end(self, last: bool) -> int:
        """Up to where words stand; `called` is set where a call follows them."""
        opening = self.marks.opening
        start = self.text.find(opening, self.at) if opening else -1
        if start >= 0:
            self.called = True
            return start
        if last:
            return len(self.text)
        if neutral.GAP in self.text[self.at :]:  # a harmless look-alike of a token, perhaps cut in two
            return self.at
        return len(self.text) - overlap(self.text[self.at :], opening)

    def _say(self, part: str) -> str:
        """The part as it is shown: no spaces around what stands between calls, a line for each."""
        if self.new:
            part = part.lstrip()
        if not part:
            return ""
        part = ("\n" if self.spoken else "") + part if self.new else self.space + part
        shown = part.rstrip()
        self.space = part[len(shown) :]
        self.spoken, self.new = True, False
        return neutral.restore(shown, self.marks.pattern)


def overlap(text: str, mark: str) -> int:
    """How many characters at the end of a text may be the beginning of a mark."""
    return next((n for n in range(min(len(text), len(mark) - 1), 0, -1) if mark.startswith(text[-n:])), 0)
