"""Tools that somebody has already: understood on the page before anything is saved."""

import pytest
from browser.conftest import Studio
from playwright.sync_api import Page, expect

from core.settings import Settings
from core.store import open_store, projects

pytestmark = pytest.mark.browser

SOURCE = '''
raise SystemExit("this is never run")


def book_room(city: str, nights: int = 1, type: str | None = None):
    """Book a hotel room.

    Args:
        city: Where.
        nights: How many.
        type: Single or double.
    """


def company_search(query: str):
    """Search our documents."""
'''


def open_panel(page: Page, studio: Studio) -> None:
    page.goto(studio.address)
    page.get_by_role("button", name="Bring tools…").click()
    expect(page.get_by_role("heading", name="Bring tools you already have")).to_be_visible()


def test_python_is_read_never_run_and_its_changes_are_told_before_it_is_saved(
    studio: Studio, page: Page
) -> None:
    open_panel(page, studio)
    page.get_by_label("Paste it here").fill(SOURCE)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("Python source: 2 tools understood")).to_be_visible()
    expect(page.locator("tr", has_text="book_room")).to_contain_text("new")
    expect(page.locator("tr", has_text="company_search")).to_contain_text(
        "takes the place of the one you have"
    )
    expect(page.locator("tr", has_text="company_search")).to_contain_text("32 examples call it and still fit")
    expect(page.get_by_text("book_room: type → ")).to_be_visible()
    with open_store(Settings(studio.home)) as db:
        project = projects.listed(db)[0].id
        assert [tool.name for tool in projects.tools(db, project)] == ["company_search", "web_search"]
    page.get_by_role("button", name="Add 2 tools").click()
    expect(page.locator(".cw-card", has_text="book_room")).to_be_visible()
    with open_store(Settings(studio.home)) as db:
        tool = projects.tools(db, project)[-1]
    assert tool.required == ["city"] and "type" in tool.originals.values()
    page.get_by_role("button", name="Undo", exact=True).filter(visible=True).click()
    expect(page.locator(".cw-card", has_text="book_room")).to_have_count(0)


def test_what_cannot_be_used_says_why_and_what_to_do(studio: Studio, page: Page) -> None:
    open_panel(page, studio)
    page.get_by_label("Paste it here").fill('[{"name": "ok"}, {"name": "bad", "parameters": []}]')
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("1 definition cannot be used")).to_be_visible()
    expect(page.get_by_text("Definition 2:")).to_be_visible()
    expect(page.get_by_role("button", name="Add 1 tool")).to_be_visible()


def test_only_servers_of_this_machine_are_asked(studio: Studio, page: Page) -> None:
    open_panel(page, studio)
    address = page.get_by_label("or the address of an MCP server on this computer")
    for given, told in (
        ("http://192.0.2.1:8000/mcp", "is not this machine"),
        (f"{studio.address}/mcp", "is no MCP server"),
    ):
        address.fill(given)
        page.get_by_role("button", name="Read it").click()
        expect(page.get_by_test_id("toast-body").filter(has_text=told)).to_be_visible()
