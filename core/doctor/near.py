"""Texts that ask nearly the same.

Likeness of letters alone cannot tell: `turn on the light` and `turn off the light` are closer than many a pair of
true repeats. So there are two ways to be near. Texts are, whatever their answers, where only case, punctuation,
politeness, articles, plurals or the place of one phrase differ. Where the same answer stands behind both, no word
that differs decided anything, and texts are near when most of their letters are the same, or one word is misspelt.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, pairwise

from core.doctor.wording import one_slip, stem, words

# Share of equal groups of four letters (Jaccard). Lower, and paraphrases come in, which a test is there to ask for,
# and where answers have no arguments, other names in one template.
ALIKE = 0.75
WORDY = 12  # words in a text that is compared by words: of letters, too many texts have the same
MEET = 6  # rare parts that two texts must share before they are compared
LONG = 5  # letters of a word in which a slip is no other word, where the answer is the same
PARTICLES = frozenset(["on", "off", "up", "down", "in", "out", "away", "back", "over"])
NEGATIONS = frozenset(
    ["not", "no", "never", "none", "without", "except", "nor", "pas", "sans", "jamais", "rien"]
)

Spoken = tuple[str, ...]


def near_groups(texts: Sequence[str], answers: Sequence[str] = ()) -> list[list[int]]:
    """Places of texts that ask nearly the same, in groups of two and more, in their order.

    `answers`, where given one for each text, are compared as they are. That two texts are near depends on nothing
    but these two (and their answers): other texts never part them.
    """
    spoken = [tuple(map(stem, words(text))) or (text.casefold(),) for text in texts]
    sets = Sets(len(texts))
    first: dict[Spoken, int] = {}
    for place, said in enumerate(spoken):
        sets.join(first.setdefault(said, place), place)
    for a, b in _moved(first):
        sets.join(first[a], first[b])
    if answers:
        _join_same_answers(spoken, answers, sets)
    return sets.groups()


class Sets:
    """Which places hang together: at first none."""

    def __init__(self, size: int):
        self.leader = list(range(size))

    def find(self, place: int) -> int:
        leader = self.leader
        while leader[place] != place:
            leader[place] = place = leader[leader[place]]
        return place

    def join(self, a: int, b: int) -> None:
        a, b = sorted((self.find(a), self.find(b)))
        self.leader[b] = a

    def groups(self) -> list[list[int]]:
        groups: dict[int, list[int]] = {}
        for place in range(len(self.leader)):
            groups.setdefault(self.find(place), []).append(place)
        return [group for group in groups.values() if len(group) > 1]


def _moved(said: dict[Spoken, int]) -> Iterator[tuple[Spoken, Spoken]]:
    """Pairs of the same words of which one phrase stands elsewhere."""
    by_words: dict[Spoken, list[Spoken]] = defaultdict(list)
    for one in said:
        by_words[tuple(sorted(one))].append(one)
    for same in by_words.values():
        if len(same) > 1 and NEGATIONS.isdisjoint(same[0]):
            yield from ((a, b) for n, a in enumerate(same) for b in same[:n] if _phrase_moved(a, b))


def _phrase_moved(a: Spoken, b: Spoken) -> bool:
    """Whether b is a with two phrases that stand side by side exchanged: `weather tomorrow in Rome`.

    Never `from Rome to Oslo` and back, where two words change places around a third; nor two words side by side,
    which may be two names, unless one belongs to the verb: `turn it on`.
    """
    start = next(n for n, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
    end = next(n for n, (x, y) in enumerate(zip(reversed(a), reversed(b), strict=True)) if x != y)
    x, y = a[start : len(a) - end], b[start : len(b) - end]
    if len(x) == 2:
        return not PARTICLES.isdisjoint(x)
    return any(x[n:] + x[:n] == y for n in range(1, len(x)))


def _join_same_answers(spoken: Sequence[Spoken], answers: Sequence[str], sets: Sets) -> None:
    """Join texts with the same answer that are alike letter by letter, with the same numbers and negations."""
    rivals: dict[tuple[str, Spoken], dict[Spoken, int]] = defaultdict(dict)
    for place, (said, answer) in enumerate(zip(spoken, answers, strict=True)):
        fixed = tuple(word for word in said if word in NEGATIONS or not word.isalpha())
        rivals[answer, fixed].setdefault(said, place)
    for same in rivals.values():
        if len(same) > 1:
            _join_slips(same, sets)
            _join_alike(same, sets)


def _join_slips(same: dict[Spoken, int], sets: Sets) -> None:
    """Every pair that differs in one long word, by one letter."""
    gaps: dict[tuple[Spoken, Spoken], dict[str, int]] = defaultdict(dict)
    for said, place in same.items():
        for n, word in enumerate(said):
            if len(word) >= LONG:
                gaps[said[:n], said[n + 1 :]][word] = place
    for words_there in gaps.values():
        if len(words_there) > 1:
            # Words that differ by one letter are equal when each may lose one.
            lost: dict[str, list[str]] = defaultdict(list)
            for word in words_there:
                for form in {word, *(word[:n] + word[n + 1 :] for n in range(len(word)))}:
                    lost[form].append(word)
            for rivals in lost.values():
                for a, b in combinations(rivals, 2):
                    if one_slip(a, b):
                        sets.join(words_there[a], words_there[b])


def _grams(said: Spoken) -> set[str]:
    """The parts by which likeness is measured: groups of four letters, in long texts pairs of words."""
    if len(said) >= WORDY:
        return {f"{a} {b}" for a, b in pairwise(said)}
    text = f" {' '.join(said)} "
    return {text[n : n + 4] for n in range(max(1, len(text) - 3))}


def _join_alike(same: dict[Spoken, int], sets: Sets) -> None:
    """Every pair with at least ALIKE of its parts in common, found without trying all.

    Two such sets share some of their rarest parts, so only sets that meet there are compared (prefix filtering:
    exact).
    """
    grams = [_grams(said) for said in same]
    places = list(same.values())
    common = Counter(gram for one in grams for gram in one)
    index: dict[str, list[int]] = defaultdict(list)
    for n in sorted(range(len(grams)), key=lambda n: len(grams[n])):
        mine = grams[n]
        least = math.ceil(ALIKE * len(mine))
        rarest = sorted(mine, key=lambda gram: (common[gram], gram))[: len(mine) - least + MEET]
        met = Counter(chain.from_iterable(index[gram] for gram in rarest))
        for other, times in met.items():
            if times >= min(MEET, least) and sets.find(places[n]) != sets.find(places[other]):
                both = len(mine & grams[other])
                if both >= ALIKE * (len(mine) + len(grams[other]) - both):
                    sets.join(places[n], places[other])
        for gram in rarest:
            index[gram].append(n)
