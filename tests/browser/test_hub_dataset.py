"""A data set of the Hub, brought through the page from a stand-in that speaks the Hub's HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.conftest import free_port, started, wait_until_up
from playwright.sync_api import Page, expect

from core.settings import Settings
from core.store import open_store, projects
from tests.core.models import hub_stand_in

pytestmark = pytest.mark.browser


def lines(*prompts: str) -> bytes:
    rows = [
        {"user_content": prompt, "tool_name": "web_search", "tool_arguments": json.dumps({"query": prompt})}
        for prompt in prompts
    ]
    return "\n".join(map(json.dumps, rows)).encode()


@pytest.fixture
def hub() -> Iterator[hub_stand_in.Hub]:
    with hub_stand_in.running() as running:
        running.repos["datasets/me/questions"] = {
            "README.md": b"# Questions",
            "train.jsonl": lines("price of tin", "price of zinc"),
            "test.jsonl": lines("price of gold"),
        }
        yield running


def test_a_data_set_comes_in_by_its_name_each_file_for_its_part(
    hub: hub_stand_in.Hub, page: Page, tmp_path: Path
) -> None:
    home, port, log = tmp_path / "home", free_port(), tmp_path / "app.log"
    cache = {"HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0"}
    process = started(home, port, log, **cache)
    try:
        wait_until_up(process, f"http://127.0.0.1:{port}", log)
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_role("tab", name="Examples").click()
        page.get_by_role("button", name="Bring examples…").click()
        page.get_by_role("button", name="From the Hugging Face Hub").click()
        name = page.get_by_label("Name of the data set")
        name.fill("me/nothing")
        page.get_by_role("button", name="Fetch and read").click()
        expect(
            page.get_by_role("alert").filter(has_text="The Hub has no data set me/nothing")
        ).to_be_visible()
        name.fill("me/questions")
        page.get_by_role("button", name="Fetch and read").click()
        expect(page.get_by_text("train.jsonl: 2 rows = 2 understood + 0 rejected")).to_be_visible()
        expect(page.get_by_text("test.jsonl: 1 row = 1 understood + 0 rejected")).to_be_visible()
        page.get_by_role("button", name="Add 3 examples").click()
        expect(page.get_by_role("button", name="all 67", exact=True)).to_be_visible()
        with open_store(Settings(home)) as db:
            project = projects.listed(db)[0].id
            found = projects.examples(db, project, search="price of")
        assert {
            example.prompt: example.split for example in found if example.prompt.startswith("price of")
        } == {
            "price of tin": "train",
            "price of zinc": "train",
            "price of gold": "test",
        }
    finally:
        page.goto("about:blank")
        process.terminate()
        process.wait(20)
