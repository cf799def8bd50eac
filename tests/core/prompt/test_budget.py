"""What fits into a row: exact with a tokenizer, an honest estimate without."""

from dataclasses import replace

import pytest

from core.prompt import encode, family_of
from core.prompt.budget import LIMIT, budget, declaration_cost, longest
from core.schema import Example, Tool, ToolCall

EXAMPLES = [
    replace(Example.single("policy? " * n, ToolCall("search_docs", {"query": "policy"})), id=n)
    for n in (1, 9, 4)
]


@pytest.mark.parametrize("kind", ["gemma", "tagged", "listed", "bare"])
def test_a_declaration_costs_what_the_prompt_grows_by(kind, tools, request):
    tokenizer = request.getfixturevalue(kind)
    family = family_of(tokenizer)
    rows = [encode(EXAMPLES[0], shown, family, tokenizer) for shown in (tools[:1], tools)]
    grown = rows[1].prompt_length - rows[0].prompt_length
    cost = declaration_cost(tools[1], tokenizer)
    assert cost.exact and cost.tokens == grown


def test_the_parts_are_the_longest_row_and_the_room(tools, gemma):
    family = family_of(gemma)
    found = budget(tools, EXAMPLES, family, gemma, 4000)
    row = encode(EXAMPLES[1], tools, family, gemma)
    assert found.example == 9 and found.exact
    assert found.declarations + found.longest_prompt == row.prompt_length
    assert found.longest_answer == len(row.input_ids) - row.prompt_length
    assert found.room_left == 4000 - len(row.input_ids)
    assert set(found.by_tool) == {"search_docs", "search_web"}
    assert sum(found.by_tool.values()) <= found.declarations


def test_as_many_tools_as_it_says_fit_and_no_more(tools, gemma):
    family = family_of(gemma)
    same = [replace(tools[0], name=f"search_{n:03}") for n in range(40)]
    rows = [replace(EXAMPLES[0], calls=(ToolCall("search_000", {"query": "x"}),))]
    found = budget(same[:3], rows, family, gemma, 4000)
    fits = found.more_tools
    assert fits and budget(same[: 3 + fits], rows, family, gemma, 4000).room_left >= 0
    assert budget(same[: 4 + fits], rows, family, gemma, 4000).room_left < 0


def test_over_the_limit_no_tool_fits(tools, gemma):
    found = budget(tools, EXAMPLES, family_of(gemma), gemma, 100)
    assert found.room_left < 0 and found.more_tools == 0


def test_without_examples_or_tools(tools, gemma):
    family = family_of(gemma)
    assert budget(tools, [], family, gemma, LIMIT).longest_answer == 0
    assert budget([], EXAMPLES, family, gemma, LIMIT).more_tools is None
    assert budget([], [], family, gemma, LIMIT).declarations == 0


def test_a_row_that_cannot_be_written_is_left_to_the_gate(tools, gemma):
    broken = replace(EXAMPLES[1], turns=())
    assert budget(tools, [broken, EXAMPLES[0]], family_of(gemma), gemma, LIMIT).example == 1


def test_the_estimate_needs_no_tokenizer_and_says_so(tools):
    cost = declaration_cost(tools[0])
    assert not cost.exact and 20 < cost.tokens < 60
    wordy = replace(tools[0], description="Our documents. " * 20)
    assert declaration_cost(wordy).tokens > cost.tokens + 60
    assert not budget(tools, EXAMPLES).exact
    assert declaration_cost(Tool("f", "漢字" * 50)).tokens > declaration_cost(Tool("f", "ab" * 50)).tokens


def test_the_longest_come_first():
    assert [example.id for example in longest(EXAMPLES, 2)] == [9, 4]
