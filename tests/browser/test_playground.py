"""The Playground in a browser, with a tiny model that knows six rows by heart, beside one that says nothing of use."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser.conftest import Studio, Watched, redrawn
from browser.test_pages import choose, tab
from playwright.sync_api import Browser, Page, expect
from taught_model import make

from core import processes
from core.importers import starters
from core.jobs import local, queue
from core.schema import Example, ToolCall, Turn, read_tool
from core.serving import client
from core.settings import Settings
from core.store import claims, documents, feedback, open_store, projects, runs
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
RESULT = '{"status": "on its way", "parcel": "7"}'
PARCEL = ToolCall("find_order", {"query": "7"})
TICKET = ToolCall("open_ticket", {"query": "help"})
TAUGHT = [
    Example.single("Where is parcel 7?", PARCEL),
    Example.single("I need help", TICKET),
    Example.single("My lamp is broken", PARCEL),  # wrong, to be corrected
    Example.single("My sofa is broken", PARCEL),  # as wrong
    Example.single("Thanks", reply="You are welcome."),
    Example(
        (
            Turn("user", "Where is parcel 7?"),
            Turn("assistant", "", (PARCEL,)),
            Turn("tool", RESULT, name="find_order"),
        ),
        reply="It is on its way.",
    ),
]


@dataclass
class Seeded:
    project: str
    run: runs.Run
    settings: Settings


@pytest.fixture(scope="module")
def seeded(studio: Studio, tmp_path_factory) -> Seeded:
    """A project with a finished run whose model is known by heart; nobody asked for its page yet."""
    folder = tmp_path_factory.mktemp("models")
    tools = [
        read_tool({"name": name, "description": name, "parameters": QUERY})[0]
        for name in ("find_order", "open_ticket")
    ]
    taught = make(folder / "taught", tools, TAUGHT)
    base = make(folder / "base", tools, [Example.single("?", reply="Hm.")])
    settings = Settings.load(studio.home)
    with open_store(settings) as db:
        project = projects.create(db, "Parcels").id
        for tool in tools:
            projects.save_tool(db, project, tool)
        projects.add_examples(db, project, [Example.single("Thanks", reply="You are welcome.", split="test")])
        run = runs.create(db, project, str(base), {}, projects.freeze(db, project).hash)
        claimed = claims.claim(db, run.id)
        runs.report(db, run.id, claimed.attempt, folder=str(taught))
        runs.end(db, run.id, claimed.attempt, "finished")
        documents.add(db, project, [("Parcels", "Parcel 7 was handed over at noon.")])
    return Seeded(project, run, settings)


def opened(page: Page, studio: Studio, seeded: Seeded) -> Page:
    page.goto(f"{studio.address}/?run={seeded.run.id}")
    expect(page.locator(".cw-run[aria-pressed=true]", has_text="Run 1")).to_be_visible()
    tab(page, "Playground")
    expect(page.get_by_role("heading", name="Tuned Run 1")).to_be_visible()
    return page


def tuned(page: Page):
    return page.locator(".cw-lanes > .column").nth(1)


def say(page: Page, words: str) -> None:
    page.get_by_label("Ask something…").fill(words)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Ask something…")).to_have_value("")
    answered(page)


def answered(page: Page) -> None:
    expect(page.locator("#cw-main [aria-busy=true]")).to_have_count(0)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


def stored(seeded: Seeded, prompt: str) -> list[Example]:
    with open_store(seeded.settings) as db:
        return [row for row in projects.examples(db, seeded.project) if row.prompt == prompt]


def test_a_call_its_result_and_the_answer_in_words(studio: Studio, page: Page, seeded: Seeded) -> None:
    opened(page, studio, seeded)
    say(page, "Where is parcel 7?")
    card = tuned(page).locator(".cw-call")
    expect(card).to_contain_text("find_order")
    expect(card).to_contain_text("valid")
    tuned(page).get_by_role("button", name="Give it a result…").click()
    page.get_by_label("find_order returned").fill('{"status": "on its way", "parcel": "{query}"}')
    page.get_by_label("Suggest this for the next calls of find_order").check()
    page.get_by_role("button", name="Give it back").click()
    expect(tuned(page).locator(".cw-words")).to_have_text("It is on its way.")
    expect(tuned(page).locator(".cw-returned")).to_contain_text('"parcel": "7"')

    # The conversation goes on in the same column.
    answered(page)
    say(page, "I need help")
    expect(tuned(page).locator(".cw-me")).to_have_count(2)

    # The template is there the next time, after a reload too; a search of the documents may take its place.
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".cw-me")).to_have_count(0)
    say(page, "Where is parcel 7?")
    tuned(page).get_by_role("button", name="Give it a result…").click()
    expect(page.get_by_label("find_order returned")).to_have_value(
        '{"status": "on its way", "parcel": "{query}"}'
    )
    page.get_by_role("button", name="Search your documents").click()
    expect(page.get_by_label("find_order returned")).not_to_have_value(
        '{"status": "on its way", "parcel": "{query}"}'
    )
    assert "handed over at noon" in page.get_by_label("find_order returned").input_value()


def test_a_wrong_call_is_corrected_and_becomes_an_example(studio: Studio, page: Page, seeded: Seeded) -> None:
    opened(page, studio, seeded)
    say(page, "My lamp is broken")
    expect(tuned(page).locator(".cw-call")).to_contain_text("find_order")
    tuned(page).get_by_role("button", name="✕ Wrong").click()
    form = page.locator("#tab-playground-button, .cw-editor").locator("visible=true").last
    expect(page.get_by_role("heading", name="What it should have been")).to_be_visible()
    redrawn(page)
    expect(form.get_by_label("query (text, required)")).to_have_value("7")
    choose(page, "The model should", "call open_ticket")
    form.get_by_label("query (text, required)").fill("broken lamp")
    form.get_by_role("button", name="Save example").click()
    expect(tuned(page).get_by_text("In train as example")).to_be_visible()
    expect(page.get_by_role("heading", name="What it should have been")).to_have_count(0)
    [row] = stored(seeded, "My lamp is broken")
    assert row.calls == (ToolCall("open_ticket", {"query": "broken lamp"}),) and row.split == "train"
    with open_store(seeded.settings) as db:
        [kept] = [one for one in feedback.listed(db, seeded.project) if one.example == row.id]
    assert kept.verdict == "wrong" and kept.calls == [PARCEL.to_json()] and kept.model == seeded.run.id
    expect(page.get_by_text("1 correction since Run 1 went to your examples.")).to_be_visible()

    # Where the row came from is said on the Examples tab, and undoing takes it back from there.
    tab(page, "Examples")
    page.get_by_role("button", name="My lamp is broken").click()
    expect(page.get_by_text("Corrected in the Playground, from an answer of Run 1.")).to_be_visible()

    # Train again puts the run's settings into the form.
    tab(page, "Playground")
    page.get_by_role("button", name="Train again").click()
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value(seeded.run.model)
    tab(page, "Examples")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Taken back: answer corrected.")).to_be_visible()
    tab(page, "Playground")
    expect(page.get_by_text("1 correction since Run 1")).to_have_count(0)


def test_what_the_test_asks_already_is_refused_with_a_sentence(
    studio: Studio, page: Page, seeded: Seeded
) -> None:
    opened(page, studio, seeded)
    page.get_by_role("button", name="Thanks").click()
    expect(tuned(page).locator(".cw-words")).to_have_text("You are welcome.")
    answered(page)
    tuned(page).get_by_role("button", name="✕ Wrong").click()
    redrawn(page)
    form = page.locator(".cw-editor:visible")
    form.get_by_role("button", name="Save example").click()
    expect(form.get_by_role("alert")).to_contain_text("asks the same, and it is in test")
    assert len(stored(seeded, "Thanks")) == 1
    page.get_by_role("button", name="Leave it", exact=True).click()
    expect(page.get_by_role("heading", name="What it should have been")).to_have_count(0)


def test_right_with_one_click_and_an_example_with_another(studio: Studio, page: Page, seeded: Seeded) -> None:
    opened(page, studio, seeded)
    say(page, "I need help")
    tuned(page).get_by_role("button", name="✓ Right").click()
    tuned(page).get_by_role("button", name="to learn from").click()
    expect(tuned(page).get_by_text("In train as example")).to_be_visible()
    [row] = stored(seeded, "I need help")
    assert row.calls == (TICKET,)
    with open_store(seeded.settings) as db:
        projects.delete_examples(db, seeded.project, [row.id])


def test_what_was_said_last_is_edited_and_asked_again(studio: Studio, page: Page, seeded: Seeded) -> None:
    opened(page, studio, seeded)
    say(page, "Where is parcel 8?")
    page.get_by_role("button", name="Edit what was said last").click()
    expect(page.get_by_label("Ask something…")).to_have_value("Where is parcel 8?")
    say(page, "Where is parcel 7?")
    expect(tuned(page).locator(".cw-me")).to_have_text(["Where is parcel 7?"])
    expect(tuned(page).locator(".cw-call")).to_contain_text("find_order")
    raw = tuned(page).locator("details").get_attribute("data-key")
    page.get_by_role("button", name="Ask again").click()
    expect(tuned(page).locator(f"details[data-key='{raw}']")).to_have_count(0)
    answered(page)
    expect(tuned(page).locator(".cw-call")).to_contain_text("find_order")
    expect(tuned(page).locator(".cw-me")).to_have_count(1)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".cw-me")).to_have_count(0)


def test_many_prompts_are_asked_and_the_right_answers_taken(
    studio: Studio, page: Page, seeded: Seeded
) -> None:
    opened(page, studio, seeded)
    page.get_by_role("button", name="Try many at once").click()
    page.get_by_label("Prompts, one a line").fill(
        "Where is parcel 7?\nI need help\n\nMy lamp is broken\nThanks"
    )
    page.get_by_role("button", name="Ask all").click()
    expect(page.get_by_text("4 prompts asked")).to_be_visible()
    rows = page.locator(".cw-batch tbody tr")
    expect(rows).to_have_count(4)
    for n in (0, 1):
        rows.nth(n).get_by_role("checkbox").click()
        expect(rows.nth(n).get_by_role("checkbox")).to_have_attribute("aria-checked", "true")
    page.get_by_role("button", name="Take 2 to train").click()
    expect(rows.nth(1)).to_contain_text("In train as example")
    assert [len(stored(seeded, prompt)) for prompt in ("Where is parcel 7?", "I need help")] == [1, 1]

    # A wrong one opens the form; what stands in the test is left out.
    rows.nth(2).get_by_role("button", name="Correct it…").click()
    redrawn(page)
    form = page.locator(".cw-editor:visible")
    choose(page, "The model should", "call open_ticket")
    form.get_by_label("query (text, required)").fill("lamp")
    form.get_by_role("button", name="Save example").click()
    expect(rows.nth(2)).to_contain_text("In train as example")
    assert stored(seeded, "My lamp is broken")[0].calls == (ToolCall("open_ticket", {"query": "lamp"}),)
    rows.nth(3).get_by_role("checkbox").click()
    page.get_by_role("button", name="Take 1 to train").click()
    expect(page.get_by_text("1 left out, because an example asks the same already.")).to_be_visible()


def test_prompts_of_a_file_and_stopping_halfway(
    studio: Studio, page: Page, seeded: Seeded, tmp_path: Path
) -> None:
    opened(page, studio, seeded)
    page.get_by_role("button", name="Try many at once").click()
    file = tmp_path / "prompts.csv"
    file.write_text("id,question\n" + "\n".join(f'{n},"Where is parcel {n}, please?"' for n in range(120)))
    page.locator("input[type=file]:visible, .cw-part input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("prompts.csv")).to_be_visible()
    page.get_by_label("Ask the untouched model too").check()
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".cw-batch tbody tr").nth(1)).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Ask all")).to_be_enabled()
    expect(page.locator(".cw-batch tbody tr").first.get_by_text("Correct it…")).to_be_visible()
    assert 1 < page.locator(".cw-batch tbody tr").count() < 120


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


def until(seeded: Seeded, id: str, holds: Callable[[runs.Run], bool], seconds: float = 120) -> runs.Run:
    end = time.monotonic() + seconds
    while True:
        with open_store(seeded.settings) as db:
            run = runs.find(db, id)
        if holds(run):
            return run
        assert time.monotonic() < end and not run.ended, run
        time.sleep(0.1)


def test_a_correction_goes_into_the_next_run(studio: Studio, page: Page, seeded: Seeded) -> None:
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
    page.get_by_label("Passes over your examples").fill("60")
    page.get_by_label("Size of each change").fill("0.005")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".cw-run", has_text="Run 2")).to_contain_text(" of 1", timeout=180_000)
    with open_store(seeded.settings) as db:
        run = runs.listed(db, seeded.project)[0]
        learned = projects.snapshot(db, run.snapshot).split("train")
    assert run.number == 2 and ToolCall("open_ticket", {"query": "sofa"}) in [one.calls[0] for one in learned]
    tab(page, "Playground")
    expect(page.get_by_text("correction since Run 2")).to_have_count(0)


def test_a_host_that_is_killed_during_an_answer_costs_nothing_but_the_answer(
    studio: Studio, page: Page, seeded: Seeded
) -> None:
    opened(page, studio, seeded)
    say(page, "I need help")
    page.get_by_label("Ask something…").fill("Where is parcel 7?")
    page.get_by_role("button", name="Send").click()
    host = client._running(seeded.settings)
    assert isinstance(host.process, processes.Owner)
    os.kill(host.process.pid, signal.SIGKILL)
    expect(page.get_by_label("Ask something…")).to_have_value("")
    answered(page)
    # The model that was speaking then says so, if it had begun; the other one was asked of a new host.
    again = page.locator(".cw-lanes").get_by_role("button", name="Ask again")
    for _ in range(again.count()):
        left = again.count()
        again.first.click()
        expect(again).to_have_count(left - 1)
        answered(page)
    expect(tuned(page).locator(".cw-me")).to_have_count(2)
    expect(tuned(page).locator(".cw-call")).to_have_count(2)
    expect(page.locator(".cw-lanes .cw-problem")).to_have_count(0)
