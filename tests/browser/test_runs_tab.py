"""The Runs tab as a person uses it: compare, name, archive, delete and take back, train again, save the metrics."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from browser.conftest import Studio, Watched
from browser.seeded_runs import add_run, make_project
from playwright.sync_api import Locator, Page, expect
from tiny_model import make

from core.settings import Settings
from core.store import metrics, open_store, runs, shelf
from core.training.recipe import RunConfig

pytestmark = pytest.mark.browser
MINE = {"epochs": 7, "batch_size": 2, "learning_rate": 2e-05, "schedule": "constant", "seed": 5}


@pytest.fixture
def project(studio: Studio, request: pytest.FixtureRequest) -> str:
    """A project named for the test, with two finished runs."""
    with open_store(Settings(studio.home)) as db:
        project = make_project(db, request.node.name[:70])
        add_run(db, project, RunConfig().to_json(), 17)
        add_run(db, project, {**RunConfig().to_json(), **MINE}, 12, epochs=6)
    return project


def stored(studio: Studio, project: str) -> list[runs.Run]:
    """The runs of the project outside the archive, the first first."""
    with open_store(Settings(studio.home)) as db:
        return shelf.listed(db, project)[::-1]


def open_runs(page: Page, studio: Studio, run: runs.Run) -> None:
    page.goto(f"{studio.address}/?run={run.id}")
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def row(page: Page, name: str) -> Locator:
    return page.locator(".cw-shelf tbody tr").filter(has=page.get_by_role("button", name=name, exact=True))


def do(page: Page, name: str, what: str) -> None:
    """Open the actions of a run and press one."""
    page.get_by_role("button", name=f"More about {name}").click()
    page.locator(".cw-doings").get_by_role("button", name=what).click()


def test_two_runs_are_compared(studio: Studio, page: Page, project: str) -> None:
    open_runs(page, studio, stored(studio, project)[0])
    expect(row(page, "Run 1")).to_contain_text("0 → 17 of 20")
    expect(row(page, "Run 2")).to_contain_text("Own recipe")
    button = page.get_by_role("button", name="Compare", exact=True)
    page.get_by_role("checkbox", name="Compare Run 2").click()
    expect(page.get_by_text("Tick one more to compare.")).to_be_visible()
    expect(button).to_be_hidden()
    page.get_by_role("checkbox", name="Compare Run 1").click()
    button.click()
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    tables = page.locator(".cw-compare")
    expect(tables.first.get_by_role("row", name="Right tool after")).to_have_text(
        "Right tool after12 of 2017 of 20"
    )
    expect(tables.nth(1).get_by_role("row", name="Passes over your examples")).to_contain_text("716")
    expect(tables.nth(1)).not_to_contain_text("Arithmetic")
    expect(page.locator(".cw-charts figure")).to_have_count(3)
    expect(page.locator(".cw-charts path.run-1")).to_have_count(3)
    page.get_by_role("button", name="All runs").click()
    expect(page.get_by_role("checkbox", name="Compare Run 1")).to_have_attribute("aria-checked", "true")


def test_a_name_and_a_note_are_kept(studio: Studio, page: Page, watched: Watched, project: str) -> None:
    open_runs(page, studio, stored(studio, project)[0])
    do(page, "Run 1", "Name and note")
    expect(page.get_by_role("heading", name="Name and note of Run 1")).to_be_visible()
    form = page.locator(".cw-panel").filter(has=page.get_by_role("heading", name="Name and note of Run 1"))
    form.get_by_role("textbox", name="Name").fill("<b>Sixteen</b> passes")
    form.get_by_role("textbox", name="Note").fill("Is it too long?")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    named = row(page, "<b>Sixteen</b> passes")
    expect(named).to_be_visible()
    expect(page.locator(".cw-run").filter(has_text="Sixteen")).to_be_visible()
    with watched.reloading():
        page.reload()
    page.get_by_role("tab", name="Runs").click()
    expect(named).to_be_visible()
    expect(page.locator(".cw-doings, .cw-reason").get_by_text("Is it too long?")).to_be_visible()
    assert stored(studio, project)[0].label == "<b>Sixteen</b> passes"


def test_the_archive_takes_a_run_out_of_the_lists_and_gives_it_back(
    studio: Studio, page: Page, watched: Watched, project: str
) -> None:
    open_runs(page, studio, stored(studio, project)[0])
    do(page, "Run 2", "Archive")
    expect(row(page, "Run 2")).to_have_count(0)
    expect(page.locator(".cw-run")).to_have_count(1)
    with watched.reloading():
        page.reload()
    page.get_by_role("tab", name="Runs").click()
    page.get_by_role("button", name="Archived 1").click()
    expect(row(page, "Run 2")).to_be_visible()
    expect(row(page, "Run 1")).to_have_count(0)
    do(page, "Run 2", "Bring back")
    expect(page.get_by_text("The archive is empty")).to_be_visible()
    expect(page.locator(".cw-run")).to_have_count(2)


def test_a_deletion_is_taken_back_and_another_one_goes_for_good(
    studio: Studio, page: Page, watched: Watched, project: str
) -> None:
    settings = Settings(studio.home)
    first, second = stored(studio, project)
    folder = settings.run_folder(second.id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("x")
    open_runs(page, studio, second)
    do(page, "Run 2", "Delete")
    expect(page.get_by_text("Run 2 is deleted.")).to_be_visible()
    expect(page.locator(".cw-run")).to_have_count(1)
    expect(page.locator(".cw-run")).to_have_attribute("aria-pressed", "true")  # another one is shown
    with watched.reloading():
        page.reload()
    page.get_by_role("tab", name="Runs").click()
    page.get_by_role("button", name="Undo").filter(visible=True).click()
    expect(row(page, "Run 2")).to_be_visible()
    expect(page.get_by_text("Run 2 is deleted.")).to_have_count(0)
    assert folder.exists() and len(stored(studio, project)) == 2
    do(page, "Run 2", "Delete")
    page.get_by_role("button", name="Remove the files now").click()
    expect(page.get_by_text("Run 2 and its files are gone.")).to_be_visible()
    expect(page.get_by_text("Run 2 is deleted.")).to_have_count(0)
    with open_store(settings) as db:
        assert not folder.exists() and runs.find_or_none(db, second.id) is None
        assert metrics.listed(db, second.id) == [] and metrics.listed(db, first.id)


def test_train_again_puts_the_settings_into_the_form(studio: Studio, page: Page, project: str) -> None:
    open_runs(page, studio, stored(studio, project)[0])
    do(page, "Run 2", "Train again")
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_label("Passes over your examples")).to_have_value("7")
    expect(page.get_by_label("Examples a step")).to_have_value("2")
    expect(page.get_by_label("Size of each change")).to_have_value("2e-05")
    expect(page.get_by_label("Order of the rows")).to_have_value("5")
    expect(page.get_by_label("From then on")).to_have_value("stays the same")
    expect(page.get_by_role("radio", name="Own")).to_be_checked()


def test_metrics_are_saved_as_a_file(studio: Studio, page: Page, project: str, tmp_path: Path) -> None:
    run = stored(studio, project)[1]
    open_runs(page, studio, run)
    page.get_by_role("button", name="More about Run 2").click()
    for _ in range(2):  # the same file again
        with page.expect_download() as saving:
            page.get_by_role("button", name="Metrics as CSV").click()
        saving.value.save_as(tmp_path / "metrics.csv")
        assert saving.value.suggested_filename == "run-2-metrics.csv"
        rows = list(csv.DictReader((tmp_path / "metrics.csv").open()))
        with open_store(Settings(studio.home)) as db:
            expected = metrics.listed(db, run.id)
        assert [(int(r["step"]), r["name"], float(r["value"])) for r in rows] == [
            (m.step, m.name, m.value) for m in expected
        ]
        (tmp_path / "metrics.csv").unlink()


def test_settings_and_script_are_saved_as_one_file(
    studio: Studio, page: Page, project: str, tmp_path: Path
) -> None:
    run = stored(studio, project)[1]
    model = make(tmp_path / "tiny")
    with open_store(Settings(studio.home)) as db:
        db.conn.execute("UPDATE runs SET model = ? WHERE id = ?", (str(model), run.id))
    open_runs(page, studio, run)
    page.get_by_role("button", name="More about Run 2").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Settings and script").click()
    assert saving.value.suggested_filename == "run-2-script.zip"
    saving.value.save_as(tmp_path / "script.zip")
    with zipfile.ZipFile(tmp_path / "script.zip") as packed:
        names = {Path(name).name for name in packed.namelist()}
        assert {"train.py", "config.json", "requirements.txt", "train.jsonl"} <= names
        [settings] = [name for name in packed.namelist() if name.endswith("config.json")]
        assert json.loads(packed.read(settings))["run"]["id"] == run.id


def test_a_press_on_the_name_opens_the_run(studio: Studio, page: Page, project: str) -> None:
    first, second = stored(studio, project)
    open_runs(page, studio, second)
    row(page, "Run 1").get_by_role("button", name="Run 1", exact=True).click()
    expect(page.get_by_role("heading", name="Results of Run 1")).to_be_visible()
    expect(page.locator(".cw-run", has_text="Run 1")).to_have_attribute("aria-pressed", "true")
    assert first.state == "finished"


def test_a_project_without_runs_says_what_will_stand_here(studio: Studio, page: Page) -> None:
    with open_store(Settings(studio.home)) as db:
        make_project(db, "Nothing yet")
    page.goto(studio.address)
    expect(page.locator(".cw-card").first).to_be_visible()
    page.get_by_label("Project", exact=True).click()
    page.get_by_role("option", name="Nothing yet", exact=True).click()
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text("one change at a time")).to_be_visible()
    expect(page.locator(".cw-shelf")).to_have_count(0)
