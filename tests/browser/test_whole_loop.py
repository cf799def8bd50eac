"""The main job in a real browser, with a real (tiny) model: all five tabs, a reload in the middle, a second page."""

from pathlib import Path

import pytest
from browser.conftest import Studio, Watched, redrawn
from playwright.sync_api import Browser, Page, expect
from tiny_model import make

pytestmark = pytest.mark.browser
TRAINING_SECONDS = 240


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def train(page: Page, model: Path, epochs: int) -> None:
    tab(page, "Train")
    chosen = page.get_by_role("combobox", name="Model", exact=True)
    chosen.fill(str(model))
    chosen.press("Enter")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Passes over your examples").fill(str(epochs))
    page.get_by_role("button", name="Train", exact=True).click()


def test_from_a_new_tool_to_two_answers(
    studio: Studio, page: Page, chromium: Browser, watched: Watched, tmp_path: Path
) -> None:
    page.goto(studio.address)

    # Tools: a starter is open; a tool of our own comes to it.
    expect(page.get_by_role("button", name="company_search").first).to_be_visible()
    page.get_by_role("button", name="Add a tool").click()
    expect(page.get_by_role("heading", name="New tool")).to_be_visible()
    redrawn(page)
    page.get_by_label("Name", exact=True).first.fill("open_ticket")
    page.get_by_label("Description: when should it be called?").fill("Open a ticket for the help desk.")
    page.get_by_label("Name", exact=True).nth(1).fill("urgency")
    page.get_by_label("Type", exact=True).click()
    page.get_by_role("option", name="choice", exact=True).click()
    redrawn(page)
    page.get_by_label("Allowed values").fill("low, high")
    page.get_by_role("button", name="Save tool").click()
    expect(page.get_by_text("open_ticket is saved.")).to_be_visible()
    expect(page.locator(".cw-card", has_text="open_ticket")).to_contain_text("0 examples")

    # Examples: two of them for the new tool, made with the form that its schema gives.
    tab(page, "Examples")
    for said, part in (
        ("My screen is broken, please help", "learning from"),
        ("The printer is on fire", "testing with"),
    ):
        page.get_by_role("button", name="Add an example").click()
        expect(page.get_by_text("New example")).to_be_visible()
        redrawn(page)
        page.get_by_label("Someone says").fill(said)
        page.get_by_label("The model should").click()
        page.get_by_role("option", name="call open_ticket").click()
        redrawn(page)
        page.get_by_label("urgency").click()
        page.get_by_role("option", name="high").click()
        page.get_by_label(part).check()
        page.get_by_role("button", name="Save example").click()
        expect(page.locator(".cw-pager")).to_contain_text("of 6")
        expect(page.get_by_role("button", name=said)).to_be_visible()

    # Train: a folder is the model; the page is reloaded while it works, and a second browser sees the same run.
    train(page, make(tmp_path / "tiny"), epochs=3)
    item = page.locator(".cw-run", has_text="Run 1")
    expect(item).to_be_visible()
    with watched.reloading():
        page.reload()
        expect(item).to_have_attribute("aria-pressed", "true")
    tab(page, "Train")
    expect(page.get_by_role("button", name="Stop and keep")).to_be_visible()
    other = chromium.new_context()
    second = watched.watch(other.new_page())
    second.goto(studio.address)
    expect(second.locator(".cw-run", has_text="Run 1")).to_be_visible()
    expect(item).to_contain_text("of 33", timeout=TRAINING_SECONDS * 1000)
    tab(second, "Results")
    expect(second.get_by_role("heading", name="Results of Run 1")).to_be_visible(
        timeout=TRAINING_SECONDS * 1000
    )
    expect(second.locator(".cw-versus").first).to_contain_text("of 33")
    other.close()

    # Results: both numbers, and every row with both answers.
    tab(page, "Results")
    expect(page.get_by_text("of 33").first).to_be_visible()
    expect(page.locator(".cw-stack tbody tr")).to_have_count(33)
    page.get_by_role("button", name="Fixed").click()
    expect(page.get_by_role("button", name="Fixed")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="All", exact=False).first.click()
    page.set_viewport_size({"width": 390, "height": 844})
    cells = page.locator(".cw-stack tbody tr").first.locator("td")
    left = [box["x"] for box in (cells.nth(n).bounding_box() for n in range(4)) if box]
    assert len(left) == 4 and len(set(left)) == 1, "on a phone the cells of a row stand below each other"
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Try it").click()

    # Playground: the same words to both models.
    page.get_by_label("Ask something…").fill("Where is the travel policy?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".cw-me")).to_have_count(2)
    expect(page.locator(".cw-call").nth(1)).to_be_visible(timeout=120_000)
    expect(page.locator(".cw-problem")).to_have_count(0)


def test_stop_keeps_what_was_learned(studio: Studio, page: Page, tmp_path: Path) -> None:
    page.goto(studio.address)
    train(page, make(tmp_path / "tiny"), epochs=100)
    newest = page.locator(".cw-run").first
    expect(page.get_by_text("pass 1 of 100")).to_be_visible(timeout=TRAINING_SECONDS * 1000)
    page.get_by_role("button", name="Stop and keep").click()
    expect(newest).to_contain_text("stopped", timeout=TRAINING_SECONDS * 1000)
    tab(page, "Results")
    expect(page.locator(".cw-versus").first).to_be_visible()


def test_a_failed_run_says_what_happened_and_the_next_one_can_start(
    studio: Studio, page: Page, tmp_path: Path
) -> None:
    page.goto(studio.address)
    train(page, tmp_path / "nowhere", epochs=1)
    newest = page.locator(".cw-run").first
    expect(newest).to_contain_text("failed", timeout=60_000)
    expect(page.get_by_role("alert").get_by_text("There is no folder")).to_be_visible()
    expect(page.get_by_role("alert").get_by_text("Check the path.")).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
