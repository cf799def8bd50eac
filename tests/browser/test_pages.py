"""What a user meets on single pages: bad input, a narrow screen, a keyboard, text that tries to be code."""

from pathlib import Path

import pytest
from browser.conftest import Studio, give, redrawn
from playwright.sync_api import Browser, Page, expect

from core.schema import Example, Tool, ToolCall
from core.settings import Settings
from core.store import open_store, projects

pytestmark = pytest.mark.browser
TABS = ("Tools", "Examples", "Train", "Runs", "Results", "Playground")
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def opened(page: Page, studio: Studio) -> Page:
    page.goto(studio.address)
    expect(page.locator(".cw-card").first).to_be_visible()
    return page


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()
    redrawn(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen(studio: Studio, page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{studio.address}/?__theme={theme}")
    expect(page.locator(".cw-card").first).to_be_visible()
    for name in TABS:
        tab(page, name)
        expect(page.get_by_role("heading", level=1).filter(visible=True)).to_have_count(1)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px too wide"
        shown = page.locator("button.primary").filter(visible=True)
        assert shown.count() <= 1, f"{name} has more than one primary button"


def test_a_keyboard_opens_a_tool_and_an_example(studio: Studio, page: Page) -> None:
    opened(page, studio)
    page.locator(".cw-card", has_text="web_search").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="web_search")).to_be_visible()
    expect(page.locator(".cw-card", has_text="web_search")).to_be_focused()
    tab(page, "Examples")
    page.locator(".cw-row").nth(2).focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Example 3")).to_be_visible()


def test_a_wrong_parameter_is_named_and_nothing_typed_is_lost(studio: Studio, page: Page) -> None:
    opened(page, studio)
    page.get_by_role("button", name="Add a tool").click()
    expect(page.get_by_role("heading", name="New tool")).to_be_visible()
    redrawn(page)
    page.get_by_label("Name", exact=True).first.fill("book_room")
    page.get_by_label("Name", exact=True).nth(1).fill("type")
    page.get_by_role("button", name="Save tool").click()
    expect(page.get_by_role("alert")).to_contain_text("A parameter cannot be called type")
    expect(page.get_by_label("Name", exact=True).first).to_have_value("book_room")
    expect(page.get_by_label("Name", exact=True).nth(1)).to_have_value("type")
    expect(page.locator(".cw-param.wrong")).to_have_count(1)


def test_a_nested_tool_is_made_in_the_form_and_its_example_too(studio: Studio, page: Page) -> None:
    opened(page, studio)
    page.get_by_role("button", name="Add a tool").click()
    expect(page.get_by_role("heading", name="New tool")).to_be_visible()
    redrawn(page)
    page.get_by_label("Name", exact=True).first.fill("plan_trip")
    page.get_by_label("Name", exact=True).nth(1).fill("stops")
    choose(page, "Type", "list of groups")
    expect(page.locator(".cw-param")).to_have_count(2)
    page.get_by_label("Name", exact=True).nth(2).fill("nights")
    page.get_by_label("Type", exact=True).nth(1).click()
    page.get_by_role("option", name="whole number", exact=True).click()
    redrawn(page)
    expect(page.get_by_label("Allowed values")).to_be_visible()
    page.get_by_role("button", name="JSON").click()
    expect(page.locator(".cm-content").filter(visible=True)).to_contain_text('"nights"')
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_label("Name", exact=True).nth(2)).to_have_value("nights")
    page.get_by_role("button", name="Save tool").click()
    expect(page.get_by_text("plan_trip is saved.")).to_be_visible()

    tab(page, "Examples")
    page.get_by_role("button", name="Add an example").click()
    expect(page.get_by_role("heading", name="New example")).to_be_visible()
    redrawn(page)
    page.get_by_label("Someone says").fill("Two nights, then three")
    choose(page, "The model should", "call plan_trip")
    for place, nights in enumerate(("2.5", "3")):
        page.get_by_role("button", name="Add to stops").click()
        redrawn(page)
        field = page.get_by_label("nights (whole number, required)")
        expect(field).to_have_count(place + 1)
        field.nth(place).fill(nights)
    page.get_by_role("button", name="Save example").click()
    expect(page.get_by_role("alert")).to_contain_text("stops.1.nights should be a whole number")
    expect(page.get_by_label("nights (whole number, required)").first).to_have_value("2.5")
    redrawn(page)
    page.get_by_label("nights (whole number, required)").first.fill("2")
    page.get_by_role("button", name="Save example").click()
    expect(page.get_by_role("button", name="Two nights, then three")).to_be_visible()
    with open_store(Settings(studio.home)) as db:
        rows = projects.examples(db, projects.listed(db)[0].id, search="Two nights")
    assert rows[0].calls == (ToolCall("plan_trip", {"stops": [{"nights": 2}, {"nights": 3}]}),)


def test_leaving_an_editor_with_changes_asks_first(studio: Studio, page: Page) -> None:
    opened(page, studio)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.locator(".cw-card", has_text="web_search").click()
    expect(page.get_by_role("heading", name="web_search")).to_be_visible()
    redrawn(page)
    page.get_by_label("Description: when should it be called?").fill("Changed")
    page.locator(".cw-card", has_text="company_search").click()
    expect(page.get_by_label("Description: when should it be called?")).to_have_value("Changed")
    assert asked == ["What you changed is not saved. Leave it?"]


def test_a_spreadsheet_is_previewed_row_by_row_before_it_is_taken(
    studio: Studio, page: Page, tmp_path: Path
) -> None:
    sheet = tmp_path / "questions.csv"
    sheet.write_bytes(
        "user_content;tool_name;tool_arguments\n"
        'Où est la note de frais ?;company_search;"{""query"": ""note de frais""}"\n'
        "Bonjour;;\n"
        'Broken;company_search;"{""wrong"": 1}"\n'.encode("cp1252")
    )
    opened(page, studio)
    tab(page, "Examples")
    page.get_by_role("button", name="Bring examples…").click()
    give(page, sheet)
    expect(page.get_by_text("3 rows = 2 understood + 1 rejected")).to_be_visible()
    expect(page.get_by_text("Row 4:")).to_be_visible()
    page.get_by_role("button", name="Add 2 examples").click()
    expect(page.get_by_text("2 examples added")).to_be_visible()
    page.get_by_label("Search examples…").fill("Où est")
    expect(page.locator(".cw-row")).to_have_count(1)
    page.locator(".cw-row").click()
    expect(page.get_by_label("query (text, required)")).to_have_value("note de frais")


def test_a_renamed_tool_says_how_many_examples_followed(studio: Studio, page: Page) -> None:
    opened(page, studio)
    page.locator(".cw-card", has_text="web_search").click()
    expect(page.get_by_role("heading", name="web_search")).to_be_visible()
    redrawn(page)
    page.get_by_label("Name", exact=True).first.fill("look_outside")
    page.get_by_role("button", name="Save tool").click()
    page.get_by_role("button", name="Save and change 32 examples").click()
    expect(page.get_by_text("32 examples were changed with it.")).to_be_visible()
    expect(page.locator(".cw-card", has_text="look_outside")).to_contain_text("32 examples")


def test_text_from_data_never_becomes_code(studio: Studio, page: Page) -> None:
    with open_store(Settings(studio.home)) as db:
        project = projects.create(db, EVIL[:80]).id
        projects.save_tool(db, project, Tool("seek", EVIL))
        example = Example.single(EVIL, ToolCall("seek"), split="test")
        projects.add_examples(
            db,
            project,
            [example, Example.single(EVIL, reply=EVIL), Example.single("x", ToolCall("g", {"a": EVIL}))],
        )
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened(page, studio)
    page.get_by_label("Project", exact=True).click()
    page.get_by_role("option").filter(has_text="<img").click()
    expect(page.locator(".cw-card", has_text="seek")).to_contain_text("<script>")
    for name in TABS:
        tab(page, name)
        expect(page.get_by_role("heading", level=1).filter(visible=True)).to_have_count(1)
    tab(page, "Examples")
    page.locator(".cw-row").first.click()
    tab(page, "Train")
    page.get_by_role("button", name="What the model will see").click()
    expect(page.locator(".cw-lens")).to_contain_text("onerror")
    assert not dialogs
    assert page.locator("img[src=x]").count() == 0


def test_a_project_is_made_and_renamed_and_found_again_after_a_reload(
    studio: Studio, chromium: Browser
) -> None:
    context = chromium.new_context()
    page = opened(context.new_page(), studio)
    page.get_by_role("button", name="New project").click()
    page.locator("#cw-side").get_by_label("Name", exact=True).fill("Help desk")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("No tools yet")).to_be_visible()
    page.get_by_role("button", name="Rename").click()
    page.locator("#cw-side").get_by_label("Name", exact=True).fill("Help desk 2")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Project", exact=True)).to_have_value("Help desk 2")
    page.reload()
    expect(page.get_by_label("Project", exact=True)).to_have_value("Help desk 2")
    expect(page.get_by_text("No tools yet")).to_be_visible()
    tab(page, "Train")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("There are no tools.")
    context.close()


def test_another_page_may_not_use_the_studio(studio: Studio) -> None:
    import urllib.error
    import urllib.request

    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        request = urllib.request.Request(f"{studio.address}/gradio_api/queue/join", b"{}", headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code in (400, 403)
