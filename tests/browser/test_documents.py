"""Documents in the Playground: brought, searched, marked as answers, and the searches of a run measured by them."""

from pathlib import Path

import pytest
from browser.conftest import Studio
from browser.seeded_runs import QUERY, add_run
from pdf_files import pdf
from playwright.sync_api import Locator, Page, expect

from core.schema import Example, ToolCall, read_tool
from core.settings import Settings
from core.store import documents, evaluations, open_store, projects, runs
from core.store.evaluations import Prediction
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=alert(1)>"
QUESTIONS = {"How do I reach our network from home?": "vpn setup", "What may a hotel cost?": "hotel cost"}


@pytest.fixture
def run(studio: Studio, request: pytest.FixtureRequest) -> runs.Run:
    """A finished run, whose tuned model searches with good words and whose untouched one does not search."""
    with open_store(Settings(studio.home)) as db:
        project = projects.create(db, request.node.name[:70]).id
        projects.save_tool(db, project, read_tool({"name": "look", "parameters": QUERY})[0])
        rows = [
            Example.single(prompt, ToolCall("look", {"query": query}), split="test")
            for prompt, query in QUESTIONS.items()
        ]
        ids = projects.add_examples(db, project, rows)
        made = add_run(db, project, RunConfig().to_json(), 2)
        for phase in ("before", "after"):
            answers = []
            for id, (prompt, query) in zip(ids, QUESTIONS.items(), strict=True):
                calls = [{"name": "look", "arguments": {"query": query}}]
                made_of = (calls, "exact") if phase == "after" else ([], "no_call")
                answers.append(Prediction(id, prompt, calls, "", *made_of, True, True))
            evaluations.save(
                db, run=made.id, phase=phase, model="m", snapshot=made.snapshot, split="test",
                summary={"n": 2, "right": 2, "exact": 2, "malformed": 0}, predictions=answers,
            )  # fmt: skip
    return made


def opened(page: Page, studio: Studio, run: runs.Run) -> None:
    page.goto(f"{studio.address}/?run={run.id}")
    expect(page.locator(".cw-card").first).to_be_visible()
    page.get_by_role("tab", name="Playground").click()
    page.get_by_role("button", name="Your documents").click()
    expect(page.get_by_text("No documents yet").or_(page.locator(".cw-documents"))).to_be_visible()


def bring(page: Page, *files: Path) -> None:
    page.locator(".cw-docs input[type=file]").set_input_files(list(files))


def row(page: Page, title: str) -> Locator:
    return page.locator(".cw-documents tr").filter(has=page.get_by_role("button", name=f"Show {title}"))


def choose(page: Page, question: str) -> None:
    page.get_by_label("Test question").click()
    page.get_by_role("option", name=question).click()


def test_files_are_added_searched_and_marked_and_the_run_is_measured(
    studio: Studio, page: Page, run: runs.Run, tmp_path: Path
) -> None:
    (tmp_path / "vpn.md").write_text("# VPN setup\n\nInstall Tunnelbird to reach the network.")
    (tmp_path / "Travel.pdf").write_bytes(pdf("A hotel may cost 130 euros a night."))
    (tmp_path / "rooms.csv").write_text("name,seats\nCurie,12\nNoether,6\n")
    (tmp_path / "scan.pdf").write_bytes(pdf(""))
    opened(page, studio, run)
    expect(page.get_by_text("None of the test questions of Run 1 is marked")).to_be_visible()
    bring(page, *tmp_path.iterdir())
    expect(page.get_by_text("4 documents added.")).to_be_visible()
    expect(page.locator(".cw-docs").get_by_role("alert")).to_contain_text("scan.pdf: The PDF holds no text")
    for title in ("VPN setup", "Travel", "Curie", "Noether"):
        expect(row(page, title)).to_be_visible()

    page.get_by_label("Search words").fill("hotels")
    page.get_by_label("Search words").press("Enter")
    expect(page.locator(".cw-hits li")).to_have_count(1)
    expect(page.locator(".cw-hits li")).to_contain_text("130 euros")
    expect(page.locator(".cw-hits").get_by_role("checkbox")).to_have_count(0)

    choose(page, "How do I reach our network from home?")
    expect(page.get_by_label("Search words")).to_have_value("How do I reach our network from home?")
    tick = page.get_by_role("checkbox", name="“VPN setup” answers the question")
    expect(tick).to_have_attribute("aria-checked", "false")
    tick.click()
    expect(tick).to_have_attribute("aria-checked", "true")
    expect(page.get_by_text("1 document answers this question.")).to_be_visible()

    card = page.get_by_role("heading", name="Do the searches of Run 1 find them?").locator("..")
    expect(card.get_by_role("row", name="Before training")).to_contain_text("0 of 1")
    expect(card.get_by_role("row", name="After training")).to_contain_text("1 of 1")
    expect(card.get_by_role("row", name="After training")).to_contain_text("21 to 100 %")
    expect(card).to_contain_text("That could be luck")
    card.get_by_text("Each question").click()
    expect(card.get_by_role("row", name="How do I reach")).to_contain_text("nothing searched")
    expect(card.get_by_role("row", name="How do I reach")).to_contain_text("vpn setup")

    tick.click()
    expect(page.get_by_text("None of the test questions of Run 1 is marked")).to_be_visible()


def test_a_document_is_opened_deleted_and_brought_back_with_its_mark(
    studio: Studio, page: Page, run: runs.Run
) -> None:
    with open_store(Settings(studio.home)) as db:
        [id, _] = documents.add(db, run.project, [(EVIL, f"{EVIL} hotel"), ("Other", "text")])
        [example] = projects.examples(db, run.project, search="hotel")
        documents.mark(db, run.project, example.id, id)
    opened(page, studio, run)
    expect(page.get_by_text("Do the searches of Run 1 find them?")).to_be_visible()
    row(page, EVIL).get_by_role("button", name="Show").click()
    expect(page.locator(".cw-documents .cw-raw")).to_have_text(f"{EVIL} hotel")
    row(page, EVIL).get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 document is deleted.")).to_be_visible()
    expect(row(page, EVIL)).to_have_count(0)
    expect(page.get_by_text("None of the test questions")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).filter(visible=True).click()
    expect(row(page, EVIL)).to_be_visible()
    choose(page, "What may a hotel cost?")
    expect(page.locator(".cw-hits").get_by_role("checkbox").first).to_have_attribute("aria-checked", "true")
    expect(page.locator(".cw-hits li").first).to_contain_text(EVIL)
    assert page.locator("img[src=x]").count() == 0


def test_a_text_is_pasted(studio: Studio, page: Page, run: runs.Run) -> None:
    opened(page, studio, run)
    page.get_by_role("button", name="Paste a text").click()
    page.get_by_role("button", name="Add", exact=True).filter(visible=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("There is no text to add.")
    page.get_by_label("Title", exact=True).fill("Menu")
    page.get_by_label("Text", exact=True).fill("Soup on Mondays")
    page.get_by_role("button", name="Add", exact=True).filter(visible=True).click()
    expect(row(page, "Menu")).to_be_visible()
    with open_store(Settings(studio.home)) as db:
        assert [one.title for one in documents.listed(db, run.project)] == ["Menu"]


def test_a_project_without_a_run_says_what_comes(studio: Studio, page: Page) -> None:
    with open_store(Settings(studio.home)) as db:
        project = projects.create(db, "Only documents").id
        documents.add(db, project, [(f"Page {n:03}", "text") for n in range(45)])
    page.goto(studio.address)
    expect(page.locator(".cw-card").first).to_be_visible()
    page.get_by_label("Project", exact=True).click()
    page.get_by_role("option", name="Only documents", exact=True).click()
    page.get_by_role("tab", name="Playground").click()
    page.get_by_role("button", name="Your documents").click()
    expect(page.get_by_text("Train first")).to_be_visible()
    expect(page.get_by_text("1 to 20 of 45")).to_be_visible()
    page.locator(".cw-docs").get_by_role("button", name="Next").click()
    expect(row(page, "Page 020")).to_be_visible()
    page.get_by_role("button", name="Delete all").click()
    expect(page.get_by_text("45 documents are deleted.")).to_be_visible()
    expect(page.get_by_text("No documents yet")).to_be_visible()
