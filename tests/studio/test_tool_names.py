"""A tool changed in the form or in its JSON: new names, what follows them, and how the changes are shown."""

from dataclasses import replace

import pytest

from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, read_tool
from core.schema.migration import plan
from studio.editors import tool_draft
from studio.views import tool_preview, tool_rows
from studio.views.tool_rows import Row

NESTED, _ = read_tool(
    {
        "name": "plan",
        "description": "Plan a trip.",
        "parameters": {
            "type": "object",
            "properties": {
                "who": {"type": "string"},
                "stops": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "nights": {"type": "integer"}},
                    },
                },
            },
        },
    }
)


def with_names(draft: dict, **names: str) -> dict:
    rows = [{**part, "name": names.get(part["name"], part["name"])} for part in draft["rows"]]
    return {**draft, "rows": rows}


def test_a_new_name_is_told_from_a_new_parameter() -> None:
    draft = with_names(tool_draft.opened(NESTED), who="guest", stops="places", city="town")
    moved, offered = tool_draft.moves_in(draft, tool_draft.tool_in(draft)[0])
    assert moved == {
        "who": "guest",
        "stops": "places",
        "stops.city": "places.town",
        "stops.nights": "places.nights",
    }
    assert not offered
    rows = tool_draft.rows_in(tool_draft.opened(NESTED))
    replaced = [Row("new", 0, "guest"), *tool_rows.removed(rows, rows[0].uid)]
    draft = tool_draft.with_rows(tool_draft.opened(NESTED), replaced)
    assert tool_draft.moves_in(draft, tool_draft.tool_in(draft)[0]) == ({}, {})


def test_a_new_name_given_in_the_form_is_still_known_behind_the_json() -> None:
    draft = tool_draft.turned(with_names(tool_draft.opened(NESTED), city="town"), "json")
    draft["json"] = draft["json"].replace('"who"', '"guest"')
    back = tool_draft.turned(draft, "form")
    moved, offered = tool_draft.moves_in(back, tool_draft.tool_in(back)[0])
    assert moved == {"stops.city": "stops.town"}
    assert offered == {"who": "guest"}  # JSON does not say whether it is the same parameter


def test_only_what_was_typed_as_json_is_offered_as_a_new_name() -> None:
    draft = tool_draft.turned(tool_draft.opened(NESTED), "json")
    assert not tool_draft.turned(draft, "form")["by_json"]
    draft["json"] = draft["json"].replace("Plan a trip.", "Plan.")
    assert not tool_draft.turned(draft, "form")["by_json"]


def test_what_is_left_out_of_json_is_said_when_the_form_is_opened() -> None:
    draft = tool_draft.turned(tool_draft.opened(NESTED), "json")
    draft["json"] = draft["json"].replace('"type": "integer"', '"type": "integer", "minimum": 1')
    assert any("minimum" in note for note in tool_draft.turned(draft, "form")["notes"])


def test_original_names_pass_through_form_and_json_and_follow_a_renaming() -> None:
    tool = replace(NESTED, originals={"": "trips.plan", "stops.city": "City-Name"})
    draft = tool_draft.opened(tool)
    assert not tool_draft.unsaved(draft) and "trips.plan" not in draft["json"]
    back = tool_draft.turned(tool_draft.turned(draft, "json"), "form")
    assert tool_draft.tool_in(back)[0] == tool
    renamed = with_names({**back, "name": "itinerary"}, stops="places", city="town")
    assert tool_draft.tool_in(renamed)[0].originals == {"": "trips.plan", "places.town": "City-Name"}
    assert tool_draft.tool_in(tool_draft.turned(renamed, "json"))[0].originals == {
        "": "trips.plan",
        "places.town": "City-Name",
    }


def test_how_text_is_compared_passes_through_form_and_json_and_follows_a_renaming() -> None:
    tool = replace(NESTED, wording={"stops.city": "free"})
    draft = tool_draft.opened(tool)
    assert not tool_draft.unsaved(draft) and "wording" not in draft["json"]
    back = tool_draft.turned(tool_draft.turned(draft, "json"), "form")
    assert tool_draft.tool_in(back)[0] == tool
    renamed = with_names(back, stops="places", city="town")
    assert tool_draft.tool_in(renamed)[0].wording == {"places.town": "free"}
    assert tool_draft.tool_in(tool_draft.turned(renamed, "json"))[0].wording == {"places.town": "free"}


def with_wording(draft: dict, name: str, wording: str, **more: str) -> dict:
    rows = [{**row, "wording": wording, **more} if row["name"] == name else row for row in draft["rows"]]
    return {**draft, "rows": rows}


def test_how_text_is_compared_is_chosen_and_left_to_the_guess_again() -> None:
    chosen, _ = tool_draft.tool_in(with_wording(tool_draft.opened(NESTED), "city", "exact"))
    assert chosen.wording == {"stops.city": "exact"}
    draft = tool_draft.opened(chosen)
    assert tool_draft.unsaved(with_wording(draft, "city", ""))
    assert tool_draft.tool_in(with_wording(draft, "city", ""))[0].wording == {}
    assert tool_draft.tool_in(with_wording(draft, "city", "exact", kind="whole"))[0].wording == {}


def test_how_text_is_compared_follows_a_name_that_was_changed_in_the_json() -> None:
    tool = replace(NESTED, wording={"stops.city": "free"})
    draft = tool_draft.turned(tool_draft.opened(tool), "json")
    draft["json"] = draft["json"].replace('"city"', '"town"')
    new, _ = tool_draft.tool_in(draft)
    assert new.wording == {}  # whether it is the same parameter is asked before it is saved
    typed = tool_draft.read_back(draft, new)
    followed = tool_draft.with_wording(new, tool, tool_draft.rows_in(typed), {"stops.city": "stops.town"})
    assert followed.wording == {"stops.town": "free"}


def preview(old: Tool, new: Tool, *examples: Example, **moved: str) -> dict:
    return tool_preview.digest(plan(old, new, moved, examples, {}), new, {}, [])


def test_the_preview_says_each_change_in_words_and_escapes_what_it_shows() -> None:
    evil = "<b>x</b>"
    rows = [
        Example.single(f"{evil} {n}", ToolCall("plan", {"who": evil, "stops": [{"nights": n}]}))
        for n in range(7)
    ]
    draft = with_names({**tool_draft.opened(NESTED), "name": "go"}, who="guest")
    new = tool_draft.tool_in(draft)[0]
    shown = preview(NESTED, new, *rows, who="guest")
    words = tool_preview.words(shown)
    assert '<b class="mono">plan</b> is now <b class="mono">go</b>: 7 calls follow.' in words
    assert '<b class="mono">who</b> is now <b class="mono">guest</b>: 7 calls follow.' in words
    cards = tool_preview.pairs(shown)
    assert cards.count('class="cw-pair"') == 5 and "2 more" in cards
    assert evil not in cards and "&lt;b&gt;x&lt;/b&gt;" in cards
    assert "<span>stops.1.nights: 0</span>" in cards  # what stays is not marked
    assert "<del>who: " in cards and "<ins>guest: " in cards


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("3", {"type": "integer"}, 3),
        ("yes", {"type": "boolean"}, True),
        ("1, 2", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ('{"a": "5"}', {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 5}),
        ("hr", {"type": "string", "enum": ["hr", "it"]}, "hr"),
    ],
)
def test_a_value_for_a_required_parameter_is_read_as_its_type(text: str, schema: dict, value: object) -> None:
    assert tool_preview.fill_value(text, schema, "x") == value


@pytest.mark.parametrize(
    ("text", "schema"),
    [("few", {"type": "integer"}), ("{", {"type": "object"}), ("x", {"type": "string", "enum": ["hr"]})],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(text: str, schema: dict) -> None:
    with pytest.raises(StudioError) as raised:
        tool_preview.fill_value(text, schema, "trip.n")
    assert raised.value.where == "trip.n" and raised.value.message.startswith("trip.n")
