"""What sets calls apart from words in the text of an answer."""

import re
from dataclasses import dataclass

THOUGHT = ("<think>", "</think>")


@dataclass(frozen=True, slots=True)
class Marks:
    """`opening` begins a call and `closing` ends it: either is empty where the family has none."""

    opening: str
    closing: str
    pattern: re.Pattern[str]  # of the control tokens
    like_calls: tuple[str, ...] = ()  # without an opening mark: how an answer of calls begins
    thinks: bool = False  # whether thoughts may come first
