"""Dividing examples into train and test."""

from collections import Counter
from dataclasses import replace

import pytest

from core.doctor.split import Count, division, split
from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, Turn


def rows(**sizes: int) -> list[Example]:
    """Examples of each tool, mixed; the tool `none` stands for no call."""
    made = [
        Example.single(f"{name} {n}", *([] if name == "none" else [ToolCall(name)]))
        for name, size in sizes.items()
        for n in range(size)
    ]
    return sorted(made, key=lambda example: example.prompt[::-1])


def held_out(examples: list[Example]) -> Counter:
    return Counter(e.prompt.split()[0] for e in examples if e.split == "test")


def test_each_tool_keeps_the_share():
    assert held_out(split(rows(a=20, b=10, none=4), 0.5, 0)) == {"a": 10, "b": 5, "none": 2}
    assert held_out(split(rows(a=100, b=10), 0.2, 0)) == {"a": 20, "b": 2}


def test_the_sum_is_right_where_rows_cannot_be_cut():
    result = held_out(split(rows(a=5, b=5, c=5, d=5), 0.5, 0))
    assert sum(result.values()) == 10 and set(result.values()) == {2, 3}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99, 1 - 2**-53])
@pytest.mark.parametrize("sizes", [{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 1}, {"a": 50, "b": 2}])
def test_a_row_to_learn_from_always_remains(share, sizes):
    result = held_out(split(rows(**sizes), share, 3))
    assert all(result[name] < size for name, size in sizes.items())
    assert all(abs(result[name] - size * share) <= 1 for name, size in sizes.items())


def test_only_the_split_changes_and_the_order_is_kept():
    examples = [replace(e, id=n, split="test") for n, e in enumerate(rows(a=9, b=7))]
    result = split(examples, 0.5, 1)
    assert [replace(e, split="test") for e in result] == examples


def test_equal_seeds_divide_equally_and_others_otherwise():
    examples = rows(a=30, b=30)
    assert split(examples, 0.5, 1) == split(examples, 0.5, 1)
    assert split(examples, 0.5, 1) != split(examples, 0.5, 2)


def test_a_new_tool_does_not_move_the_rows_of_the_others():
    few, more = split(rows(a=30), 0.5, 1), split(rows(a=30, b=10), 0.5, 1)
    assert [e for e in more if e.calls[0].name == "a"] == few


def test_rows_that_ask_the_same_stay_on_one_side():
    examples = rows(a=20, b=20)
    examples += [replace(e, turns=(replace(e.turns[0], content=f" {e.prompt.upper()} "),)) for e in examples]
    result = split(examples, 0.5, 0)
    sides = {}
    for example in result:
        sides.setdefault(example.prompt.strip().lower(), set()).add(example.split)
    assert all(len(side) == 1 for side in sides.values())
    assert sum(held_out(result).values()) == 40


def test_a_prompt_said_too_often_for_the_test_part_is_learnt():
    often = [Example.single("often", ToolCall("a")) for _ in range(6)]
    assert held_out(split([*often, *rows(a=3)], 0.5, 0)) == {"a": 3}
    assert held_out(split(often, 0.5, 0)) == {}


def test_calls_of_several_tools_are_a_label_of_their_own():
    both = [Example.single(f"both {n}", ToolCall("a"), ToolCall("b")) for n in range(4)]
    assert held_out(split([*rows(a=4, b=4), *both], 0.5, 0)) == {"a": 2, "b": 2, "both": 2}


def test_nothing_to_divide_and_no_test_share():
    assert split([], 0.5, 0) == []
    assert held_out(split(rows(a=4), 0, 0)) == {}


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(StudioError):
        split(rows(a=4), share, 0)


def test_nearly_the_same_stays_on_one_side_and_answers_tell_what_that_is():
    call = ToolCall("a", {"q": "x"})
    kinds = ["old", "new", "sad", "long", "short", "weird", "french", "funny", "quiet", "loud"]
    pairs = [
        (f"find the best {k} film for tonight", f"please find the very best {k} film for tonight")
        for k in kinds
    ]
    examples = [Example.single(text, call) for pair in pairs for text in pair]
    for seed in range(5):
        result = split(examples, 0.5, seed)
        assert all(result[n].split == result[n + 1].split for n in range(0, len(result), 2))
        assert {e.split for e in result} == {"train", "test"}


def test_templates_are_not_taken_for_one_row():
    cities = ["rome", "oslo", "paris", "madrid", "lisbon", "vienna", "athens", "dublin", "prague", "warsaw"]
    examples = [Example.single(f"what is the weather in {c}", ToolCall("a", {"in": c})) for c in cities]
    assert held_out(split(examples, 0.5, 0)).total() == 5


def test_the_same_words_after_other_system_texts_are_other_questions_unless_the_answer_is_the_same():
    def told(system: str, query: str) -> Example:
        return Example((Turn("system", system), Turn("user", "go on")), (ToolCall("a", {"q": query}),))

    assert held_out(split([told(f"Text {n}.", f"{n}") for n in range(10)], 0.5, 0)).total() == 5
    assert held_out(split([told(f"Text {n}.", "x") for n in range(10)], 0.5, 0)).total() == 0


def test_the_parts_are_counted_for_each_tool_and_for_none():
    both = Example.single("x", ToolCall("b"), ToolCall("a"), ToolCall("a"), split="test")
    history = Example(
        (Turn("user", "x"), Turn("assistant", calls=(ToolCall("a"),)), Turn("user", "y")), reply="No."
    )
    examples = [*rows(a=3, none=2), both, history, Example.single("gone", ToolCall("gone"))]
    assert division([Tool("a"), Tool("b"), Tool("c")], examples) == [
        Count("a", 3, 1),
        Count("b", 0, 1),
        Count("c", 0, 0),
        Count("gone", 1, 0),
        Count("", 3, 0),
    ]
