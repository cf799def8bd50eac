"""Cutting a text into passages short enough to be read by a small model, at the ends of sentences where it can be."""

import re
from collections.abc import Iterator

from core.retrieval.query import CHARACTER

LONGEST = 120  # words
OVERLAP = (
    30  # words at the end of a passage that the next one begins with, so that no sentence loses its context
)

SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
WORD = re.compile(r"\S+")
LETTERS = 40  # that count as a word, where a "word" is longer: a link, or text that has no spaces


def cut(text: str) -> list[str]:
    """The passages of a text, each of LONGEST words at most; two CJK characters count as a word."""
    passages: list[str] = []
    held: list[tuple[str, int]] = []
    size = 0
    for sentence, words in _sentences(text):
        if held and size + words > LONGEST:
            passages.append(" ".join(part for part, _ in held))
            held = _tail(held, LONGEST - words)
            size = sum(n for _, n in held)
        held.append((sentence, words))
        size += words
    return [*passages, " ".join(part for part, _ in held)] if held else passages


def _tail(held: list[tuple[str, int]], room: int) -> list[tuple[str, int]]:
    """The last sentences that the next passage repeats."""
    room = min(room, OVERLAP)
    kept: list[tuple[str, int]] = []
    for sentence, words in reversed(held):
        room -= words
        if room < 0:
            break
        kept.insert(0, (sentence, words))
    return kept


def _sentences(text: str) -> Iterator[tuple[str, int]]:
    """Sentences and lines with their number of words, those that are longer than a passage in pieces."""
    for sentence in SENTENCE.split(text):
        piece: list[str] = []
        size = 0
        for word in _words(sentence):
            n = _count(word)
            if size + n > LONGEST:
                yield " ".join(piece), size
                piece, size = [], 0
            piece.append(word)
            size += n
        if piece:
            yield " ".join(piece), size


def _words(sentence: str) -> Iterator[str]:
    """Words, the longest of which is no longer than a passage."""
    for word in WORD.findall(sentence):
        yield from (word[start : start + 2 * LONGEST] for start in range(0, len(word), 2 * LONGEST))


def _count(word: str) -> int:
    return max(-(-len(word) // LETTERS), -(-len(CHARACTER.findall(word)) // 2))
