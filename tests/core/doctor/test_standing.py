"""Whether an example that is to be added asks what another one asks already."""

from dataclasses import replace

import pytest

from core.doctor.repeats import standing
from core.schema import Example, ToolCall, Turn


def asks(prompt: str, query: str = "vpn", split: str = "train", id: int | None = None) -> Example:
    return replace(Example.single(prompt, ToolCall("docs", {"query": query}), split=split), id=id)


THERE = [
    asks("How do I use the VPN?", split="test", id=1),
    asks("Where is the travel policy of our company?", "travel policy", id=2),
]


@pytest.mark.parametrize(
    ("prompt", "query", "split", "found"),
    [
        (
            "How do I use the VPN?",
            "other",
            "train",
            1,
        ),  # the same words in the other part, whatever the answer
        ("how do i use the vpn", "other", "train", 1),
        ("Please, how do I use the VPN?", "other", "train", 1),
        ("How do I use the VPN?", "other", "test", 1),  # the same row again
        ("Please, how do I use the VPN?", "other", "test", None),  # in its own part only the same words
        ("Where is the travel policy of our companies?", "travel policy", "test", 2),
        (
            "Where is the travel policy of our compamy?",
            "travel policy",
            "test",
            2,
        ),  # a slip, and the same answer
        ("Where is the travel policy?", "flights", "test", None),
        ("Something else", "vpn", "train", None),  # the same answer alone is no leak
    ],
)
def test_what_asks_the_same_is_found(prompt: str, query: str, split: str, found: int | None) -> None:
    other = standing(asks(prompt, query, split), THERE)
    assert (other.id if other else None) == found


def test_the_conversation_before_belongs_to_the_question() -> None:
    talk = (Turn("user", "Hello"), Turn("assistant", "Hi."), Turn("user", "How do I use the VPN?"))
    assert standing(Example(talk, (ToolCall("docs", {"query": "x"}),)), THERE) is None
