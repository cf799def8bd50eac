"""Where in a JSON text a problem is: the line of a parameter, and of a name that stands twice."""

import pytest

from core.errors import StudioError
from studio.editors import tool_draft
from studio.views import json_place

DEFINITION = """{
  "function": {
    "name": "book",
    "parameters": {
      "properties": {
        "items": {"type": "array",
          "items": {"properties": {
            "level": {"type": "colour"}}}},
        "level": {"type": "string", "description": "\\"level\\": {"}
      }
    }
  }
}"""


@pytest.mark.parametrize(
    ("where", "line"),
    [("book.items[].level", 8), ("book.items", 6), ("book.level", 9), ("name", 3), ("book.parameters", 4),
     ("book.nowhere", None), ("book", 4)],
)  # fmt: skip
def test_a_place_in_a_definition_is_found_by_its_line(where: str, line: int | None) -> None:
    assert json_place.line_of(DEFINITION, where) == line


def test_a_name_that_stands_twice_is_found_by_its_line() -> None:
    assert json_place.repeated('{"a": [{"x": 1},\n {"x": 2}],\n "b": {"a": 1},\n "a": 3}') == ("a", 4)
    assert json_place.repeated(DEFINITION) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{"name": "book",\n "parameters": {"properties": {\n  "type": {"type": "string"}}}}',
            "Line 3: A param",
        ),
        ('{"name": "book",\n "name": "book"}', "Line 2: the name name stands twice"),
        ('{"name": "book",\n "parameters" {}}', "line 2"),
        ('{"name":\n "two words"}', "Line 1: The tool name"),
        ("[1]", "must be a JSON object"),
        ('{"name": "deep", "parameters": ' + '{"a":' * 900 + "1" + "}" * 901, "nested more than"),
        ("7", "must be a JSON object"),
    ],
)
def test_a_problem_in_json_is_shown_with_its_line(text: str, words: str) -> None:
    with pytest.raises(StudioError, match=words) as raised:
        tool_draft.tool_in({**tool_draft.opened(None), "view": "json", "json": text})
    assert raised.value.where == "json"
