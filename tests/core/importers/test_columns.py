"""What columns mean: guessed, chosen by the user, or unclear and handed back to be chosen."""

import pytest

from core.errors import StudioError
from core.importers.outcome import ColumnsUnclear
from core.schema import Tool, ToolCall
from tests.core.importers.test_tables import ARGUMENTS, HEADER, read, table

FOREIGN = table(
    ["Frage", "Werkzeug", "Argumente", "Menge"],
    ["where is it?", "search", ARGUMENTS, "test"],
    ["and who was that?", "search", ARGUMENTS, "train"],
)


def test_foreign_headers_are_understood_by_what_stands_below_them():
    result = read(FOREIGN)
    assert [(e.prompt, e.tools, e.split) for e in result.examples] == [
        ("where is it?", "search", "test"),
        ("and who was that?", "search", "train"),
    ]
    assert result.notes == [
        "Taken by what stands in them: Werkzeug as tool_name, Argumente as tool_arguments, "
        "Menge as split, Frage as user_content."
    ]


def test_two_columns_that_could_be_the_prompt_are_not_guessed_but_handed_back():
    data = table(
        ["Frage", "Notiz", "Werkzeug", "Argumente"], ["where is it?", "asked twice", "search", ARGUMENTS]
    )
    with pytest.raises(ColumnsUnclear) as caught:
        read(data)
    assert [column.name for column in caught.value.columns] == ["Frage", "Notiz", "Werkzeug", "Argumente"]
    assert caught.value.columns[0].cells == ("where is it?",)
    result = read(data, mapping={"frage": "user_content"})
    assert result.examples[0].prompt == "where is it?" and "Not used: Notiz." in result.notes


def test_what_is_chosen_wins_over_what_a_header_says():
    data = table(["prompt", "text", "tool", "args"], ["a", "b", "search", ARGUMENTS])
    assert read(data, mapping={"text": "user_content"}).examples[0].prompt == "b"
    assert read(data, mapping={"text": ""}).examples[0].prompt == "a"


def test_a_choice_may_leave_a_column_out():
    data = table([*HEADER, "reply"], ["a", "search", ARGUMENTS, "a remark"])
    assert read(data).rejected and read(data, mapping={"reply": ""}).examples


@pytest.mark.parametrize(
    "mapping, words",
    [
        ({"nowhere": "reply"}, "no column nowhere"),
        ({"tool_name": "colour"}, "cannot mean colour"),
        ({"tool_name": "reply", "user_content": "reply"}, "Two columns are to mean reply"),
    ],
)
def test_choices_that_make_no_sense_are_refused(mapping, words):
    with pytest.raises(StudioError, match=words):
        read(table(HEADER, ["a", "search", ARGUMENTS]), mapping=mapping)


def test_names_in_json_rows_can_be_chosen_too():
    data = b'{"frage": "a", "werkzeug": "search", "wert": {"query": "x"}}\n{"frage": "b", "reply": "No."}\n'
    mapping = {"frage": "user_content", "werkzeug": "tool_name", "wert": "tool_arguments"}
    result = read(data, "rows.jsonl", mapping=mapping)
    assert [(e.prompt, e.reply) for e in result.examples] == [("a", ""), ("b", "No.")]


def test_an_argument_may_stand_in_a_column_of_any_name():
    data = table(["prompt", "tool", "Suchwort"], ["a", "search", "rome"], ["b", "search", ""])
    result = read(data, mapping={"Suchwort": "argument:query"})
    assert result.examples[0].calls == (ToolCall("search", {"query": "rome"}),)
    assert result.rejected[0].reason == "query is missing."


def test_a_header_that_is_a_parameter_is_no_second_prompt_or_tool():
    tool = Tool(
        "call",
        "",
        {
            "type": "object",
            "properties": {name: {"type": "string", "description": ""} for name in ("text", "name")},
            "required": [],
        },
    )
    data = table(["prompt", "tool", "Text", "name"], ["ring Ann and say hi", "call", "hi", "Ann"])
    assert read(data, tools=[tool]).examples[0].calls[0].arguments == {"text": "hi", "name": "Ann"}


def test_arguments_without_a_tool_are_refused():
    data = table(["prompt", "tool", "query"], ["a", "", "x"], ["b", "search", "y"])
    assert read(data).rejected[0].reason == "There are arguments but no tool name."


def test_tools_without_parameters_need_no_arguments():
    data = table(["prompt", "tool"], ["light!", "light_on"])
    assert read(data, tools=[Tool("light_on")]).examples[0].calls == (ToolCall("light_on"),)
