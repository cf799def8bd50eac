"""What the model sees, on the page: its tokens, and a start that is refused, mended by one click, and then begins."""

import re
from pathlib import Path

import pytest
from browser.conftest import Studio
from playwright.sync_api import Page, expect
from tiny_model import make

pytestmark = pytest.mark.browser


def choose(page: Page, model: Path) -> None:
    page.get_by_role("tab", name="Train").click()
    chosen = page.get_by_role("combobox", name="Model", exact=True)
    chosen.fill(str(model))
    chosen.press("Enter")


def test_the_lens_shows_what_is_learned_of_the_chosen_example(
    studio: Studio, page: Page, tmp_path: Path
) -> None:
    page.goto(studio.address)
    choose(page, make(tmp_path / "tiny"))
    page.get_by_role("button", name="What the model will see").click()
    learned = page.locator(".cw-lens i.t")
    expect(learned.first).to_be_visible()
    first = "".join(learned.all_text_contents())
    assert re.fullmatch(r"<start_function_call>call:\w+\{query:<escape>.+<escape>\}<end_function_call>"
                        r"<start_function_response>", first)  # fmt: skip

    # Another example: other tokens are learned, the same ones are shared.
    shared = page.locator(".cw-lens-facts .same").text_content()
    page.get_by_role("combobox", name="Example", exact=True).click()
    page.get_by_role("option").nth(3).click()
    expect(learned.nth(40)).to_be_visible()
    expect(page.locator(".cw-lens")).not_to_contain_text(first)
    assert page.locator(".cw-lens-facts .same").text_content() == shared
    count = int(re.sub(r"\D", "", page.locator(".cw-lens-facts b").text_content() or ""))
    assert page.locator(".cw-lens i").count() == count

    # Declarations are folded, one for each tool, and open by a click.
    inside = page.locator(".cw-same details i").first
    expect(inside).to_be_hidden()
    page.get_by_text("The tool company_search").click()
    expect(inside).to_be_visible()
    expect(page.locator(".cw-room")).to_contain_text("room left")


def test_a_start_that_is_refused_is_mended_by_one_click(studio: Studio, page: Page, tmp_path: Path) -> None:
    page.goto(studio.address)
    choose(page, make(tmp_path / "tiny"))
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Passes over your examples").fill("1")
    limit = page.get_by_label("Longest row in tokens")
    limit.fill("300")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(
        page.locator(".toast-body").get_by_text(re.compile(r"needs \d+ tokens, the limit is 300"))
    ).to_be_visible()
    refused = page.locator(".cw-gate")
    expect(refused).to_contain_text(re.compile(r"Example \d+ needs \d+ tokens, the limit is 300"))
    expect(page.locator(".cw-run")).to_have_count(0)

    mend = page.get_by_role("button", name=re.compile(r"Raise the limit to [\d,]+"))
    wanted = re.sub(r"\D", "", mend.text_content() or "")
    mend.click()
    expect(limit).to_have_value(wanted)
    expect(refused).to_have_count(0)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".cw-run", has_text="Run 1")).to_be_visible()
