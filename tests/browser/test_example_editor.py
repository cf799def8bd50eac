"""The editor of an example in a browser: nested arguments, conversations, a keyboard alone, and mistakes."""

import pytest
from browser.conftest import Studio, redrawn
from playwright.sync_api import Locator, Page, Route, expect

from core.schema import Example, ToolCall, Turn, read_tool
from core.settings import Settings
from core.store import open_store, projects

pytestmark = pytest.mark.browser

TRIP, _ = read_tool(
    {
        "name": "plan_trip",
        "parameters": {
            "type": "object",
            "required": ["traveller"],
            "properties": {
                "traveller": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string"}, "member": {"type": "integer"}},
                },
                "tags": {"type": "array", "items": {"type": "string"}},
                "note": {"type": "string"},
                "stops": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["city"],
                        "properties": {"city": {"type": "string"}, "quiet": {"type": "boolean"}},
                    },
                },
            },
        },
    }
)
HOTEL, _ = read_tool(
    {
        "name": "find_hotel",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {
                "city": {"type": "string"},
                "stars": {"type": "integer"},
                "board": {"type": "string", "enum": ["none", "half"]},
            },
        },
    }
)
KEPT = (
    Example.single("  Two\r\n lines ", reply=" No.\n\nReally. "),
    Example.single("Far", ToolCall("find_hotel", {"city": "  x\r\ny", "stars": 2**60 + 1})),
    Example.single("Gone", ToolCall("gone", {"city": "Bern", "stars": "3", "colour": "red"}), split="test"),
)
NEXT_FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
MEANT = "Bern for Ann, who is member 9007199254740993"


@pytest.fixture
def project(studio: Studio, page: Page) -> str:
    """The one project of this studio, with nothing but its tools and KEPT, open on the Examples tab."""
    with open_store(Settings(studio.home)) as db:
        id = (projects.listed(db) or [projects.create(db, "Trips")])[0].id
        for tool in (HOTEL, TRIP):
            projects.save_tool(db, id, tool, tool.name)
        projects.delete_examples(db, id, [one.id for one in projects.examples(db, id)])
        projects.add_examples(db, id, list(KEPT))
    page.goto(studio.address)
    expect(page.locator(".cw-card", has_text="plan_trip")).to_be_visible()
    page.get_by_role("tab", name="Examples").click()
    expect(page.locator(".cw-row")).to_have_count(len(KEPT))
    return id


def editor(page: Page) -> Locator:
    return page.locator(".cw-editor").filter(visible=True)


def press(page: Page, name: str) -> None:
    """Press a button that draws the editor anew, and wait until it is drawn."""
    page.get_by_role("button", name=name).click()
    redrawn(page)


def add(page: Page) -> None:
    press(page, "Add an example")
    expect(page.get_by_role("heading", name="New example")).to_be_visible()


def open_row(page: Page, prompt: str) -> None:
    page.locator(".cw-row", has_text=prompt).click()
    redrawn(page)
    expect(page.get_by_label("Someone says")).to_have_value(prompt)


def choose(page: Page, label: str, option: str, place: int = 0) -> None:
    page.get_by_label(label, exact=True).nth(place).click()
    page.get_by_role("option", name=option, exact=True).click()
    redrawn(page)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save example").click()
    expect(page.get_by_text("is saved.").first).to_be_visible()


def pick(page: Page, *keys: str) -> None:
    """Choose from the list that has the focus."""
    expect(page.get_by_role("option").first).to_be_visible()
    for key in (*keys, "Enter"):
        page.keyboard.press(key)
        page.evaluate(NEXT_FRAME)  # Gradio's list takes a key a frame


def stored(studio: Studio, project: str) -> list[Example]:
    with open_store(Settings(studio.home)) as db:
        return projects.examples(db, project)


def test_nested_groups_and_lists_are_filled_in(studio: Studio, page: Page, project: str) -> None:
    add(page)
    page.get_by_label("Someone says").fill(MEANT)
    choose(page, "The model should", "call plan_trip")
    page.get_by_label("name (text, required)").fill(" Ann ")
    page.get_by_label("member (whole number, may be left out)").fill("9007199254740993")
    page.get_by_label("tags (one a line, may be left out)").fill('warm\n""\n by day')
    page.get_by_label("note (text, may be left out)").fill('""')
    for place, city in enumerate(("Bern", "Rome", "Oslo")):
        press(page, "Add to stops")
        cities = page.get_by_label("city (text, required)")
        expect(cities).to_have_count(place + 1)
        cities.nth(place).fill(city)
    editor(page).get_by_label("no", exact=True).nth(1).check()
    press(page, "Remove stops 1")
    expect(page.get_by_label("city (text, required)")).to_have_count(2)
    expect(page.get_by_label("city (text, required)").first).to_have_value("Rome")
    save(page)
    arguments = {
        "traveller": {"name": " Ann ", "member": 9007199254740993},
        "tags": ["warm", "", " by day"],
        "note": "",
        "stops": [{"city": "Rome", "quiet": False}, {"city": "Oslo"}],
    }
    made = stored(studio, project)[-1]
    assert made == Example((Turn("user", MEANT),), (ToolCall("plan_trip", arguments),), id=made.id)


def test_no_call_is_answered_in_words(studio: Studio, page: Page, project: str) -> None:
    add(page)
    page.get_by_label("Someone says").fill("Thanks!")
    choose(page, "The model should", "call nothing and answer in words")
    page.get_by_label("Its answer").fill("You are welcome.\nAnything else? ")
    page.get_by_label("testing with").check()
    save(page)
    made = stored(studio, project)[-1]
    assert (made.prompt, made.calls, made.split) == ("Thanks!", (), "test")
    assert made.reply == "You are welcome.\nAnything else? "


def test_an_example_goes_on_with_the_result_of_its_call(studio: Studio, page: Page, project: str) -> None:
    open_row(page, "Far")
    expect(page.get_by_label("stars (whole number, may be left out)")).to_have_value(str(2**60 + 1))
    press(page, "Continue with the tool's result")
    result = page.get_by_label("find_hotel returned")
    expect(result).to_be_focused()
    press(page, "Save example")
    expect(page.locator(".cw-turn.wrong").get_by_role("alert")).to_contain_text("Nothing is written here yet")
    expect(result).to_be_focused()
    result.fill('{"hotel": "Bear",\n "free": 2}')
    press(page, "Save example")
    expect(page.get_by_role("alert")).to_contain_text("says nothing after it")
    page.get_by_label("What it tells the person about the result").fill("The Bear has two rooms.")
    press(page, "a message and its answer")
    said = page.get_by_label("Someone said")
    expect(said).to_be_focused()
    said.fill("Hello")
    page.get_by_label("The model answered").fill("Hello! Where to?")
    press(page, "instructions")
    page.get_by_label("Instructions to the model").fill("Be kind.")
    save(page)
    call = ToolCall("find_hotel", {"city": "  x\r\ny", "stars": 2**60 + 1})
    turns = (
        Turn("system", "Be kind."),
        Turn("user", "Hello"),
        Turn("assistant", "Hello! Where to?"),
        Turn("user", "Far"),
        Turn("assistant", "", (call,)),
        Turn("tool", '{"hotel": "Bear",\n "free": 2}', name="find_hotel"),
    )
    made = stored(studio, project)
    assert made[-1] == Example(turns, (), "The Bear has two rooms.", "train", made[-1].id)
    assert len(made) == len(KEPT) + 1 and made[1].calls == (call,), "the one it began with is as it was"


def test_turns_are_put_in_order_and_removed(studio: Studio, page: Page, project: str) -> None:
    add(page)
    page.get_by_label("Someone says").fill("And in Rome?")
    press(page, "Add what came before")
    press(page, "a call and its result")
    expect(page.get_by_label("find_hotel returned")).to_be_visible()
    choose(page, "The model called", "call plan_trip")
    expect(page.get_by_label("plan_trip returned")).to_be_visible()
    press(page, "Move message 2 up")
    expect(page.locator(".cw-turn-name")).to_have_text(
        ["The model called", "plan_trip returned", "Someone says"]
    )
    press(page, "Remove message 1")
    expect(page.locator(".cw-turn")).to_have_count(1)
    page.get_by_label("city (text, required)").fill("Rome")
    save(page)
    assert stored(studio, project)[-1].turns == (Turn("user", "And in Rome?"),)


def test_what_is_only_looked_at_and_saved_does_not_change(studio: Studio, page: Page, project: str) -> None:
    before = stored(studio, project)
    for place in (0, 1):
        page.locator(".cw-row").nth(place).click()
        expect(page.get_by_role("heading", name=f"Example {before[place].id}")).to_be_visible()
        page.get_by_role("button", name="Save example").click()
        expect(page.get_by_text(f"Example {before[place].id} is saved.")).to_be_visible()  # for ten seconds
        redrawn(page)
    assert stored(studio, project) == before


def test_a_call_of_a_missing_tool_becomes_one_that_exists(studio: Studio, page: Page, project: str) -> None:
    open_row(page, "Gone")
    expect(editor(page)).to_contain_text("The tool gone does not exist.")
    expect(page.locator(".cm-content").filter(visible=True)).to_contain_text('"colour"')
    choose(page, "The model should", "call find_hotel")
    expect(editor(page)).to_contain_text("colour is not a parameter of this tool.")
    press(page, "Arguments as a form")
    expect(editor(page)).to_contain_text("Left out, because it does not fit this tool: colour.")
    expect(page.get_by_label("stars (whole number, may be left out)")).to_have_value("3")
    save(page)
    assert stored(studio, project)[2].calls == (ToolCall("find_hotel", {"city": "Bern", "stars": 3}),)


def test_a_mistake_keeps_what_was_typed(studio: Studio, page: Page, project: str) -> None:
    add(page)
    page.get_by_label("Someone says").fill("Find one")
    page.get_by_label("stars (whole number, may be left out)").fill("3 or 4")
    page.get_by_label("city (text, required)").press("Control+Enter")
    redrawn(page)
    expect(page.locator(".cw-call-form.wrong").get_by_role("alert")).to_contain_text(
        "'3 or 4' is not a number"
    )
    expect(page.get_by_label("stars (whole number, may be left out)")).to_have_value("3 or 4")
    expect(page.get_by_label("Someone says")).to_have_value("Find one")
    page.get_by_label("stars (whole number, may be left out)").fill("4")
    press(page, "Save example")
    expect(page.get_by_role("alert")).to_contain_text("city is missing.")
    assert len(stored(studio, project)) == len(KEPT)


def test_a_keyboard_alone_makes_an_example(studio: Studio, page: Page, project: str) -> None:
    page.get_by_role("button", name="Add an example").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Someone says")).to_be_focused()
    page.keyboard.type("Somewhere to sleep in Bern")
    page.keyboard.press("Tab")
    expect(page.get_by_label("The model should")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("city (text, required)")).to_be_focused()
    page.keyboard.type("Bern")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    expect(page.get_by_label("board (choice, may be left out)")).to_be_focused()
    pick(page, "ArrowDown", "ArrowDown")
    expect(page.get_by_label("board (choice, may be left out)")).to_have_value("half")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("is saved.").first).to_be_visible()
    expect(page.get_by_label("board (choice, may be left out)")).to_be_focused()
    arguments = {"city": "Bern", "stars": 3, "board": "half"}
    assert stored(studio, project)[-1].calls == (ToolCall("find_hotel", arguments),)

    tool = page.get_by_label("The model should")
    tool.focus()
    pick(page, "ArrowDown")
    expect(page.get_by_label("name (text, required)")).to_be_visible()
    expect(tool).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(0)


def test_a_copy_and_a_deleted_example(studio: Studio, page: Page, project: str) -> None:
    open_row(page, "Far")
    press(page, "Duplicate")
    expect(page.get_by_role("heading", name="New example")).to_be_visible()
    expect(page.get_by_label("Someone says")).to_be_focused()
    save(page)
    made = stored(studio, project)
    assert made[-1].calls == made[1].calls and made[-1].id != made[1].id
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text(f"Example {made[-1].id} is deleted.")).to_be_visible()
    assert stored(studio, project) == made[:-1]


@pytest.mark.parametrize("passing", [0, 1], ids=["while it is asked for", "while it is drawn"])
def test_an_editor_that_is_drawn_anew_takes_nothing_until_it_is(
    studio: Studio, page: Page, project: str, passing: int
) -> None:
    open_row(page, "Far")
    before = stored(studio, project)
    ticks = page.evaluate(
        "gradio_config.dependencies.filter(one => one.targets.some(([, event]) => event === 'tick')).map(one => one.id)"
    )
    passed: list[Route] = []
    held: list[Route] = []

    def hold(route: Route) -> None:
        if (route.request.post_data_json or {})["fn_index"] in ticks:
            route.continue_()
        elif len(passed) < passing:
            passed.append(route)
            route.continue_()
        else:
            held.append(route)

    page.route("**/queue/join*", hold)
    page.get_by_role("button", name="Add what came before").click()
    while not held:
        page.wait_for_timeout(20)
    said = page.get_by_label("Someone says")
    said.focus()
    page.keyboard.type("lost")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Delete", exact=True).filter(visible=True).evaluate("one => one.click()")
    page.keyboard.press("Alt+ArrowDown")
    expect(said).to_have_value("Far")
    passing = 1000
    while held:
        held.pop().continue_()
    redrawn(page)
    expect(page.get_by_role("button", name="instructions")).to_be_visible()
    expect(said).to_have_value("Far")
    said.fill("Farther")
    save(page)
    assert [one.prompt for one in stored(studio, project)] == [before[0].prompt, "Farther", before[2].prompt]


@pytest.mark.parametrize("keys", [True, False], ids=["keys", "buttons"])
def test_the_neighbours_in_the_list_are_one_step_away(page: Page, project: str, keys: bool) -> None:
    def step(key: str, name: str) -> None:
        if keys:
            redrawn(page)
            page.keyboard.press(f"Alt+{key}")
        else:
            page.get_by_role("button", name=name).click()

    open_row(page, "Far")
    step("ArrowDown", "Next example")
    expect(page.get_by_label("Someone says")).to_have_value("Gone")
    expect(page.get_by_label("Someone says")).to_be_focused()
    step("ArrowDown", "Next example")
    expect(page.get_by_text("This is the last example of the list.")).to_be_visible()
    step("ArrowUp", "Previous example")
    expect(page.get_by_label("Someone says")).to_have_value("Far")


def test_the_editor_is_not_wider_than_a_phone(page: Page, project: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_row(page, "Far")
    press(page, "Continue with the tool's result")
    expect(page.get_by_label("find_hotel returned")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    right = page.locator(".cw-example").bounding_box()
    for box in (part.bounding_box() for part in page.locator(".cw-turn, .cw-turn textarea").all()):
        assert box and right and box["x"] + box["width"] <= right["x"] + right["width"] + 1
