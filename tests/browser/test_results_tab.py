"""The Results tab as a person uses it: from a number to its rows, other answers beside each other, files to keep."""

import csv
import json
from pathlib import Path

import pytest
from answered import AFTER, BEFORE, EXPECTED, keep, make_shop, order
from browser.conftest import Studio, Watched
from browser.seeded_runs import work
from playwright.sync_api import Locator, Page, expect

from core.schema import Example, ToolCall
from core.settings import Settings
from core.store import claims, evaluations, open_store, projects, runs
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser
# Another training: it confuses fewer, but says nothing where an order was talked about before.
OTHER = (*([order(f"A-{n}")] for n in range(1, 6)), *(calls for _, calls in EXPECTED[5:9]), [], [], [])


def add_run(studio: Studio, project: str, answers: tuple = AFTER, **recipe: object) -> runs.Run:
    """A finished run with answers before and after it."""
    with open_store(Settings(studio.home)) as db:
        snapshot = projects.freeze(db, project).hash
        made = runs.create(db, project, "starter", {**RunConfig().to_json(), **recipe}, snapshot)
        run = claims.claim(db, made.id)
        assert run
        work(db, run, 10, 2)
        keep(db, run, "before", BEFORE)
        keep(db, run, "after", answers)
        runs.end(db, run.id, run.attempt, "finished", train_seconds=150.0, seconds=192.0)
        return runs.find(db, run.id)


@pytest.fixture
def project(studio: Studio, request: pytest.FixtureRequest) -> str:
    with open_store(Settings(studio.home)) as db:
        return make_shop(db, request.node.name[:70])


def open_results(page: Page, studio: Studio, run: runs.Run) -> None:
    page.goto(f"{studio.address}/?run={run.id}")
    page.get_by_role("tab", name="Results").click()
    expect(page.get_by_role("heading", name=f"Results of {run.name}")).to_be_visible()


def prompts(page: Page) -> Locator:
    return page.locator(".cw-answers tbody tr td:first-child > div")


def test_the_numbers_say_what_is_better_and_what_may_be_luck(
    studio: Studio, page: Page, project: str
) -> None:
    open_results(page, studio, add_run(studio, project))
    tool, call = (page.locator(".cw-measure").nth(n) for n in (0, 1))
    expect(tool).to_contain_text("1 of 12")
    expect(tool).to_contain_text("10 of 12")
    expect(tool).to_contain_text("55 to 95 % likely")
    expect(tool).to_contain_text("Clearly better. 10 fixed, 1 broke, 1 still wrong.")
    expect(call).to_contain_text("7 of 12")
    expect(call).to_contain_text("Could be luck. 7 fixed, 1 broke, 4 still wrong.")
    expect(call).to_contain_text("more test example")
    expect(page.get_by_text("Free wording, accepted when at least 50 % of the words agree")).to_be_visible()
    call.get_by_role("button", name="1 broke").click()
    expect(prompts(page)).to_have_text(["Thanks!"])


def test_a_cell_of_the_matrix_opens_its_rows_and_a_tick_keeps_them(
    studio: Studio, page: Page, project: str
) -> None:
    open_results(page, studio, add_run(studio, project))
    expect(prompts(page)).to_have_count(12)
    cell = page.get_by_role("button", name="1: open_ticket asked for → find_order")
    cell.focus()
    page.keyboard.press("Enter")
    expect(prompts(page)).to_have_text(["The mirror came in pieces!"])
    chip = page.get_by_role("button", name="Show all rows again")
    expect(chip).to_have_text("After: open_ticket asked for → find_order: 1 row ✕")
    expect(page.get_by_role("button", name="1: open_ticket asked for")).to_be_focused()
    waits = add_run(studio, project, seed=3)  # another run ends: the page draws its live parts anew
    expect(page.locator(".cw-run", has_text=waits.name)).to_be_visible()
    expect(chip).to_be_visible()
    expect(prompts(page)).to_have_count(1)
    chip.click()
    expect(prompts(page)).to_have_count(12)
    expect(chip).to_have_count(0)
    page.get_by_role("group", name="Whose answers").get_by_role("button", name="Before").click()
    page.get_by_role("button", name="4: open_ticket asked for → unreadable").click()
    expect(prompts(page)).to_have_count(4)
    expect(chip).to_contain_text("Before: open_ticket asked for → unreadable: 4 rows")


def test_an_argument_opens_its_rows_with_the_differences_marked(
    studio: Studio, page: Page, project: str
) -> None:
    open_results(page, studio, add_run(studio, project))
    page.get_by_role("button", name="1: subject, open_ticket, wrong value").click()
    expect(prompts(page)).to_have_text(["The kettle came in pieces!"])
    expect(page.locator(".cw-answers .cw-arg.bad")).to_have_text("≠ subject: hello there differs")
    page.get_by_role("button", name="1: order, find_order, missing").click()
    expect(prompts(page)).to_have_text(["Where is parcel A-5?"])
    expect(page.locator(".cw-answers .cw-arg.bad s")).to_have_text("order: A-5")
    page.get_by_role("button", name="Arguments differ 3").click()
    expect(prompts(page)).to_have_count(3)
    page.get_by_role("button", name="All 12").click()
    row = page.locator(".cw-answers tbody tr").filter(has_text="And A-10?")
    row.get_by_text("2 turns before it").click()
    expect(row.get_by_text("On its way.")).to_be_visible()
    row.get_by_text("Raw text").last.click()
    expect(row.get_by_text("7 tokens").last).to_be_visible()


def test_chips_show_what_became_of_the_rows(studio: Studio, page: Page, project: str) -> None:
    open_results(page, studio, add_run(studio, project))
    for name, n in (("Fixed", 10), ("Broke", 1), ("Still wrong", 1), ("Still right", 0)):
        chip = page.get_by_role("button", name=f"{name} {n}", exact=True)
        chip.click()
        expect(chip).to_have_attribute("aria-pressed", "true")
        expect(prompts(page)).to_have_count(n)
    expect(page.get_by_text("No row is like this.")).to_be_visible()


def test_two_runs_are_put_side_by_side(studio: Studio, page: Page, project: str) -> None:
    first = add_run(studio, project)
    second = add_run(studio, project, OTHER, epochs=3)
    with open_store(Settings(studio.home)) as db:
        asked = evaluations.find(db, first.id, "after")
        assert asked
        rows = evaluations.predictions(db, asked.id)
        evaluations.save(
            db, run=None, phase="alone", model="some/model", snapshot=first.snapshot, split="test",
            summary=asked.summary, predictions=rows,
        )  # fmt: skip
    open_results(page, studio, second)
    page.get_by_role("button", name="Compare with…").click()
    page.get_by_label("On the left").click()
    page.get_by_role("option", name=f"{first.name}, after").click()
    expect(page.get_by_role("heading", name="Two models side by side")).to_be_visible()
    tool = page.locator(".cw-measure").first
    expect(tool).to_contain_text("Run 1, after")
    expect(tool).to_contain_text("10 of 12")
    expect(tool).to_contain_text("No difference. 2 fixed, 2 broke")
    tool.get_by_role("button", name="2 broke").click()
    expect(prompts(page)).to_contain_text(["And A-10?2 turns before it", "And A-11?2 turns before it"])
    page.get_by_label("On the left").click()
    page.get_by_role("option", name="some/model, asked on").click()
    expect(tool).to_contain_text("some/model, asked on")
    page.get_by_role("button", name="Before and after this run").click()
    expect(page.get_by_role("heading", name=f"Results of {second.name}")).to_be_visible()
    expect(tool).to_contain_text("1 of 12")


def test_other_rows_are_compared_where_they_are_the_same(studio: Studio, page: Page, project: str) -> None:
    first = add_run(studio, project)
    with open_store(Settings(studio.home)) as db:
        row = projects.examples(db, project, split="test")[0]
        projects.delete_examples(db, project, [row.id or 0])
        new = Example.single("Where is parcel A-99?", ToolCall("find_order", {"order": "A-99"}), split="test")
        projects.add_examples(db, project, [new])
    with open_store(Settings(studio.home)) as db:
        made = runs.create(db, project, "starter", RunConfig().to_json(), projects.freeze(db, project).hash)
        run = claims.claim(db, made.id)
        assert run
        keep(db, run, "after", (*AFTER[1:], [order("A-99")]))
        runs.end(db, run.id, run.attempt, "finished", seconds=1.0)
        second = runs.find(db, run.id)
    open_results(page, studio, second)
    page.get_by_role("button", name="Compare with…").click()
    page.get_by_label("On the left").click()
    page.get_by_role("option", name=f"{first.name}, after").click()
    told = "11 rows are the same on both sides and count here; 1 of the right side are left out."
    expect(page.get_by_text(told)).to_be_visible()
    expect(prompts(page)).to_have_count(11)


def test_seeds_of_one_training_are_told_together(studio: Studio, page: Page, project: str) -> None:
    made = [add_run(studio, project, answers, seed=n) for n, answers in enumerate((AFTER, OTHER))]
    open_results(page, studio, made[0])
    expect(page.get_by_role("heading", name="The same training with 2 seeds")).to_be_visible()
    expect(page.get_by_role("row", name="Mean 1.0")).to_contain_text("10.0")
    page.get_by_role("button", name="Run 2, after").click()
    expect(page.get_by_role("heading", name="Two models side by side")).to_be_visible()
    expect(page.locator(".cw-measure").first).to_contain_text("Run 2, after")


@pytest.mark.parametrize("kind", ["Web page", "CSV", "JSONL"])
def test_the_results_arrive_as_a_file(
    studio: Studio, page: Page, project: str, tmp_path: Path, watched: Watched, kind: str
) -> None:
    open_results(page, studio, add_run(studio, project))
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name=kind).click()
    name = {"Web page": "html"}.get(kind, kind.lower())
    assert saving.value.suggested_filename == f"results-run-1.{name}"
    file = tmp_path / f"results.{name}"
    saving.value.save_as(file)
    match name:
        case "csv":
            rows = list(csv.DictReader(file.open(encoding="utf-8-sig")))
            assert [row["change_tool"] for row in rows].count("fixed") == 10
        case "jsonl":
            rows = [json.loads(line) for line in file.read_text().splitlines()]
            assert len(rows) == 12 and rows[9]["turns"][1]["content"] == "On its way."
        case "html":
            page.goto(file.as_uri())
            expect(page.get_by_role("heading", name="Results of Run 1")).to_be_visible()
            expect(page.get_by_text("Clearly better.")).to_be_visible()
            watched.problems[:] = [one for one in watched.problems if "file://" not in one]


def test_a_thousand_rows_come_in_pages(studio: Studio, page: Page, project: str) -> None:
    with open_store(Settings(studio.home)) as db:
        more = [
            Example.single(
                f"Where is parcel C-{n}?", ToolCall("find_order", {"order": f"C-{n}"}), split="test"
            )
            for n in range(1000)
        ]
        projects.add_examples(db, project, more)
        run = runs.create(db, project, "starter", RunConfig().to_json(), projects.freeze(db, project).hash)
        claimed = claims.claim(db, run.id)
        assert claimed
        keep(db, claimed, "before", (*BEFORE, *([] for _ in more)))
        keep(db, claimed, "after", (*AFTER, *(list(one.calls) for one in more)))
        runs.end(db, run.id, claimed.attempt, "finished", seconds=1.0)
    open_results(page, studio, run)
    expect(prompts(page)).to_have_count(50)
    page.get_by_role("button", name="Fixed 1,010").click()
    expect(page.get_by_text("1 to 50 of 1,010")).to_be_visible()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("51 to 100 of 1,010")).to_be_visible()
    expect(prompts(page)).to_have_count(50)
