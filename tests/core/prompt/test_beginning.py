"""Where a call's name ends among its tokens, in every format."""

import pytest

from core.prompt import family_of
from core.prompt.beginning import beginnings_of
from core.schema import Tool

WITH = {"type": "object", "properties": {"query": {"type": "string", "description": ""}}, "required": []}
TOOLS = [Tool("search", "", WITH), Tool("search_web"), Tool("call", "", WITH), Tool("a", "", WITH)]


@pytest.mark.parametrize(
    ("fixture", "before", "after"),
    [
        ("gemma", "<start_function_call>call:", "{"),
        ("tagged", '<tool_call>\n{"name": "', '"'),
        ("listed", '[TOOL_CALLS][{"name": "', '"'),
        ("bare", '{"name": "', '"'),
    ],
)
def test_a_beginning_goes_up_to_what_ends_the_name(request, fixture, before, after):
    tokenizer = request.getfixturevalue(fixture)
    begin = beginnings_of(TOOLS, family_of(tokenizer), tokenizer)
    assert begin.lead == ()
    assert {name: tokenizer.decode(call) for name, call in begin.calls.items()} == {
        tool.name: before + tool.name + after for tool in TOOLS
    }


def test_what_calls_and_words_begin_with_is_no_part_of_a_call(tagged):
    """Templates that write an empty thought before every answer."""
    answers = "{{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content }}"
    assert answers in tagged.chat_template
    thoughts = answers.replace(
        "message.content", "('<think></think>' if message.role == 'assistant' else '') ~ message.content"
    )
    before = tagged.chat_template
    tagged.chat_template = before.replace(answers, thoughts)
    try:
        begin = beginnings_of(TOOLS[:1], family_of(tagged), tagged)
    finally:
        tagged.chat_template = before
    assert tagged.decode(begin.lead) == "<think></think>"
    assert tagged.decode(begin.calls["search"]) == '<tool_call>\n{"name": "search"'
