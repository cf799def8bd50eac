"""The robustness card and asking another model: really asked of a tiny model, and read on rows made in the store."""

import pytest
from browser.conftest import Studio, Watched
from playwright.sync_api import Page, expect
from tiny_model import make

from core.evaluation.request import EvaluationConfig
from core.jobs import queue
from core.settings import Settings
from core.store import Database, claims, evaluations, open_store, projects, runs
from core.store.evaluations import Prediction

pytestmark = pytest.mark.browser
SECONDS = 180


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(make(tmp_path_factory.mktemp("tiny") / "model"))


def finished(db: Database, run: runs.Run) -> runs.Run:
    claimed = claims.claim(db, run.id)
    assert claimed
    runs.end(db, run.id, claimed.attempt, "finished")
    return runs.find(db, run.id)


def kept(db: Database, of: runs.Run, right: int, **where: object) -> None:
    """Answers to the test rows of a run's snapshot, the first so many of them right."""
    rows = projects.snapshot(db, of.snapshot).split("test")
    predictions = [
        Prediction(
            row.id or 0,
            row.prompt,
            [call.to_json() for call in row.calls],
            "text",
            [call.to_json() for call in row.calls] if n < right else [],
            "exact" if n < right else "no_call",
            n < right,
            n < right,
        )
        for n, row in enumerate(rows)
    ]
    summary = {"n": len(rows), "right": right, "exact": right, "malformed": 0, "seconds": 4.0, "tools": 2}
    evaluations.save(
        db,
        model=of.id,
        snapshot=of.snapshot,
        split="test",
        summary=summary,
        predictions=predictions,
        **{"run": None, "phase": "alone", **where},
    )


@pytest.fixture
def trained(page: Page, studio: Studio, model: str) -> runs.Run:
    """A finished run with a tiny model, as a training would leave it, in a project of its own."""
    page.goto(studio.address)
    expect(page.get_by_role("tab", name="Results")).to_be_visible()  # the starters are there
    with open_store(Settings.load(studio.home)) as db:
        project = projects.listed(db)[0].id
        run = runs.create(db, project, model, {"epochs": 1}, projects.freeze(db, project).hash)
        claimed = claims.claim(db, run.id)
        assert claimed
        runs.report(db, run.id, claimed.attempt, folder=model)
        kept(db, claimed, 2, run=run.id, phase="before")
        kept(db, claimed, 18, run=run.id, phase="after")
        runs.end(db, run.id, claimed.attempt, "finished")
        return runs.find(db, run.id)


def results(page: Page, studio: Studio, watched: Watched, run: runs.Run) -> None:
    with watched.reloading():
        page.goto(f"{studio.address}/?run={run.id}")
        expect(page.locator(".cw-run[aria-pressed=true]", has_text=run.name)).to_be_visible()
    page.get_by_role("tab", name="Results").click()


def test_a_run_is_tested_watched_and_stopped_and_goes_on(
    page: Page, studio: Studio, watched: Watched, trained: runs.Run
) -> None:
    results(page, studio, watched, trained)
    start = page.get_by_role("button", name="Test how robust it is")
    expect(page.get_by_text("Takes less than a minute here.")).to_be_visible()
    start.click()
    expect(start).to_be_hidden()
    card = page.locator(".cw-panel", has=page.get_by_role("heading", name="How robust is it?")).last
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card.locator(".cw-doing")).to_contain_text(" rows")
    card.get_by_role("button", name="Stop Evaluation").click()
    again = card.get_by_role("button", name="Go on")
    again.click(timeout=SECONDS * 1000)
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card.get_by_role("progressbar")).to_be_hidden(timeout=SECONDS * 1000)
    expect(card.locator("tbody tr")).to_have_count(9)
    expect(card.get_by_text("20 tools")).to_be_visible()
    expect(card.locator(".cw-found")).not_to_have_count(0)


def test_the_card_says_what_was_learned_and_its_numbers_open_their_rows(
    page: Page, studio: Studio, watched: Watched, trained: runs.Run
) -> None:
    with open_store(Settings.load(studio.home)) as db:
        config = EvaluationConfig(variants=("", "renamed", "short"))
        job = runs.create(
            db, trained.project, trained.id, config.to_json(), trained.snapshot, kind="evaluate"
        )
        for variant, right in (("", 18), ("renamed", 5), ("short", 17)):
            kept(db, job, right, job=job.id, variant=variant)
        finished(db, job)
    results(page, studio, watched, trained)
    card = page.locator(".cw-panel", has=page.get_by_role("heading", name="How robust is it?")).last
    expect(card.get_by_text("It learned the names: with others that say nothing 5 of 32")).to_be_visible()
    expect(card.locator(".cw-found", has_text="With shorter descriptions")).to_contain_text("could be luck")
    expect(page.get_by_role("button", name="Test how robust it is")).to_be_hidden()
    card.get_by_role("button", name="Names that say nothing: 13 broke").click()
    expect(page.get_by_role("heading", name="Two models side by side")).to_be_visible()
    rows = page.locator("#cw-result-rows")
    expect(rows.locator("table").first.locator("> tbody > tr")).to_have_count(13)
    card.get_by_role("button", name="Short descriptions: 17 of 32").click()
    expect(rows.locator("table").first.locator("> tbody > tr")).to_have_count(17)


def test_another_model_is_asked_about_the_same_rows(
    page: Page, studio: Studio, watched: Watched, trained: runs.Run, model: str
) -> None:
    results(page, studio, watched, trained)
    page.get_by_role("button", name="Ask another model").click()
    panel = page.locator(".cw-panel", has=page.get_by_role("button", name="Ask another model")).last
    box = (
        panel.get_by_role("listbox")
        .or_(panel.get_by_role("combobox"))
        .or_(panel.locator("input[role]"))
        .first
    )
    box.fill(model)
    box.press("Enter")
    panel.get_by_role("button", name="Ask", exact=True).click()
    asked = panel.locator(".cw-asked").first
    compare = asked.get_by_role("button", name="Compare")
    expect(compare).to_be_visible(timeout=SECONDS * 1000)
    expect(asked).to_contain_text("of 32 right")
    compare.click()
    expect(page.get_by_role("heading", name="Two models side by side")).to_be_visible()


def test_a_waiting_evaluation_is_seen_where_runs_wait(
    page: Page, studio: Studio, watched: Watched, trained: runs.Run
) -> None:
    settings = Settings.load(studio.home)
    with open_store(settings) as db:
        job = runs.create(
            db, trained.project, trained.id, EvaluationConfig().to_json(), trained.snapshot, kind="evaluate"
        )
        claimed = claims.claim(db, job.id)  # by this process, which is alive, so it counts as at work
        assert claimed
    other = queue.evaluate(settings, trained.project, trained.id, EvaluationConfig(seed=1))
    results(page, studio, watched, trained)
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_text(f"asks {trained.name}").first).to_be_visible()
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    expect(page.get_by_text(other.name)).to_be_visible()
    queue.stop(settings, other.id)
    with open_store(settings) as db:
        runs.end(db, job.id, claimed.attempt, "finished")
