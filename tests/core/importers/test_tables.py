"""CSV and TSV as spreadsheets and people write them."""

import csv
import io

import pytest

from core.errors import StudioError
from core.importers import read_examples, tables
from core.schema import Tool, ToolCall

SEARCH = Tool(
    "search",
    "",
    {"type": "object", "properties": {"query": {"type": "string", "description": ""}}, "required": ["query"]},
)
HEADER = ["user_content", "tool_name", "tool_arguments"]
ARGUMENTS = '{"query": "a"}'


def table(*rows: list[str], separator: str = ",", newline: str = "\r\n") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=newline).writerows(rows)
    return out.getvalue().encode()


def read(data: bytes, name: str = "rows.csv", tools=(SEARCH,), **options):
    result = read_examples(data, name, list(tools), **options)
    assert result.total == len(result.examples) + len(result.rejected)
    return result


def test_a_table_with_our_headers_becomes_examples():
    result = read(table(HEADER, ["hello, you", "search", ARGUMENTS], ["thanks", "", ""]))
    assert [e.prompt for e in result.examples] == ["hello, you", "thanks"]
    assert result.examples[0].calls == (ToolCall("search", {"query": "a"}),)
    assert result.examples[1].calls == ()
    assert result.columns == HEADER and result.notes == []


@pytest.mark.parametrize(
    "header",
    [
        ["Prompt", "Tool", "Arguments"],
        [" QUESTION ", "Tool Name", "args"],
        ["text", "function", "Parameters"],
        ["User", "name", "tool-arguments"],
    ],
)
def test_headers_may_be_called_otherwise(header):
    assert read(table(header, ["hi", "search", ARGUMENTS])).examples[0].calls[0].name == "search"


@pytest.mark.parametrize("separator, word", [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_found_and_named(separator, word):
    data = table(HEADER, ["a, b, c", "search", '{"query": "x, y; z"}'], separator=separator)
    result = read(data)
    assert result.examples[0].prompt == "a, b, c"
    assert result.notes == [f"Columns are separated by {word}."]


def test_separator_of_a_table_without_header_is_the_one_that_gives_even_rows():
    rows = [[f"one, two, {'three, ' * n}", "search", '{"query": "x, y"}'] for n in range(6)]
    assert len(read(table(*rows, separator=";")).examples) == 6


def test_three_columns_without_a_header_are_taken_as_in_the_tuning_lab():
    result = read(table(["hi", "search", ARGUMENTS], ["thanks", "", ""]))
    assert (len(result.examples), result.total) == (2, 2)
    assert "no header" in result.notes[0]


def test_rows_are_counted_from_the_header_and_empty_ones_count_as_places():
    data = table(HEADER, ["ok", "search", ARGUMENTS], ["", "", ""], ["bad", "nope", "{}"])
    (reject,) = read(data).rejected
    assert (reject.row, reject.reason) == (4, "The tool nope does not exist.")
    assert reject.text.startswith("bad,nope")


def test_line_ends_inside_quotes_are_kept_exactly():
    prompt = "one\r\ntwo\nthree\rfour  "
    assert read(table(HEADER, [prompt, "search", ARGUMENTS])).examples[0].prompt == prompt


def test_a_cell_may_be_longer_than_the_csv_module_allows():
    prompt = "x" * 300_000
    assert read(table(HEADER, [prompt, "search", ARGUMENTS])).examples[0].prompt == prompt


def test_rows_with_too_many_or_too_few_cells_are_rejected():
    data = table(HEADER, ["a", "search"], ["a", "b", "search", ARGUMENTS], ["fine", "search", ARGUMENTS])
    result = read(data)
    assert [(r.row, r.reason[:28]) for r in result.rejected] == [
        (2, "The row has 2 cells, the tab"),
        (3, "The row has 4 cells, the tab"),
    ]
    assert len(result.examples) == 1


def test_a_quotation_mark_that_never_closes_is_one_reject_that_says_how_far_it_reached():
    data = (
        table(HEADER, ["ok", "search", ARGUMENTS]) + b'"never closed,search,{}\r\nmore,search,{}\r\nmore\r\n'
    )
    result = read(data)
    assert len(result.examples) == 1
    assert result.rejected[0].row == 3 and "2 lines after it" in result.rejected[0].reason


def test_a_quotation_mark_that_swallows_millions_of_characters_leaves_the_rest(monkeypatch):
    monkeypatch.setattr(tables, "LONGEST_ROW", 1000)
    more = table(*[["thanks", "", ""]] * 200)
    result = read(table(HEADER) + b'"never closed,search,{}\r\n' + more)
    assert 100 < len(result.examples) < 200 and result.rejected[0].row == 2
    assert "longer than 1,000 characters" in result.rejected[0].reason


def test_text_behind_a_closing_quotation_mark_costs_only_its_own_row():
    data = table(HEADER) + b'"a" b,search,{}\r\n' + table(["ok", "search", ARGUMENTS])
    result = read(data)
    assert [r.row for r in result.rejected] == [2] and len(result.examples) == 1


def test_two_columns_of_one_name_refuse_the_file():
    with pytest.raises(StudioError, match="Two columns are called tool_name"):
        read(table([*HEADER, "Tool Name"], ["a", "search", ARGUMENTS, "search"]))


def test_two_columns_of_one_meaning_refuse_the_file_unless_one_has_our_name():
    with pytest.raises(StudioError, match="prompt and text both mean user_content"):
        read(table(["prompt", "text", "tool", "args"], ["a", "b", "search", ARGUMENTS]))
    result = read(table(["user_content", "text", "tool", "args"], ["a", "b", "search", ARGUMENTS]))
    assert result.examples[0].prompt == "a" and result.notes == ["Not used: text."]


def test_a_column_we_do_not_know_is_named_and_a_misspelt_one_refuses_the_file():
    result = read(table([*HEADER, "id"], ["a", "search", ARGUMENTS, "7"]))
    assert result.notes == ["Not used: id."]
    with pytest.raises(StudioError, match="splitt is unknown; did you mean split"):
        read(table([*HEADER, "splitt"], ["a", "search", ARGUMENTS, "test"]))


@pytest.mark.parametrize(
    "header", [["Frage", "Werkzeug", "Wert"], ["prompt", "tool"], ["tool", "args"], ["prompt"]]
)
def test_missing_columns_are_named_with_those_found(header):
    with pytest.raises(StudioError) as caught:
        read(table(header, ["x"] * len(header)))
    assert ", ".join(header) in caught.value.hint and "user_content" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"  \r\n", b"\xef\xbb\xbf", table(HEADER), b",,\r\n,,\r\n"])
def test_a_file_without_rows_is_refused(data):
    with pytest.raises(StudioError):
        read(data)


@pytest.mark.parametrize(
    "cells, reason",
    [
        ([" ", "search", ARGUMENTS], "The prompt is empty."),
        (["a", "search", "query=a"], "The arguments of search are not JSON: Expecting value at character 1."),
        (["a", "search", "[1]"], 'The arguments of search are not a JSON object such as {"query": "..."}.'),
        (
            ["a", "search", '"text"'],
            'The arguments of search are not a JSON object such as {"query": "..."}.',
        ),
        (["a", "search", "null"], 'The arguments of search are not a JSON object such as {"query": "..."}.'),
        (["a", "search", '{"query": NaN}'], "NaN and Infinity are not numbers"),
        (["a", "search", '{"query": 1e999}'], "NaN and Infinity are not numbers"),
        (["a", "search", '{"query": "a", "query": "b"}'], "a name stands twice in one object"),
        (["a", "search", '{"query": "\\ud800"}'], "half of a character pair"),
        (["a", "search", '{"query": ' + "[" * 65 + "]" * 65 + "}"], "nested more than 64 levels"),
        (["a", "search", "[" * 100_000], "nested more than 64 levels"),
        (["a", "search", '{"query": ' + "9" * 5000 + "}"], "too many digits"),
        (["a", "search", "{}"], "query is missing."),
        (["a", "search", ""], "query is missing."),
        (["a", "search", '{"query": 1}'], "query should be text, not 1."),
        (["a", "search", '{"query": "a", "k": 1}'], "k is not a parameter of this tool."),
        (["a", "", ARGUMENTS], "There are arguments but no tool name."),
    ],
)
def test_rows_that_cannot_be_kept_say_why(cells, reason):
    (reject,) = read(table(HEADER, cells)).rejected
    assert reason in reject.reason and reject.row == 2 and len(reject.text) <= 200


def test_whole_numbers_may_have_64_bits_and_no_more():
    tool = Tool(
        "t",
        "",
        {"type": "object", "properties": {"n": {"type": "integer", "description": ""}}, "required": ["n"]},
    )
    numbers = (2**63 - 1, -(2**63), 2**63)
    result = read(table(HEADER, *[["a", "t", f'{{"n": {number}}}'] for number in numbers]), tools=[tool])
    assert [e.calls[0].arguments["n"] for e in result.examples] == [2**63 - 1, -(2**63)]
    assert result.rejected[0].row == 4 and "more than 64 bits" in result.rejected[0].reason


def test_without_tools_calls_are_not_checked():
    assert len(read(table(HEADER, ["a", "anything", '{"x": 1}']), tools=[]).examples) == 1


@pytest.mark.parametrize(
    "word, split",
    [("train", "train"), ("Training", "train"), (" test ", "test"), ("eval", "test"), ("VALIDATION", "test")],
)
def test_split_words(word, split):
    result = read(table([*HEADER, "split"], ["a", "search", ARGUMENTS, word]), default_split="train")
    assert result.examples[0].split == split


def test_an_empty_split_is_the_default_and_an_odd_one_is_rejected():
    data = table([*HEADER, "split"], ["a", "search", ARGUMENTS, ""], ["b", "search", ARGUMENTS, "maybe"])
    result = read(data, default_split="test")
    assert result.examples[0].split == "test"
    assert result.rejected[0].reason == "The split is 'maybe'; write train or test."


def test_the_split_may_stand_in_a_column_of_another_name():
    data = table([*HEADER, "Fold", "split"], ["a", "search", ARGUMENTS, "test", "train"])
    assert read(data, split_column="fold").examples[0].split == "test"
    with pytest.raises(StudioError, match="no column part"):
        read(data, split_column="part")


def test_reply_system_and_several_calls_in_columns():
    calls = (
        '[{"name": "search", "arguments": {"query": "a"}}, {"name": "search", "arguments": {"query": "b"}}]'
    )
    header = ["prompt", "tool_name", "tool_arguments", "calls", "reply", "system"]
    result = read(
        table(
            header,
            ["a", "", "", calls, "", ""],
            ["b", "", "", "", "No.", "Be brief."],
            ["c", "search", ARGUMENTS, calls, "", ""],
            ["d", "search", ARGUMENTS, "", "No.", ""],
        )
    )
    assert [c.arguments["query"] for c in result.examples[0].calls] == ["a", "b"]
    assert result.examples[1].reply == "No." and result.examples[1].turns[0].role == "system"
    assert [r.row for r in result.rejected] == [4, 5]


def test_a_call_between_marks_in_the_reply_is_a_call_and_no_word():
    marked = f'<tool_call>{{"name": "search", "arguments": {ARGUMENTS}}}</tool_call>'
    result = read(table(["prompt", "reply"], ["a", marked], ["b", "x < y"], ["c", "<tool_call>{"]))
    assert [(e.tools, e.reply) for e in result.examples] == [("search", ""), ("", "x < y")]
    assert [r.row for r in result.rejected] == [4]


def test_a_long_table_is_read_in_a_few_seconds():
    data = table(HEADER, *[[f"prompt {n}", "search", ARGUMENTS] for n in range(20_000)])
    assert len(read(data).examples) == 20_000
