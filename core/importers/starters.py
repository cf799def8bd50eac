"""The starter projects that come with the studio."""

import json
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from core.errors import StudioError
from core.importers.examples import read_examples
from core.importers.tools import read_tools
from core.store import documents, immediate, projects
from core.store.projects import Project

FOLDER = Path(__file__).parents[2] / "assets" / "starters"

# In the order they are offered; the first one is the reference result of the product.
IDS = ("where-to-look", "smart-home")


@dataclass(frozen=True, slots=True)
class Starter:
    """A folder with tools, examples and a README that says what it teaches; some with documents to search too."""

    id: str
    title: str
    summary: str
    folder: Path


def starters() -> list[Starter]:
    """All starters, the simplest first."""
    return [_starter(FOLDER / id) for id in IDS]


def _starter(folder: Path) -> Starter:
    title, summary, *_ = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")
    return Starter(folder.name, title.removeprefix("# ").strip(), " ".join(summary.split()), folder)


def load(db: Database, id: str) -> Project:
    """A new project made from a starter, with a number behind its name where that is taken.

    Raises StudioError where there is no such starter.
    """
    if id not in IDS:
        raise StudioError(f"There is no starter {id!r}.", f"Starters here: {', '.join(IDS)}.", "starter")
    starter = _starter(FOLDER / id)
    tools = read_tools((starter.folder / "tools.json").read_bytes()).tools
    examples = read_examples(
        (starter.folder / "examples.jsonl").read_bytes(), "examples.jsonl", tools
    ).examples
    with immediate(db):
        project = projects.create(db, _free_name(db, starter.title))
        for tool in tools:
            projects.save_tool(db, project.id, tool)
        ids = projects.add_examples(db, project.id, examples)
        _add_documents(
            db, project.id, starter.folder, dict(zip((e.prompt for e in examples), ids, strict=True))
        )
    return project


def _add_documents(db: Database, project: str, folder: Path, examples: dict[str, int]) -> None:
    """The documents of a starter, `NAME.md` each, and the names of those that answer a question, by question."""
    ids: dict[str, int] = {}
    for path in sorted((folder / "documents").glob("*.md")):
        title, text = path.read_text(encoding="utf-8").split("\n\n", 1)
        [ids[path.stem]] = documents.add(db, project, [(title.removeprefix("# "), text)])
    if ids:
        answered = json.loads((folder / "relevant.json").read_text(encoding="utf-8"))
        for prompt, names in answered.items():
            for name in names:
                documents.mark(db, project, examples[prompt], ids[name])


def _free_name(db: Database, title: str) -> str:
    name, number = title, 1
    while projects.find_or_none(db, name):
        number += 1
        name = f"{title} {number}"
    return name
