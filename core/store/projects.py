"""Projects with their tools and examples, and the frozen snapshots that runs are made from."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.errors import StudioError
from core.schema import Example, Tool
from core.schema.call import dumps
from core.store import documents, selection
from core.store.database import immediate, now
from core.store.selection import NO_CALL as NO_CALL
from core.store.selection import Selection


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    name: str
    created: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tools and examples as they stood at one moment; equal content has an equal hash."""

    hash: str
    tools: tuple[Tool, ...]
    examples: tuple[Example, ...]

    def split(self, split: str) -> list[Example]:
        return [example for example in self.examples if example.split == split]


def create(db: Database, name: str) -> Project:
    """A new project. Raises StudioError where the name is empty or taken."""
    name = name.strip()
    if not name or len(name) > 80:
        raise StudioError("A project needs a name of 1 to 80 characters.", where="name")
    with immediate(db):
        if find_or_none(db, name):
            raise StudioError(f"There is already a project called {name}.", "Choose another name.", "name")
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "project"
        project = Project(f"{slug}-{secrets.token_hex(2)}", name, now())
        db.conn.execute(
            "INSERT INTO projects (id, name, created) VALUES (?, ?, ?)", (project.id, name, project.created)
        )
    return project


def listed(db: Database) -> list[Project]:
    """All projects, the oldest first."""
    rows = db.conn.execute("SELECT id, name, created FROM projects ORDER BY created, id")
    return [Project(*row) for row in rows]


def find_or_none(db: Database, name_or_id: str) -> Project | None:
    row = db.conn.execute(
        "SELECT id, name, created FROM projects WHERE id = ? OR name = ?", (name_or_id, name_or_id)
    ).fetchone()
    return Project(*row) if row else None


def find(db: Database, name_or_id: str) -> Project:
    """The project of this name or id. Raises StudioError where there is none."""
    project = find_or_none(db, name_or_id)
    if project is None:
        known = ", ".join(p.name for p in listed(db)) or "none yet"
        raise StudioError(f"There is no project {name_or_id!r}.", f"Projects here: {known}.", "project")
    return project


def rename(db: Database, project: str, name: str) -> None:
    name = name.strip()
    if not name or len(name) > 80:
        raise StudioError("A project needs a name of 1 to 80 characters.", where="name")
    with immediate(db):
        other = find_or_none(db, name)
        if other and other.id != project:
            raise StudioError(f"There is already a project called {name}.", "Choose another name.", "name")
        db.conn.execute("UPDATE projects SET name = ? WHERE id = ?", (name, project))


# Tools


def tools(db: Database, project: str) -> list[Tool]:
    """The tools of a project in their order."""
    rows = db.conn.execute("SELECT record FROM tools WHERE project = ? ORDER BY position, id", (project,))
    return [Tool.from_json(json.loads(record)) for (record,) in rows]


def save_tool(db: Database, project: str, tool: Tool, replaces: str | None = None) -> None:
    """Add a tool, or put it in the place of the one named `replaces`; examples stay (see core.store.tool_edits).

    Raises StudioError where the name is taken.
    """
    with immediate(db):
        names = {t.name for t in tools(db, project)}
        if tool.name in names and tool.name != replaces:
            raise StudioError(f"There is already a tool called {tool.name}.", "Choose another name.", "name")
        record = dumps(tool.to_json())
        if replaces in names:
            db.conn.execute(
                "UPDATE tools SET name = ?, record = ? WHERE project = ? AND name = ?",
                (tool.name, record, project, replaces),
            )
            return
        db.conn.execute(
            "INSERT INTO tools (project, name, position, record) "
            "VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM tools WHERE project = ?), ?)",
            (project, tool.name, project, record),
        )


def delete_tool(db: Database, project: str, name: str) -> None:
    """Remove a tool; examples that call it stay, and are found by the checks before training."""
    with immediate(db):
        db.conn.execute("DELETE FROM tools WHERE project = ? AND name = ?", (project, name))


# Examples


def _row(example: Example) -> tuple[str, str, str, str]:
    return example.split, example.prompt, example.tools, dumps(example.to_json())


def _example(row: tuple[int, str, str]) -> Example:
    return Example.from_json({**json.loads(row[2]), "id": row[0], "split": row[1]})


def examples(
    db: Database,
    project: str,
    chosen: Selection | None = None,
    *,
    limit: int = -1,
    offset: int = 0,
    **filter: Any,
) -> list[Example]:
    """Examples in the order they came: those of a selection, or of one given by its fields."""
    where, values = (chosen or Selection(**filter)).where(project)
    rows = db.conn.execute(
        f"SELECT id, split, record FROM examples WHERE {where} ORDER BY id LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return [_example(row) for row in rows]


def examples_naming(db: Database, project: str, tool: str) -> Iterator[Example]:
    """Every example in which the tool's name stands, at least those in which it is called, earlier turns included."""
    rows = db.conn.execute(
        "SELECT id, split, record FROM examples WHERE project = ? AND instr(record, ?) ORDER BY id",
        (project, f'"name": "{tool}"'),
    )
    yield from map(_example, rows.fetchall())


def count_examples(db: Database, project: str, **filter: Any) -> int:
    return selection.count(db, project, Selection(**filter))


def tool_counts(db: Database, project: str) -> dict[str, dict[str, int]]:
    """Examples per tool label and split: `{"search_docs": {"train": 10, "test": 10}, "": {...}}`."""
    rows = db.conn.execute(
        "SELECT tool, split, count(*) FROM examples WHERE project = ? GROUP BY tool, split", (project,)
    )
    counts: dict[str, dict[str, int]] = {}
    for tool, split, n in rows:
        counts.setdefault(tool, {"train": 0, "test": 0})[split] = n
    return counts


def example(db: Database, project: str, id: int) -> Example:
    """One example of this project. Raises StudioError where it is gone."""
    row = db.conn.execute(
        "SELECT id, split, record FROM examples WHERE project = ? AND id = ?", (project, id)
    ).fetchone()
    if row is None:
        raise StudioError("This example is no longer there.", "Choose another one.", f"example {id}")
    return _example(row)


def add_examples(db: Database, project: str, new: list[Example]) -> list[int]:
    """Add examples in one transaction; their ids."""
    with immediate(db):
        sql = "INSERT INTO examples (project, split, prompt, tool, record) VALUES (?, ?, ?, ?, ?)"
        ids = [db.conn.execute(sql, (project, *_row(example))).lastrowid or 0 for example in new]
        if ids:
            documents.forget(db, project, ids[0], ids[-1])
    return ids


def save_example(db: Database, project: str, changed: Example) -> None:
    """Write back one example. Raises StudioError where it is gone."""
    with immediate(db):
        done = db.conn.execute(
            "UPDATE examples SET split = ?, prompt = ?, tool = ?, record = ? WHERE project = ? AND id = ?",
            (*_row(changed), project, changed.id),
        )
        if not done.rowcount:
            raise StudioError(
                "This example is no longer there.", "Save it as a new one.", f"example {changed.id}"
            )


def delete_examples(db: Database, project: str, ids: list[int]) -> int:
    """Delete examples by id; how many there were."""
    return selection.delete(db, project, Selection(ids=tuple(ids)))


# Snapshots


def freeze(db: Database, project: str) -> Snapshot:
    """The tools and examples of a project as a snapshot, kept under the hash of its content."""
    with immediate(db):
        record = dumps(
            {
                "tools": [tool.to_json() for tool in tools(db, project)],
                "examples": [example.to_json() for example in examples(db, project)],
            }
        )
        hash = hashlib.sha256(record.encode()).hexdigest()[:16]
        db.conn.execute("INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?)", (hash, record, now()))
    return _snapshot(hash, record)


def snapshot(db: Database, hash: str) -> Snapshot:
    """The snapshot of this hash. Raises StudioError where there is none."""
    row = db.conn.execute("SELECT record FROM snapshots WHERE hash = ?", (hash,)).fetchone()
    if row is None:
        raise StudioError(f"The snapshot {hash} is not in the store.")
    return _snapshot(hash, row[0])


def _snapshot(hash: str, record: str) -> Snapshot:
    data = json.loads(record)
    return Snapshot(
        hash,
        tuple(Tool.from_json(tool) for tool in data["tools"]),
        tuple(Example.from_json(example) for example in data["examples"]),
    )
