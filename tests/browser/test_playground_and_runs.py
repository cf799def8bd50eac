"""The Playground and what goes on beside it: corrections go into runs, a run trains meanwhile, the host is killed."""

import os
import time
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest
import tiny_model
from browser.conftest import Studio, Watched, redrawn
from browser.parcels import PARCEL, TICKET, TOOLS, Seeded, answered, opened, say, seed, tuned
from browser.test_pages import choose, tab
from playwright.sync_api import Browser, Page, expect
from taught_model import make

from core import processes
from core.importers import starters
from core.jobs import local, queue
from core.schema import Example, ToolCall
from core.serving import client
from core.store import open_store, projects, runs
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser
SOFA = ToolCall("open_ticket", {"query": "sofa"})
GREETING = "Good morning"


@pytest.fixture(scope="module")
def seeded(studio: Studio, tmp_path_factory) -> Seeded:
    """A project whose models take a broken sofa for a parcel."""
    parcel, help = Example.single("Where is parcel 7?", PARCEL), Example.single("I need help", TICKET)
    rows = [parcel, help, Example.single("My sofa is broken", PARCEL)]
    mistaken = make(tmp_path_factory.mktemp("models") / "mistaken", TOOLS, rows)
    return seed(studio, "Parcels", mistaken, mistaken, [parcel, replace(help, split="test")])


def until(seeded: Seeded, id: str, holds: Callable[[runs.Run], bool], seconds: float = 120) -> runs.Run:
    end = time.monotonic() + seconds
    while True:
        with open_store(seeded.settings) as db:
            run = runs.find(db, id)
        if holds(run):
            return run
        assert time.monotonic() < end and not run.ended, run
        time.sleep(0.1)


def test_two_pages_at_once_do_not_mix_while_a_run_trains(
    studio: Studio, page: Page, chromium: Browser, watched: Watched, seeded: Seeded
) -> None:
    opened(page, studio, seeded)
    with open_store(seeded.settings) as db:
        elsewhere = starters.load(db, starters.IDS[0]).id
    long = RunConfig(epochs=100, batch_size=1, dtype="float32", checkpoint_every=0)
    training = queue.enqueue(seeded.settings, elsewhere, seeded.run.model, long)
    until(seeded, training.id, lambda run: run.step > 0)
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    second = opened(watched.watch(context.new_page()), studio, seeded)
    for one, words in ((page, "Where is parcel 7?"), (second, "I need help")):
        one.get_by_label("Ask something…").fill(words)
    for one in (page, second):
        one.get_by_role("button", name="Send").click()
    for one, words, tool in (
        (page, "Where is parcel 7?", "find_order"),
        (second, "I need help", "open_ticket"),
    ):
        answered(one)
        expect(tuned(one).locator(".cw-me")).to_have_text([words])
        expect(tuned(one).locator(".cw-call")).to_contain_text(tool)
    with open_store(seeded.settings) as db:
        now = runs.find(db, training.id)
    assert now.state == "training" and now.step > 0, now
    context.close()
    local.end_now(seeded.settings, training.id)


def test_a_correction_becomes_a_row_and_the_next_run_has_learned_it(
    studio: Studio, page: Page, seeded: Seeded
) -> None:
    opened(page, studio, seeded)
    say(page, "My sofa is broken")
    expect(tuned(page).locator(".cw-call")).to_contain_text("find_order")
    tuned(page).get_by_role("button", name="✕ Wrong").click()
    redrawn(page)
    form = page.locator(".cw-editor:visible")
    choose(page, "The model should", "call open_ticket")
    form.get_by_label("query (text, required)").fill("sofa")
    form.get_by_role("button", name="Save example").click()
    expect(tuned(page).get_by_text("In train as example")).to_be_visible()
    page.get_by_role("button", name="Train again").click()
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Guide", exact=True).check()
    expect(page.get_by_label("Passes over your examples")).to_have_value("8")  # its settings are there
    page.get_by_label("Passes over your examples").fill("100")
    page.get_by_label("Examples a step").fill("1")
    page.get_by_label("Size of each change").fill("0.002")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".cw-run", has_text="Run 2")).to_contain_text(" of 1", timeout=180_000)
    with open_store(seeded.settings) as db:
        run = runs.listed(db, seeded.project)[0]
        learned = projects.snapshot(db, run.snapshot).split("train")
    assert (run.recipe["epochs"], run.recipe["batch_size"], run.recipe["learning_rate"]) == (100, 1, 0.002)
    assert run.number == 2 and SOFA in [one.calls[0] for one in learned]

    tab(page, "Playground")
    expect(page.get_by_role("heading", name="Tuned Run 2")).to_be_visible()
    expect(page.get_by_text("correction since Run 2")).to_have_count(0)
    say(page, "My sofa is broken")
    expect(page.locator(".cw-lanes > .column").first.locator(".cw-call").last).to_contain_text("find_order")
    expect(tuned(page).locator(".cw-call")).to_contain_text("open_ticket")
    expect(tuned(page).locator(".cw-call")).to_contain_text("sofa")


@pytest.fixture(scope="module")
def talkers(studio: Studio, tmp_path_factory) -> Seeded:
    """Two models that know nothing, and go on and on."""
    folder = tmp_path_factory.mktemp("talkers")
    first, second = (tiny_model.make(folder / str(one), seed=one) for one in (1, 2))
    return seed(studio, "Talkers", first, second, [Example.single(GREETING, TICKET)])


def long_answer(seeded: Seeded) -> int:
    """With which number the tuned one has much to say."""
    said = [{"role": "user", "content": GREETING}]
    for number in range(150):
        answer = client.ask(
            seeded.settings, seeded.run.id, said, TOOLS, temperature=1.0, max_tokens=400, seed=number
        )
        if answer.tokens > 250:
            return number
    pytest.fail("every answer was short")


@pytest.mark.alone
def test_a_host_that_is_killed_during_an_answer_says_so_and_is_back_within_ten_seconds(
    studio: Studio, page: Page, talkers: Seeded, record_property
) -> None:
    opened(page, studio, talkers)
    number = long_answer(talkers)
    page.get_by_role("button", name="Models and settings").click()
    page.get_by_label("number input for Chance", exact=True).fill("1")
    page.get_by_label("Longest answer in tokens").fill("400")
    page.get_by_label("Chance begins with").fill(str(number))
    page.get_by_label("Ask something…").fill(GREETING)
    page.get_by_role("button", name="Send").click()
    expect(tuned(page).locator(".cw-growing")).to_be_visible()
    host = client._running(talkers.settings)
    assert isinstance(host.process, processes.Owner)
    psutil.Process(host.process.pid).kill()
    killed = time.monotonic()
    # Not by `expect`, which looks once a second after a while.
    tuned(page).get_by_text("The model host ended while it was asked; it starts again.").wait_for()
    told = time.monotonic() - killed
    page.locator(".cw-lanes").locator(".cw-growing, .cw-call").first.wait_for()  # the untouched one goes on
    back = time.monotonic() - killed
    answered(page)
    tuned(page).get_by_role("button", name="Ask again").click()
    expect(tuned(page).locator(".cw-growing")).to_be_visible()
    answered(page)
    expect(tuned(page).locator(".cw-me")).to_have_text([GREETING])
    expect(page.locator(".cw-lanes .cw-problem")).to_have_count(0)
    record_property(
        "counts",
        f"killed in an answer, the page said so after {told:.1f} s, and the next answer began after {back:.1f} s",
    )
    assert back < 10 or os.environ.get("CALLWRIGHT_SLOW_BROWSER")
