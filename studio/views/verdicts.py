"""Verdicts in plain words, with their colour."""

from studio.text import t
from studio.views.pieces import pill

GOOD, BAD = "good", "bad"
KINDS = {
    "exact": GOOD,
    "right": GOOD,
    "malformed": BAD,
    "wrong_tool": BAD,
    "no_call": BAD,
    "extra_call": BAD,
    "unknown_tool": BAD,
}
NAMES = tuple(KINDS)


def verdict_word(verdict: str) -> str:
    return t(f"verdict.{verdict}") if verdict in KINDS else verdict


def verdict_pill(verdict: str) -> str:
    return pill(verdict_word(verdict), KINDS.get(verdict, "plain"))
