"""The list of examples, its checks, its division and what is brought into it, as a person uses them."""

import json
from pathlib import Path

import openpyxl
import pytest
from browser.conftest import Studio, give, redrawn
from playwright.sync_api import Page, expect

from core.schema import Example, ToolCall, read_tool
from core.settings import Settings
from core.store import open_store, projects

pytestmark = pytest.mark.browser

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


def make_project(studio: Studio, name: str, examples: list[Example]) -> str:
    with open_store(Settings(studio.home)) as db:
        project = projects.create(db, name).id
        for tool in ("find_order", "open_ticket"):
            projects.save_tool(
                db, project, read_tool({"name": tool, "description": tool, "parameters": QUERY})[0]
            )
        projects.add_examples(db, project, examples)
    return project


def open_examples(page: Page, studio: Studio, name: str) -> None:
    page.goto(studio.address)
    expect(page.locator(".cw-card").first).to_be_visible()
    page.get_by_label("Project", exact=True).click()
    page.get_by_role("option", name=name, exact=True).click()
    page.get_by_role("tab", name="Examples").click()
    expect(page.get_by_role("heading", name="Examples", exact=True)).to_be_visible()


def stored(studio: Studio, project: str, **filter: object) -> list[Example]:
    with open_store(Settings(studio.home)) as db:
        return projects.examples(db, project, **filter)


def orders(n: int, split: str = "train") -> list[Example]:
    return [
        Example.single(
            f"Where is the parcel of {name}?", ToolCall("find_order", {"query": name}), split=split
        )
        for name in (f"customer{number:05}" for number in range(n))
    ]


def test_many_examples_are_moved_and_deleted_at_once_and_come_back(studio: Studio, page: Page) -> None:
    project = make_project(studio, "Bulk", orders(120))
    before = stored(studio, project)
    open_examples(page, studio, "Bulk")
    page.get_by_role("checkbox", name="Choose example", exact=False).nth(0).click()
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_role("checkbox", name="Choose all on this page").click()
    expect(page.get_by_text("50 chosen")).to_be_visible()
    page.get_by_role("button", name="Choose all 120 found").click()
    expect(page.get_by_text("120 chosen")).to_be_visible()
    page.get_by_role("checkbox", name="Choose example", exact=False).nth(2).click()
    expect(page.get_by_text("119 chosen")).to_be_visible()
    page.get_by_role("button", name="Move to test").click()
    expect(page.get_by_role("button", name="test 119", exact=True)).to_be_visible()
    assert [e.split for e in stored(studio, project)].index("train") == 2
    page.get_by_role("button", name="train 1", exact=True).click()
    page.get_by_role("checkbox", name="Choose all on this page").click()
    page.get_by_role("button", name="Delete", exact=True).filter(visible=True).first.click()
    expect(page.get_by_role("button", name="all 119", exact=True)).to_be_visible()
    for left in (120, 120):
        page.get_by_role("button", name="Undo", exact=True).filter(visible=True).click()
        expect(page.get_by_role("button", name=f"all {left}", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="train 120", exact=True)).to_be_visible()
    assert stored(studio, project) == before


def test_a_finding_shows_its_rows_and_one_click_mends_it(studio: Studio, page: Page) -> None:
    lost = [Example.single(f"Cancel order {n}", ToolCall("cancel_order", {"number": n})) for n in (7, 8, 9)]
    project = make_project(studio, "Mend", [*orders(12), *orders(6, "test")[3:], *lost])
    open_examples(page, studio, "Mend")
    finding = page.locator(".cw-finding", has_text="cancel_order").first
    expect(finding).to_contain_text("mend first")
    finding.get_by_role("button", name="Show").click()
    expect(page.locator(".cw-row")).to_have_count(3)
    expect(page.get_by_role("heading", name=f"Example {stored(studio, project)[-3].id}")).to_be_visible()

    # The start is blocked while it is there, with a sentence that says what and where.
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("cancel_order")
    assert not list((studio.home / "runs").glob("*"))

    page.get_by_role("tab", name="Examples").click()
    page.locator(".cw-finding", has_text="cancel_order").first.get_by_role("button").last.click()
    expect(page.locator(".cw-finding", has_text="cancel_order").filter(has_text="mend first")).to_have_count(
        0
    )
    with open_store(Settings(studio.home)) as db:
        tool = projects.tools(db, project)[-1]
    assert (tool.name, tool.properties["number"]["type"]) == ("cancel_order", "integer")
    page.get_by_role("button", name="Undo", exact=True).filter(visible=True).click()
    expect(page.locator(".cw-finding", has_text="cancel_order").first).to_contain_text("mend first")


def test_a_division_is_seen_before_it_is_done(studio: Studio, page: Page) -> None:
    tickets = [
        Example.single(f"My {thing} is broken", ToolCall("open_ticket", {"query": thing}))
        for thing in (
            "printer",
            "screen",
            "chair",
            "laptop",
            "phone",
            "door",
            "lamp",
            "badge",
            "mouse",
            "desk",
        )
    ]
    project = make_project(studio, "Divide", [*orders(20), *tickets])
    open_examples(page, studio, "Divide")
    page.get_by_role("button", name="Divide…").click()
    table = page.locator(".cw-table", has_text="train now").first
    expect(table.locator("tr", has_text="open_ticket")).to_contain_text("10")
    page.get_by_label("number input for For testing (percent)").fill("20")
    page.get_by_label("number input for For testing (percent)").press("Enter")
    expect(table.locator("tr", has_text="open_ticket").locator("td").nth(4)).to_have_text("2")
    assert {e.split for e in stored(studio, project)} == {"train"}
    page.get_by_role("button", name="Divide like this").click()
    expect(page.get_by_role("button", name="test 6", exact=True)).to_be_visible()
    assert sum(e.split == "test" for e in stored(studio, project, tool="open_ticket")) == 2


def test_a_spreadsheet_with_a_column_for_each_argument_is_understood_and_can_be_told(
    studio: Studio, page: Page, tmp_path: Path
) -> None:
    project = make_project(studio, "Sheet", orders(2))
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ("What they wrote", "tool", "query"),
        ("where is my parcel", "find_order", "parcel"),
        ("the lift is stuck", "open_ticket", "lift stuck"),
        ("what is this", "unknown_tool", "x"),
    ):
        sheet.append(row)
    book.save(tmp_path / "questions.xlsx")
    open_examples(page, studio, "Sheet")
    page.get_by_role("button", name="Bring examples…").click()
    give(page, tmp_path / "questions.xlsx")
    meaning = page.get_by_label("What they wrote")
    expect(meaning).to_be_visible()
    if meaning.input_value() != "what is said":
        meaning.click()
        page.get_by_role("option", name="what is said").click()
    expect(page.get_by_text("3 rows = 2 understood + 1 rejected")).to_be_visible()
    expect(page.get_by_text("Row 4:")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the rejected rows").click()
    assert "unknown_tool" in Path(saved.value.path()).read_text("utf-8-sig")
    page.get_by_role("button", name="Add 2 examples").click()
    expect(page.get_by_role("button", name="all 4", exact=True)).to_be_visible()
    assert stored(studio, project)[-1].calls == (ToolCall("open_ticket", {"query": "lift stuck"}),)
    page.get_by_role("button", name="Undo", exact=True).filter(visible=True).click()
    expect(page.get_by_role("button", name="all 2", exact=True)).to_be_visible()


def test_rows_that_bring_their_tools_bring_them(studio: Studio, page: Page, tmp_path: Path) -> None:
    project = make_project(studio, "Chats", orders(2))
    tool = {
        "type": "function",
        "function": {"name": "set_alarm", "description": "Wake.", "parameters": QUERY},
    }
    calls = [
        {"id": "1", "type": "function", "function": {"name": "set_alarm", "arguments": '{"query": "7:00"}'}}
    ]
    messages = [{"role": "user", "content": "Wake me at 7"}, {"role": "assistant", "tool_calls": calls}]
    (tmp_path / "chats.jsonl").write_text(json.dumps({"messages": messages, "tools": [tool]}) + "\n{broken\n")
    open_examples(page, studio, "Chats")
    page.get_by_role("button", name="Bring examples…").click()
    give(page, tmp_path / "chats.jsonl")
    expect(page.get_by_text("The rows bring 1 tool that is added too: set_alarm.")).to_be_visible()
    expect(page.get_by_text("2 rows = 1 understood + 1 rejected")).to_be_visible()
    page.get_by_role("button", name="Add 1 example").click()
    expect(page.get_by_role("button", name="all 3", exact=True)).to_be_visible()
    with open_store(Settings(studio.home)) as db:
        assert "set_alarm" in [tool.name for tool in projects.tools(db, project)]


def test_fifty_thousand_examples_are_paged_searched_and_filtered(studio: Studio, page: Page) -> None:
    make_project(studio, "Many", orders(50_000))
    open_examples(page, studio, "Many")
    expect(page.get_by_text("1 to 50 of 50,000")).to_be_visible()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("51 to 100 of 50,000")).to_be_visible()
    page.get_by_label("Search examples…").fill("customer49999")
    expect(page.locator(".cw-row")).to_have_count(1)
    page.locator(".cw-row").click()
    expect(page.get_by_label("query (text, required)")).to_have_value("customer49999")
    # The check works in a process of its own; what it found comes by itself.
    expect(page.get_by_text("There are no test examples")).to_be_visible(timeout=90_000)


def test_what_is_pressed_while_another_project_opens_waits_for_it(studio: Studio, page: Page) -> None:
    for n, name in enumerate(("One", "Two", "Three"), 1):
        make_project(studio, name, orders(n))
    open_examples(page, studio, "One")
    expect(page.get_by_role("button", name="all 1", exact=True)).to_be_visible()
    slow = {"offline": False, "latency": 500, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    page.get_by_label("Project", exact=True).click()
    page.get_by_role("option", name="Two", exact=True).click()
    page.get_by_role("button", name="Bring examples…").click()
    expect(page.get_by_role("button", name="all 2", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Bring a spreadsheet or a file")).to_be_visible()
    # Leaving the field with the same project chosen is no reason to wait.
    page.get_by_label("Project", exact=True).click()
    page.get_by_role("button", name="Add an example").click()
    expect(page.locator("#cw-main")).not_to_have_attribute("data-opening", "")
    expect(page.get_by_role("heading", name="New example")).to_be_visible()
    redrawn(page)
    # Of two choices, one made while the other opens, the last one counts.
    for name in ("One", "Three"):
        page.get_by_label("Project", exact=True).click()
        page.get_by_role("option", name=name, exact=True).click()
    expect(page.get_by_role("button", name="all 3", exact=True)).to_be_visible()
    expect(page.get_by_label("Project", exact=True)).to_have_value("Three")
