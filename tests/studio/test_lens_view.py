"""The lens as HTML: whole, escaped, folded; the bar that adds up; the refusal with its remedy."""

import re
from dataclasses import replace
from html import unescape

import pytest

from core.prompt.budget import Budget
from core.prompt.gate import Refusal
from core.prompt.lens import Piece, Seen, Token
from studio.views import lens as view

BUDGET = Budget(512, 200, {"a": 120, "b": 80}, 30, 20, 262, 2, 7, True)
PIECES = [
    Piece("<bos>dev\n", "prompt"), Piece("<d>declaration:find{x}", "declaration"), Piece("say <b>", "prompt"),
    Piece("call:find", "trained"),
]  # fmt: skip
TOKENS = [
    Token("<bos>", 2, "prompt", 0), Token("dev\n", 9, "prompt", 0), Token("<d>", 46, "declaration", 1),
    Token("declaration:find{x}", 5, "declaration", 1), Token("say", 6, "prompt", 2), Token(" <b>", 7, "prompt", 2),
    Token("call:find", 48, "trained", 3), Token("", 49, "trained", 3),
]  # fmt: skip
SEEN = Seen(PIECES, TOKENS, 4, BUDGET, "here")


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def test_every_token_stands_there_in_its_order_and_nothing_of_it_is_html() -> None:
    html = view.lens(SEEN, "starter")
    found = re.findall(r'<i(?: class="(t)")? title="(\d+)">(.*?)</i>', html, re.DOTALL)
    assert [int(id) for _, id, _ in found] == [token.id for token in TOKENS]
    assert [words(text) for _, _, text in found] == [token.text for token in TOKENS]
    assert [kind == "t" for kind, _, _ in found] == [token.kind == "trained" for token in TOKENS]
    assert "<b>dev" not in html and "say <b>" not in html


def test_what_all_share_is_apart_and_declarations_are_folded() -> None:
    html = view.lens(SEEN, "starter")
    shared, own = html.split('<div class="cw-same">')[1].split("</div>", 1)
    assert "find{x}" in shared and "Up to here every example is the same: 4 tokens." in shared
    assert "call:find" in own and "call:find" not in shared
    folded = re.search(r"<details.*?</details>", shared, re.DOTALL)
    assert folded and "The tool find" in folded[0] and "2 tokens" in folded[0] and "dev" not in folded[0]
    assert "<details data-key=" in folded[0] and " open" not in folded[0].split("<summary")[0]


def test_the_counts_are_said() -> None:
    told = words(view.lens(SEEN, "starter"))
    assert "8 tokens of 512" in told and "2 learned" in told and "4 the same in every example" in told


@pytest.mark.parametrize(
    ("state", "said"), [("absent", "google/x is on this computer"), ("making", "in a few seconds")]
)
def test_without_tokens_the_text_stands_there_and_why(state, said) -> None:
    html = view.lens(Seen(PIECES, [], 0, replace(BUDGET, exact=False), state), "google/x")
    assert said in words(html) and "<i title" not in html
    assert "declaration:find{x}" in words(html) and "takes about 250 of 512" in words(html)


def test_the_bar_adds_up_to_the_limit() -> None:
    widths = [float(part) for part in re.findall(r"width:([\d.]+)%", view.room(BUDGET))]
    assert len(widths) == 4 and abs(sum(widths) - 100) < 0.1
    told = words(view.room(BUDGET))
    assert "200 tools" in told and "262 room left" in told and "About 2 more tools of this size fit." in told
    assert "The longest example, 7, takes 250 of 512 tokens." in told


def test_a_bar_that_is_too_full_says_by_how_much() -> None:
    html = view.room(replace(BUDGET, limit=200, room_left=-50, more_tools=0))
    assert "50 too many" in words(html) and "room left" not in re.sub(r"<[^>]+>", "", html)
    assert "No further tool of this size fits." in words(html)
    widths = [float(part) for part in re.findall(r"width:([\d.]+)%", html)]
    assert abs(sum(widths) - 100) < 0.1


def test_a_bar_without_examples_or_tools() -> None:
    told = words(view.room(Budget(512, 0, {}, 9, 0, 503, None, None, False)))
    assert "The tools alone take about 9 of 512 tokens." in told and "fit" not in told.replace("of it", "")


def test_a_refusal_has_its_remedy_as_a_button_or_as_words() -> None:
    assert view.gate([]) == ""
    long = [
        Refusal(n, f"Example {n} needs <640> tokens.", "Raise the limit to 640.", "too_long", 640)
        for n in (4, 5)
    ]
    html = view.gate(long)
    assert 'data-do="limit"' in html and 'data-n="640"' in html and "Example 5" not in words(html)
    assert "<640>" not in html and "Raise the limit to 640" in words(html)
    plain = view.gate(
        [Refusal(None, "The model would not be shown the tool x.", "Rename it.", "hidden_tool")]
    )
    assert "data-do" not in plain and "Rename it." in words(plain)
