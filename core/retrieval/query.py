"""Whatever somebody or a model says, as a query of SQLite's full text search, and texts as they are indexed.

FTS5 takes most questions for broken syntax, and joins words with AND, so that a question finds nothing: every word
is quoted here and joined with OR; BM25 puts the passages first that have the most and the rarest of them.
"""

import re
import unicodedata
from itertools import pairwise

MOST_WORDS = 64
LONGEST = 10_000  # characters that are looked at

# Chinese, Japanese and Korean, which are not written as words with spaces: each character is indexed as a word, and
# searched in pairs, as Lucene's CJK analyzer does.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
CHARACTER = re.compile(f"([{CJK}])")
RUN = re.compile(f"[{CJK}]+|[^{CJK}]+")

# Words that say nothing about what is searched. Dropping them found a little better and three times as fast
# (nDCG@10 0.531 instead of 0.521, on 1,400 abstracts with 225 questions).
_UNSAID = (
    "a about all also am an and any are as at be been but by can could did do does for from get give had "
    "has have he her him his how i if in into is it its just know let like me might must my no not of on "
    "or our out over please she should show so some such tell than that the their them then there these "
    "they this those to under up was we were what when where which who whom whose why will with would you "
    "your d ll m re s t ve"  # the last ones are what an apostrophe leaves
)
STOP_WORDS = frozenset(_UNSAID.split())


class _Letters(dict[int, int]):
    """For `str.translate`: letters, numbers and the marks that belong to them stay, all else becomes a space.

    FTS5 would part words itself, but by tables of another version of Unicode.
    """

    def __missing__(self, code: int) -> int:
        kept = unicodedata.category(chr(code))[0] in "LNM"
        self[code] = code if kept else ord(" ")
        return self[code]


_LETTERS = _Letters()


def _folded(text: str) -> str:
    """One form for each letter, and spaces between words."""
    form = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return form.translate(_LETTERS)


def spelled(text: str) -> str:
    """A text as it is indexed: words as `words` has them, CJK characters apart."""
    return CHARACTER.sub(r" \1 ", _folded(text))


def words(text: str) -> list[str]:
    """The words of a text to search for, once each, at most MOST_WORDS; stop words only where there are no others."""
    said = [word for word in _folded(text[:LONGEST]).split() if any(map(str.isalnum, word))]
    found = [part for word in said for part in _parts(word)]
    return list(dict.fromkeys([one for one in found if one not in STOP_WORDS] or found))[:MOST_WORDS]


def _parts(word: str) -> list[str]:
    """A word, or the pairs of characters of its CJK runs."""
    parts: list[str] = []
    for run in RUN.findall(word):
        if CHARACTER.match(run):
            parts += [f"{a} {b}" for a, b in pairwise(run)] or [run]
        else:
            parts.append(run)
    return parts


def match(text: str) -> str:
    """The query for a text as an expression of FTS5; empty where there is nothing to search."""
    return " OR ".join(f'"{word}"' for word in words(text))
