"""The call ladder: who is right, and what kind of wrong the others are."""

import pytest

from core.evaluation.evaluate import read_answer
from core.evaluation.generate import Generated
from core.evaluation.score import VERDICTS, judge, summarise
from core.prompt.family import Parsed
from core.schema import ToolCall

DOCS, WEB = ToolCall("search_docs", {"query": "vpn"}), ToolCall("search_web", {"query": "vpn"})
NAMES = ("search_docs", "search_web")


@pytest.mark.parametrize(
    ("expected", "produced", "verdict"),
    [
        ([DOCS], [DOCS], "exact"),
        ([DOCS], [ToolCall("search_docs", {"query": "VPN"})], "right"),
        ([DOCS], [WEB], "wrong_tool"),
        ([DOCS], [], "no_call"),
        ([DOCS], [ToolCall("search_all", {})], "unknown_tool"),
        ([DOCS], [DOCS, WEB], "extra_call"),
        ([DOCS], [DOCS, DOCS], "extra_call"),
        ([DOCS, WEB], [WEB, DOCS], "exact"),
        ([DOCS, WEB], [DOCS], "wrong_tool"),
        ([], [], "exact"),
        ([], [DOCS], "extra_call"),
        ([], [ToolCall("search_all", {})], "unknown_tool"),
    ],
)
def test_each_answer_gets_its_verdict(expected, produced, verdict):
    assert judge(expected, Parsed(tuple(produced)), NAMES) == verdict


@pytest.mark.parametrize("expected", [[DOCS], []])
def test_a_malformed_answer_is_never_credited(expected):
    assert judge(expected, Parsed(malformed="no end"), NAMES) == "malformed"


def test_the_name_of_one_tool_inside_another_is_not_a_match():
    assert (
        judge([ToolCall("search", {})], Parsed((ToolCall("search_web", {}),)), ("search", "search_web"))
        == "wrong_tool"
    )


def test_counts_add_up():
    verdicts = [*VERDICTS, "exact", "malformed"]
    summary = summarise(verdicts, 1.234)
    assert summary["n"] == 9 and summary["right"] == 3 and summary["exact"] == 2 and summary["malformed"] == 2
    assert summary["right"] + sum(summary[name] for name in VERDICTS[2:]) == summary["n"]
    assert set(summary) == {
        "n", "right", "exact", "malformed", "wrong_tool", "no_call", "extra_call", "unknown_tool", "seconds",
    }  # fmt: skip


class Words:
    """A family that reads every text as plain words."""

    def parse(self, text, tools=()):
        return Parsed(text=text)


def test_an_answer_cut_at_the_limit_is_malformed():
    assert read_answer(Generated("I cannot", 2, True), Words(), []).malformed == ""
    cut = read_answer(Generated("I cannot", 2, False), Words(), [])
    assert "2 tokens" in cut.malformed and cut.calls == ()
