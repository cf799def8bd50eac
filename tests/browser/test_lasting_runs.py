"""Runs that cannot be lost, as a user sees it: the page is killed, a run is stopped and goes on, three wait in line."""

import os
import signal
import time
from pathlib import Path

import pytest
from browser.conftest import WAIT_MS, Studio, Watched, end_children, free_port, started, wait_until_up
from playwright.sync_api import Browser, Page, expect
from tiny_model import make

from core.jobs import failures, local, queue
from core.settings import Settings
from core.store import claims, metrics, open_store, projects, runs
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser
KILLS = 20
LONG = RunConfig(epochs=25, batch_size=1, dtype="float32")
SHORTER = RunConfig(epochs=6, batch_size=1, dtype="float32")  # long enough to be stopped by hand


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(make(tmp_path_factory.mktemp("tiny") / "model"))


def begun(home: Path, model: str, config: RunConfig = LONG) -> runs.Run:
    settings = Settings.load(home)
    with open_store(settings) as db:
        project = projects.listed(db)[0].id
    return queue.enqueue(settings, project, model, config)


def found(home: Path, id: str) -> runs.Run:
    with open_store(Settings.load(home)) as db:
        return runs.find(db, id)


def until(home: Path, id: str, holds, seconds: float = 300) -> runs.Run:
    end = time.monotonic() + seconds
    while not holds(found(home, id)):
        assert time.monotonic() < end, found(home, id)
        time.sleep(0.1)
    return found(home, id)


def opened(page: Page, watched: Watched, address: str, run: runs.Run) -> None:
    with watched.reloading():
        page.goto(f"{address}/?run={run.id}")
    expect(page.locator(".cw-run[aria-pressed=true]", has_text=run.name)).to_be_visible()
    page.get_by_role("tab", name="Train").click()


@pytest.mark.alone
def test_the_page_is_killed_again_and_again_while_a_run_trains(
    chromium: Browser, model: str, tmp_path: Path, faults, record_property
) -> None:
    """The page that stays open meanwhile may complain that nobody answers, so it is not watched."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    home, port, log = tmp_path / "home", free_port(), tmp_path / "app.log"
    address = f"http://127.0.0.1:{port}"
    process = started(home, port, log)
    try:
        wait_until_up(process, address, log)
        page.goto(address)
        expect(page.get_by_role("tab", name="Train")).to_be_visible()
        run = begun(home, model, RunConfig(epochs=100, batch_size=1, learning_rate=1e-6, dtype="float32"))
        until(home, run.id, lambda run: run.step > 0)
        slowest, done = 0.0, False
        kills = KILLS * faults
        for _ in range(kills):
            step = found(home, run.id).step
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = started(home, port, log)
            wait_until_up(process, address, log)
            page.close()  # it would load itself again
            page = context.new_page()
            up = time.monotonic()
            page.goto(f"{address}/?run={run.id}")
            # Not by `expect`, which looks once a second after a while.
            page.locator(".cw-run[aria-pressed=true]", has_text=run.name).wait_for(timeout=WAIT_MS)
            slowest = max(slowest, time.monotonic() - up)
            done = done or found(home, run.id).ended
            assert done or found(home, run.id).step >= step, "the training does not notice"
            if done:  # a short training on a quick machine: another one
                assert found(home, run.id).state == "finished"
                run, done = begun(home, model), False
                until(home, run.id, lambda run: run.step > 0)
        with open_store(Settings.load(home)) as db:
            steps = [m.step for m in metrics.listed(db, run.id, ("loss",))]
        assert steps == list(range(1, len(steps) + 1)) and found(home, run.id).attempt == 1
        record_property(
            "counts",
            f"{kills} kills of the page, training went on; the run was shown again within {slowest:.1f} s",
        )
        assert slowest < 5 or os.environ.get("CALLWRIGHT_SLOW_BROWSER")
    finally:
        context.close()
        process.terminate()
        process.wait(60)
        end_children(home)


def test_a_run_is_stopped_and_goes_on(studio: Studio, page: Page, watched: Watched, model: str) -> None:
    page.goto(studio.address)
    expect(page.get_by_role("tab", name="Train")).to_be_visible()
    run = begun(studio.home, model, SHORTER)
    until(studio.home, run.id, lambda run: run.step > 0)
    opened(page, watched, studio.address, run)
    page.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text("What it had learned is kept")).to_be_visible()
    stopped = found(studio.home, run.id)
    assert stopped.state == "cancelled" and stopped.step < stopped.steps
    expect(page.get_by_text(f"Goes on from step {stopped.step} of {stopped.steps}")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(f"{run.name} goes on.")).to_be_visible()
    expect(page.get_by_text("Attempt 1 was")).to_be_visible()
    ended = until(studio.home, run.id, lambda run: run.ended)
    assert (ended.state, ended.step, ended.attempt) == ("finished", ended.steps, 2)
    with open_store(Settings.load(studio.home)) as db:
        steps = [m.step for m in metrics.listed(db, run.id, ("loss",))]
    assert steps == list(range(1, ended.steps + 1))
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)


def test_three_runs_in_line_change_places_and_one_leaves(
    studio: Studio, page: Page, watched: Watched, model: str
) -> None:
    page.goto(studio.address)
    expect(page.get_by_role("tab", name="Train")).to_be_visible()
    first = begun(studio.home, model)
    second, third, fourth = (
        begun(studio.home, model, RunConfig(epochs=1, dtype="float32")) for _ in range(3)
    )
    opened(page, watched, studio.address, first)
    line = page.locator(".cw-ways")
    expect(line).to_have_count(3)
    page.get_by_role("button", name=f"{fourth.name}: Sooner").click()
    names = page.locator(".cw-top:has(.cw-ways)")
    expect(names.nth(1)).to_contain_text(fourth.name)
    names.nth(0).get_by_role("button", name="Take out").click()
    expect(line).to_have_count(2)
    with open_store(Settings.load(studio.home)) as db:
        assert claims.waiting(db) == [fourth.id, third.id]
    assert found(studio.home, second.id).state == "cancelled"
    queue.stop(Settings.load(studio.home), first.id)
    for run in (fourth, third):
        assert until(studio.home, run.id, lambda run: run.ended).state == "finished"
    assert found(studio.home, fourth.id).finished < found(studio.home, third.id).finished


def test_too_little_memory_is_said_with_a_button_that_changes_the_setting(
    studio: Studio, page: Page, watched: Watched, model: str
) -> None:
    """The record is one that a worker wrote: tests/faults/test_short_of_room.py takes the memory away for real."""
    page.goto(studio.address)
    expect(page.get_by_role("tab", name="Train")).to_be_visible()
    settings = Settings.load(studio.home)
    with open_store(settings) as db:
        project = projects.listed(db)[0].id
        recipe = RunConfig(epochs=2, dtype="float32").to_json()
        run = runs.create(db, project, model, recipe, projects.freeze(db, project).hash)
        claimed = claims.claim(db, run.id)
        runs.end(db, run.id, claimed.attempt, "failed", error=failures.explain(MemoryError()))
    opened(page, watched, studio.address, run)
    expect(page.get_by_text("There was not enough memory for this training.")).to_be_visible()
    page.get_by_role("button", name="Train again, one example at a time").click()
    expect(page.locator(".cw-run[aria-pressed=true]")).not_to_contain_text(run.name)
    with open_store(settings) as db:
        again = runs.listed(db, project)[0]
    assert again.id != run.id and again.recipe["rows_at_once"] == 1
    local.end_now(settings, again.id)
