"""A project about parcels, and the Playground's page of it: what several files of tests do there."""

from dataclasses import dataclass
from pathlib import Path

from browser.conftest import Studio
from browser.test_pages import tab
from playwright.sync_api import Page, expect

from core.schema import Example, ToolCall, read_tool
from core.settings import Settings
from core.store import claims, open_store, projects, runs

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
TOOLS = [
    read_tool({"name": name, "description": name, "parameters": QUERY})[0]
    for name in ("find_order", "open_ticket")
]
PARCEL = ToolCall("find_order", {"query": "7"})
TICKET = ToolCall("open_ticket", {"query": "help"})


@dataclass
class Seeded:
    project: str
    run: runs.Run
    settings: Settings


def seed(studio: Studio, name: str, base: Path, tuned: Path, examples: list[Example]) -> Seeded:
    """A project whose first run made `tuned` out of `base`."""
    settings = Settings.load(studio.home)
    with open_store(settings) as db:
        project = projects.create(db, name).id
        for tool in TOOLS:
            projects.save_tool(db, project, tool)
        projects.add_examples(db, project, examples)
        run = runs.create(db, project, str(base), {}, projects.freeze(db, project).hash)
        claimed = claims.claim(db, run.id)
        runs.report(db, run.id, claimed.attempt, folder=str(tuned))
        runs.end(db, run.id, claimed.attempt, "finished")
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
