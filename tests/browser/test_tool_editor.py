"""The editor of a tool: its form and its JSON, and what happens to the examples when it changes."""

import pytest
from browser.conftest import Studio, redrawn
from playwright.sync_api import Locator, Page, expect

from core.importers import starters
from core.schema import Example, Tool, ToolCall, Turn, read_tool
from core.settings import Settings
from core.store import changes, open_store, projects

pytestmark = pytest.mark.browser


def opened(page: Page, studio: Studio, name: str = "") -> None:
    page.goto(studio.address)
    expect(page.locator(".cw-card").first).to_be_visible()
    if name:
        page.locator(".cw-card", has_text=name).click()
        redrawn(page)
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def field(page: Page, label: str, place: int = 0) -> Locator:
    return page.get_by_label(label, exact=True).nth(place)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def names(page: Page) -> list[str]:
    return [one.input_value() for one in page.get_by_label("Name", exact=True).all()][1:]


def choose_type(page: Page, place: int, kind: str) -> None:
    field(page, "Type", place).click()
    page.get_by_role("option", name=kind, exact=True).click()
    redrawn(page)


def typed_json(page: Page, text: str) -> None:
    editor = page.locator(".cm-content").filter(visible=True)
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    expect(editor).to_contain_text(text.split("\n")[-1])


def stored(studio: Studio, name: str) -> Tool:
    with open_store(Settings(studio.home)) as db:
        project = projects.listed(db)[0].id
        return next(tool for tool in projects.tools(db, project) if tool.name == name)


def with_tool(studio: Studio, name: str, parameters: dict, *examples: Example) -> list[int]:
    tool, _ = read_tool({"name": name, "description": "Books a room.", "parameters": parameters})
    with open_store(Settings(studio.home)) as db:
        if not projects.listed(db):  # no page was opened yet
            for starter in starters.starters():
                starters.load(db, starter.id)
        project = projects.listed(db)[0].id
        projects.save_tool(db, project, tool)
        return projects.add_examples(db, project, list(examples))


def rows(studio: Studio, ids: list[int]) -> list[Example]:
    with open_store(Settings(studio.home)) as db:
        project = projects.listed(db)[0].id
        return [projects.example(db, project, id) for id in ids]


ROOM = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "string"}, "old": {"type": "string"}},
    "required": ["query"],
}


def test_a_tool_is_made_in_the_form_with_groups_and_order(studio: Studio, page: Page) -> None:
    opened(page, studio)
    button(page, "Add a tool").click()
    redrawn(page)
    expect(page.get_by_role("heading", name="New tool")).to_be_visible()
    field(page, "Name").fill("plan_day")
    field(page, "Name", 1).fill("day")
    button(page, "Add a parameter").click()
    expect(field(page, "Name", 2)).to_be_focused()
    page.keyboard.type("stops")
    choose_type(page, 1, "list of groups")
    expect(page.locator(".cw-param")).to_have_count(3)
    field(page, "Name", 3).fill("level")
    choose_type(page, 2, "whole number")
    expect(field(page, "Allowed values")).to_be_focused()
    page.keyboard.type("1, 2, 3")
    button(page, "Add a parameter").click()
    expect(field(page, "Name", 4)).to_be_focused()
    page.keyboard.type("place")
    button(page, "Add a parameter").click()
    expect(field(page, "Name", 5)).to_be_focused()
    page.keyboard.type("last")

    button(page, "Move place into the group above").click()
    expect(page.locator(".cw-param.depth-1")).to_have_count(2)
    button(page, "Move place up").click()
    expect(field(page, "Name", 3)).to_have_value("place")
    redrawn(page)
    button(page, "Move stops up").press("Enter")  # with the keyboard, and all that is inside goes along
    expect(field(page, "Name", 1)).to_have_value("stops")
    assert names(page) == ["stops", "place", "level", "day", "last"]
    expect(button(page, "Move stops up")).to_be_disabled()
    redrawn(page)
    button(page, "Move last up").press("Enter")
    expect(field(page, "Name", 4)).to_have_value("last")
    expect(button(page, "Move last up")).to_be_focused()
    expect(page.get_by_text("This tool costs about")).to_be_visible()

    button(page, "JSON").click()
    expect(page.locator(".cm-content").filter(visible=True)).to_contain_text('"plan_day"')
    button(page, "Form").click()
    expect(field(page, "Name", 2)).to_have_value("place")
    button(page, "Save tool").click()
    expect(page.get_by_text("plan_day is saved.")).to_be_visible()
    tool = stored(studio, "plan_day")
    assert list(tool.properties) == ["stops", "last", "day"]
    items = tool.properties["stops"]["items"]
    assert list(items["properties"]) == ["place", "level"]
    assert items["properties"]["level"]["enum"] == [1, 2, 3]


def test_json_that_cannot_be_read_names_the_line(studio: Studio, page: Page) -> None:
    opened(page, studio, "web_search")
    button(page, "JSON").click()
    expect(page.locator(".cm-content").filter(visible=True)).to_contain_text('"web_search"')
    typed_json(page, '{"name": "web_search",\n"description": "x",\n"parameters": {"type" "object"}}')
    button(page, "Form").click()
    expect(page.get_by_role("alert")).to_contain_text("at line 3")
    typed_json(page, '{"name": "web_search",\n"parameters": {"properties": {\n"query": {"type": "colour"}}}}')
    button(page, "Save tool").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 3:")
    expect(page.locator(".cm-content").filter(visible=True)).to_contain_text("colour")


def test_a_change_is_previewed_applied_and_taken_back(studio: Studio, page: Page) -> None:
    conversation = Example(
        (
            Turn("user", "one"),
            Turn("assistant", "", (ToolCall("book_room", {"query": "first", "old": "gone"}),)),
            Turn("tool", "{}", name="book_room"),
            Turn("user", "and two"),
        ),
        (ToolCall("book_room", {"query": "second", "limit": "many"}),),
        split="test",
    )
    plain = Example.single("a room", ToolCall("book_room", {"query": "room", "limit": "3"}))
    ids = with_tool(studio, "book_room", ROOM, plain, conversation)
    before, tool_before = rows(studio, ids), stored(studio, "book_room")

    opened(page, studio, "book_room")
    field(page, "Name").fill("reserve")
    field(page, "Name", 1).fill("wanted")
    choose_type(page, 1, "whole number")
    expect(field(page, "Allowed values")).to_be_visible()
    page.get_by_label("Required").nth(1).check()
    button(page, "Remove old").click()
    expect(page.locator(".cw-param")).to_have_count(2)
    button(page, "Save tool").click()

    card = page.locator(".cw-preview")
    expect(card).to_contain_text("2 examples call this tool. Nothing is written yet.")
    expect(card).to_contain_text("book_room is now reserve: 3 calls follow.")
    expect(card).to_contain_text("query is now wanted: 3 calls follow.")
    expect(card).to_contain_text("old is gone: 1 call loses its value.")
    expect(card).to_contain_text("limit is required now, and 1 example lacks it.")
    expect(card).to_contain_text('limit is "many", which is not a whole number.')
    expect(card.locator("del", has_text='query: "room"')).to_be_visible()
    expect(card.locator("ins", has_text='wanted: "room"')).to_be_visible()
    assert rows(studio, ids) == before and stored(studio, "book_room") == tool_before

    redrawn(page)
    page.get_by_label("limit for them").fill("few")
    button(page, "Save the tool and its examples").click()
    expect(page.get_by_role("alert")).to_contain_text('limit is "few", which is not a whole number.')
    expect(page.get_by_label("limit for them")).to_have_value("few")
    redrawn(page)
    page.get_by_label("limit for them").fill("7")
    button(page, "Save the tool and its examples").click()
    expect(page.get_by_text("2 examples were changed with it.")).to_be_visible()
    expect(page.get_by_role("heading", name="reserve", exact=True)).to_be_visible()
    expect(page.locator(".cw-card", has_text="reserve")).to_contain_text("2 examples")
    plain_now, conversation_now = rows(studio, ids)
    assert plain_now.calls == (ToolCall("reserve", {"wanted": "room", "limit": 3}),)
    assert conversation_now.turns[1].calls == (ToolCall("reserve", {"wanted": "first", "limit": 7}),)
    assert conversation_now.turns[2].name == "reserve"
    assert conversation_now.calls == (ToolCall("reserve", {"wanted": "second", "limit": "many"}),)

    with open_store(Settings(studio.home)) as db:
        project = projects.listed(db)[0].id
        undone = changes.undo(db, project)
    assert undone.what == "book_room saved as reserve"
    assert rows(studio, ids) == before and stored(studio, "book_room") == tool_before


def test_back_from_the_preview_writes_nothing_and_loses_nothing(studio: Studio, page: Page) -> None:
    before = stored(studio, "web_search")
    opened(page, studio, "web_search")
    field(page, "Name", 1).fill("words")
    button(page, "Save tool").click()
    expect(button(page, "Save and change 32 examples")).to_be_visible()
    button(page, "Back").click()
    expect(field(page, "Name", 1)).to_have_value("words")
    expect(button(page, "Save tool")).to_be_focused()
    assert stored(studio, "web_search") == before


def test_a_new_name_typed_as_json_is_offered_as_one(studio: Studio, page: Page) -> None:
    [id] = with_tool(studio, "ring", ROOM, Example.single("a bell", ToolCall("ring", {"query": "bell"})))
    opened(page, studio, "ring")
    button(page, "JSON").click()
    expect(page.locator(".cm-content").filter(visible=True)).to_contain_text('"query"')
    typed_json(
        page,
        '{"name": "ring", "description": "Rings.", "parameters": {"type": "object", "properties": {\n'
        '"words": {"type": "string"}, "limit": {"type": "string"}, "old": {"type": "string"}}}}',
    )
    button(page, "Save tool").click()
    offer = page.get_by_label("words is the new name of query")
    expect(offer).to_be_checked()
    expect(page.locator(".cw-preview")).to_contain_text("query is now words: 1 call follows.")
    offer.uncheck()
    expect(page.locator(".cw-preview")).to_contain_text("query is gone: 1 call loses its value.")
    page.get_by_label("words is the new name of query").check()
    expect(page.locator(".cw-preview")).to_contain_text("query is now words: 1 call follows.")
    button(page, "Save and change 1 example").click()
    expect(page.get_by_text("1 example was changed with it.")).to_be_visible()
    assert rows(studio, [id])[0].calls == (ToolCall("ring", {"words": "bell"}),)


def test_a_tool_that_is_deleted_can_be_brought_back(studio: Studio, page: Page) -> None:
    with_tool(studio, "short_lived", ROOM)
    opened(page, studio, "short_lived")
    button(page, "Delete").click()
    expect(button(page, "Keep it")).to_be_focused()
    button(page, "Delete it").click()
    expect(page.get_by_text("short_lived is deleted.")).to_be_visible()
    with open_store(Settings(studio.home)) as db:
        assert changes.undo(db, projects.listed(db)[0].id).what == "short_lived deleted"
    assert stored(studio, "short_lived").properties.keys() == {"query", "limit", "old"}


def test_how_answers_are_compared_is_guessed_and_can_be_chosen(studio: Studio, page: Page) -> None:
    asked = ("how do I get a visa", "what does a room cost at night", "who can open the hall for us")
    wanted = ("visa application steps", "room price per night", "hall opening contact person")
    calls = [ToolCall("ask_room", {"query": text, "limit": "few"}) for text in wanted]
    with_tool(studio, "ask_room", ROOM, *map(Example.single, asked, calls))
    opened(page, studio, "ask_room")
    compared = page.get_by_label("Answers are compared", exact=True)
    expect(compared).to_have_count(3)
    expect(compared.nth(0)).to_have_value("guessed: free wording")
    expect(compared.nth(1)).to_have_value("guessed: exactly")
    expect(page.get_by_text("at least 50 % of its words")).to_be_visible()

    compared.nth(0).click()
    page.get_by_role("option", name="exactly", exact=True).click()
    field(page, "Name", 1).fill("wanted")
    choose_type(page, 1, "whole number")
    expect(compared).to_have_count(2)
    expect(compared.nth(0)).to_have_value("exactly")
    button(page, "Save tool").click()
    redrawn(page)
    button(page, "Save and change 3 examples").click()
    expect(page.get_by_text("ask_room is saved.")).to_be_visible()
    assert stored(studio, "ask_room").wording == {"wanted": "exact"}
    redrawn(page)
    expect(compared.nth(0)).to_have_value("exactly")

    compared.nth(0).click()
    page.get_by_role("option", name="guessed: free wording", exact=True).click()
    button(page, "Save tool").click()
    expect(compared.nth(0)).to_have_value("guessed: free wording")
    redrawn(page)
    assert stored(studio, "ask_room").wording == {}
