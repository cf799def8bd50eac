"""The Playground in a browser, with a tiny model that knows five rows by heart, beside one that says nothing of use."""

import re
from pathlib import Path

import pytest
from browser.conftest import Studio, redrawn
from browser.parcels import PARCEL, TICKET, TOOLS, Seeded, answered, opened, say, seed, tuned
from browser.test_pages import choose, tab
from playwright.sync_api import Page, expect
from taught_model import make

from core.schema import Example, ToolCall, Turn
from core.store import documents, feedback, open_store, projects

pytestmark = pytest.mark.browser

RESULT = '{"status": "on its way", "parcel": "7"}'
TAUGHT = [
    Example.single("Where is parcel 7?", PARCEL),
    Example.single("I need help", TICKET),
    Example.single("My lamp is broken", PARCEL),  # wrong, to be corrected
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


@pytest.fixture(scope="module")
def seeded(studio: Studio, tmp_path_factory) -> Seeded:
    """A project with a finished run whose model is known by heart; nobody asked for its page yet."""
    folder = tmp_path_factory.mktemp("models")
    taught = make(folder / "taught", TOOLS, TAUGHT)
    base = make(folder / "base", TOOLS, [Example.single("?", reply="Hm.")])
    made = seed(
        studio, "Parcels", base, taught, [Example.single("Thanks", reply="You are welcome.", split="test")]
    )
    with open_store(made.settings) as db:
        documents.add(db, made.project, [("Parcels", "Parcel 7 was handed over at noon.")])
    return made


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
    expect(page.get_by_label("find_order returned")).to_have_value(re.compile("handed over at noon"))


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
    expect(page.get_by_text("Or a text or CSV file")).to_be_visible()  # the fold is open, and takes files
    page.locator(".cw-part input[type=file]").set_input_files(file)
    expect(page.get_by_text("prompts.csv")).to_be_visible()
    page.get_by_label("Ask the untouched model too").check()
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".cw-batch tbody tr").nth(1)).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Ask all")).to_be_enabled()
    expect(page.locator(".cw-batch tbody tr").first.get_by_text("Correct it…")).to_be_visible()
    assert 1 < page.locator(".cw-batch tbody tr").count() < 120
