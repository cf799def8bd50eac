"""The robustness card and asking another model, on a tiny model that is really trained and really asked."""

import pytest
from browser.conftest import Studio
from playwright.sync_api import Page, expect
from tiny_model import make

from core.jobs import local, queue
from core.settings import Settings
from core.store import open_store, projects, runs
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser
SECONDS = 120


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(scope="module")
def trained(studio: Studio, model: str) -> runs.Run:
    """A run of the project that the page opens first, to its end."""
    import time
    import urllib.request

    urllib.request.urlopen(studio.address).close()
    settings = Settings.load(studio.home)
    with open_store(settings) as db:
        if not projects.listed(db):
            from core.importers import starters

            for starter in starters.starters():
                starters.load(db, starter.id)
        project = projects.listed(db)[0].id
    run = queue.enqueue(settings, project, model, RunConfig(epochs=1, dtype="float32", learning_rate=1e-3))
    end = time.monotonic() + SECONDS
    while not run.ended and time.monotonic() < end:
        time.sleep(0.2)
        local.advance(settings)
        with open_store(settings) as db:
            run = runs.find(db, run.id)
    assert run.state == "finished", run
    return run


def results(page: Page, studio: Studio, run: runs.Run) -> None:
    page.goto(f"{studio.address}/?run={run.id}")
    expect(page.locator(".cw-run[aria-pressed=true]", has_text=run.name)).to_be_visible()
    page.get_by_role("tab", name="Results").click()


def test_a_run_is_tested_and_the_card_says_what_it_bears(
    page: Page, studio: Studio, trained: runs.Run
) -> None:
    results(page, studio, trained)
    page.get_by_role("button", name="Test how robust it is").click()
    card = page.locator(".cw-panel", has=page.get_by_role("heading", name="How robust is it?")).last
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="Test how robust it is")).to_be_hidden()
    expect(card.locator(".cw-found").first).to_be_visible()
    expect(card.get_by_role("progressbar")).to_be_hidden(timeout=SECONDS * 1000)
    expect(card.locator("tbody tr")).to_have_count(9)
    expect(card.get_by_text("20 tools")).to_be_visible()
    card.get_by_role("button", name="Typos: ").click()
    expect(page.get_by_text("Typos", exact=False).first).to_be_visible()


def test_another_model_is_asked_about_the_same_rows(
    page: Page, studio: Studio, trained: runs.Run, model: str
) -> None:
    results(page, studio, trained)
    page.get_by_role("button", name="Ask another model").click()
    box = page.get_by_role("listbox", name="Model").or_(page.get_by_label("Model", exact=True)).last
    box.fill(model)
    box.press("Enter")
    page.get_by_role("button", name="Ask", exact=True).click()
    asked = page.locator(".cw-asked").first
    expect(asked.get_by_role("button", name="Compare")).to_be_visible(timeout=SECONDS * 1000)
    expect(asked).to_contain_text("right")
    expect(asked).to_contain_text("% likely")
