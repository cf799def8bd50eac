"""An answer while it grows: however it is cut into pieces, its words and calls are those of the whole."""

import itertools
import random

import pytest
import tiny_model

from core.prompt import json_calls, neutral
from core.prompt.functiongemma import FunctionGemma
from core.prompt.growing import Growing
from core.prompt.marks import Marks
from core.schema import ToolCall

GEMMA = FunctionGemma(tiny_model.tokenizer())


class Json:
    """The JSON families without a tokenizer."""

    def __init__(self, form):
        self.form = form
        self.pattern = neutral.pattern_of(["<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|im_end|>"])

    @property
    def marks(self) -> Marks:
        return json_calls.marks(self.form, self.pattern)

    def parse(self, text, tools=()):
        return json_calls.parse(text, self.form, (), self.pattern)


CALL = "<start_function_call>call:find{q:<escape>a < b<escape>}<end_function_call>"
TRICKY = "<start_function_call>call:find{q:<escape>x<end_function_call>y<escape>}<end_function_call>"
TAGGED = '<tool_call>\n{"name": "find", "arguments": {"q": "</tool_call>"}}\n</tool_call>'
LISTED = '[TOOL_CALLS] [{"name": "find", "arguments": {"q": "x"}}, {"name": "find", "arguments": {}}]'
BARE = '{"name": "find", "parameters": {"q": "x"}}'
ANSWERS = [
    (GEMMA, "Just words, 1 < 2, and <start of something. "),
    (GEMMA, CALL),
    (GEMMA, CALL + CALL),
    (GEMMA, f" I look.\n{CALL}  then \n{TRICKY} and done "),
    (GEMMA, "a look-alike <\u200bescape> of a mark"),
    (GEMMA, ""),
    (Json("tagged"), TAGGED),
    (Json("tagged"), f"<think>hm, {TAGGED}</think>\n\nLet me see.\n{TAGGED}\n{TAGGED}"),
    (Json("tagged"), "<thin ice"),
    (Json("listed"), LISTED),
    (Json("listed"), "no call [TOOL"),
    (Json("bare"), BARE),
    (Json("bare"), "<|python_tag|>" + BARE),
    (Json("bare"), '{"of": "words"}'),
    (Json("bare"), "  plain words {"),
]


def grown(family, text: str, cuts: list[int]) -> tuple[str, list[ToolCall], list[str]]:
    growing, words, calls, steps = Growing(family), "", [], []
    places = [0, *cuts, len(text)]
    for n, (start, end) in enumerate(itertools.pairwise(places)):
        more = growing.add(text[start:end], last=n == len(places) - 2)
        words, calls = words + more.words, calls + list(more.calls)
        steps.append(more.words)
    return words, calls, steps


@pytest.mark.parametrize(("family", "text"), ANSWERS)
def test_pieces_tell_what_the_whole_says(family, text):
    whole = family.parse(text)
    assert not whole.malformed
    chance = random.Random(text)
    every = list(range(1, len(text)))
    for cuts in ([], every, *(sorted(chance.sample(every, min(len(every), 4))) for _ in range(30))):
        words, calls, _ = grown(family, text, cuts)
        assert (words, tuple(calls)) == (whole.text, whole.calls), cuts


def test_words_come_before_the_end():
    text = "Some words that go on, then a call. " + CALL
    _, _, steps = grown(GEMMA, text, list(range(1, len(text))))
    assert "".join(steps[:10]).strip() == "Some words"[: len("".join(steps[:10]))].strip() != ""


@pytest.mark.parametrize(
    "text", ["<start_function_call>call:find{q:", CALL.replace("}", ""), f"a {CALL.replace(':<', '<')} b"]
)
def test_what_is_no_call_is_given_as_it_was_written(text):
    assert GEMMA.parse(text).malformed
    words, calls, _ = grown(GEMMA, text, list(range(1, len(text))))
    assert not calls and words.split() == text.split()
