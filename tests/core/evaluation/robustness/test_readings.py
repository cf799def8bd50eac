"""What changed rows say of a model: in words, and only where the rows prove it."""

from core.evaluation.robustness.readings import LEAST, Reading, compare, read
from core.store.evaluations import Prediction


def row(example, right):
    return Prediction(example, "p", [], "t", [], "exact" if right else "wrong_tool", right, right)


def rows(right, n=20, first=0):
    """The rows `first` to `first + right` are right."""
    return [row(id, first <= id < first + right) for id in range(n)]


def told(asked, tools=None):
    return {one.variant: one for one in read(compare(asked, tools or {}))}


def test_rows_are_compared_one_by_one():
    (unchanged, shuffled) = compare({"": rows(10), "shuffled": rows(10, first=4)}, {"": 2, "shuffled": 2})
    assert unchanged == Reading("", 2, 20, 10, 10, 0, 0)
    assert (shuffled.right, shuffled.unchanged, shuffled.fixed, shuffled.broke) == (10, 10, 4, 4)
    assert shuffled.verdict == "open" and shuffled.p == 1


def test_only_examples_that_both_have_are_compared():
    (_, short) = compare({"": rows(5, n=6), "short": rows(8, n=8)}, {})
    assert (short.n, short.right, short.unchanged) == (6, 6, 5)


def test_nothing_is_said_before_the_unchanged_rows_were_asked():
    assert read(compare({"shuffled": rows(3)}, {})) == []
    assert read(compare({"": rows(3)}, {})) == []


def test_names_that_were_learned():
    found = told({"": rows(18), "renamed": rows(4)})["renamed"]
    assert found.kind == "bad"
    assert found.sentence == "It learned the names: with others that say nothing 4 of 20 instead of 18."
    found = told({"": rows(18), "renamed": rows(11)})["renamed"]
    assert found.sentence == "It leans on the names: with others that say nothing 11 of 20 instead of 18."


def test_a_policy_that_was_learned():
    found = told({"": rows(18), "renamed": rows(18)})["renamed"]
    assert (found.kind, found.sentence[:38]) == ("good", "It learned what the tools are for, not")


def test_five_rows_less_could_be_luck_and_six_could_not():
    for fewer, words in ((13, "could be luck; about"), (12, "leans on the names")):
        found = told({"": rows(18), "renamed": rows(fewer)})["renamed"]
        assert words in found.sentence
        assert found.kind == ("open" if fewer == 13 else "bad")


def test_how_many_tools_it_bears():
    tools = {"": 2, "distractors-3": 5, "distractors-8": 10, "distractors-18": 20}

    def bears(*right):
        asked = dict(zip(tools, [rows(18), *map(rows, right)], strict=True))
        return next(one for one in read(compare(asked, tools)) if one.variant.startswith("distractors"))

    assert bears(18, 17, 9).sentence == "It bears 10 tools; with 20 it falls to 9 of 20 instead of 18."
    assert bears(3, 2, 1).sentence == "It bears no more tools: with 5 in all 3 of 20 instead of 18."
    assert bears(18, 18, 18).sentence == "It bears 20 tools: among so many still 18 of 20."
    last = bears(18, 18, 16)
    assert last.kind == "open" and "could be luck" in last.sentence and last.variant == "distractors-18"


def test_other_changes():
    moved = told({"": rows(10), "case": rows(10, first=2)})["case"].sentence
    assert moved.endswith("as many are right, 10 of 20, though not in the same rows.")
    asked = {"": rows(18), "shuffled": rows(18), "short": rows(17), "case": rows(5), "typos": rows(19)}
    found = told(asked)
    assert found["shuffled"].sentence == "With the tools in another order the same 18 of 20 are right."
    assert found["short"].kind == "open" and "luck" in found["short"].sentence
    assert found["case"].kind == "bad" and "it gets worse: 5 of 20 instead of 18." in found["case"].sentence
    assert (
        found["typos"].kind == "good"
        and "19 of 20 instead of 18, which could be luck" in found["typos"].sentence
    )


def test_a_model_that_is_never_right_has_nothing_to_lose():
    (found,) = read(compare({"": rows(0), "renamed": rows(0)}, {}))
    assert found.sentence == (
        "It names the right tool in none of the 20 unchanged rows, so there is nothing to take away. Train it first."
    )


def test_too_few_rows_are_called_so():
    found = read(compare({"": rows(4, n=5), "short": rows(0, n=5)}, {}))
    assert found[0].kind == "open" and "could be luck" in found[0].sentence
    assert "Only 4 of the 5 unchanged rows are right" in found[-1].sentence
    assert LEAST == 6
