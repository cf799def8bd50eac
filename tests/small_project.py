"""Fixtures: a store in a folder of the test's own, with a small project."""

import pytest

from core.schema import Example, ToolCall, read_tool
from core.settings import Settings
from core.store import open_store, projects


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings.load(tmp_path / "home")


@pytest.fixture
def db(settings):
    with open_store(settings) as opened:
        yield opened


SEARCH = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "what"}},
    "required": ["query"],
}


@pytest.fixture
def project(db) -> projects.Project:
    """Two tools, three training and two test examples."""
    made = projects.create(db, "Where to look")
    for name, words in (("search_docs", "Our documents."), ("search_web", "Public pages.")):
        tool, _ = read_tool({"name": name, "description": words, "parameters": SEARCH})
        projects.save_tool(db, made.id, tool)
    projects.add_examples(
        db,
        made.id,
        [
            Example.single("our travel policy?", ToolCall("search_docs", {"query": "travel policy"})),
            Example.single("weather in Rome", ToolCall("search_web", {"query": "weather rome"})),
            Example.single("thanks", reply="You are welcome."),
            Example.single("our VPN?", ToolCall("search_docs", {"query": "vpn"}), split="test"),
            Example.single("who won the cup?", ToolCall("search_web", {"query": "cup winner"}), split="test"),
        ],
    )
    return made
