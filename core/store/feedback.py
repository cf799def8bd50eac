"""What a person said of a model's answers: right or wrong, what it should have been, and the example it became."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlite_utils import Database

from core.errors import StudioError
from core.schema.call import dumps
from core.store.database import immediate, now

Verdict = Literal["right", "wrong"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answer and what was said of it.

    `turns` are what was said before it, as `Turn.to_json` gives them; `corrected` is what it should have been
    (`calls`, `reply`, `split`), empty where nobody said so.
    """

    model: str  # "starter", the id of a run, a folder or a Hub id
    verdict: Verdict
    turns: list[dict[str, Any]]
    tools: list[str]  # the names that the model was shown
    text: str  # as it was produced
    calls: list[dict[str, Any]]
    run: str = ""  # the name of the run, as it was called then
    corrected: dict[str, Any] = field(default_factory=dict)
    example: int | None = None  # the row that it became
    id: int | None = None  # given by the store
    created: str = ""  # when it was said last

    @property
    def prompt(self) -> str:
        """What was said last before the answer."""
        return next((turn["content"] for turn in reversed(self.turns) if turn["role"] == "user"), "")


RECORDED = ("turns", "tools", "text", "calls", "run", "corrected")
COLUMNS = "id, model, verdict, record, example, created"
# An id of an example is given again once its row is deleted, so the row must ask what was asked, too.
IS_ITS_EXAMPLE = (
    "examples.id = feedback.example AND examples.project = feedback.project "
    "AND examples.prompt = json_extract(feedback.record, '$.prompt')"
)


def add(db: Database, project: str, said: Feedback) -> int:
    """Keep what was said; its id. Raises StudioError for a project that is gone."""
    with immediate(db):
        if not db.conn.execute("SELECT 1 FROM projects WHERE id = ?", (project,)).fetchone():
            raise StudioError("This project is no longer there.", "Choose another one.", "project")
        done = db.conn.execute(
            "INSERT INTO feedback (project, model, verdict, record, example, created) VALUES (?, ?, ?, ?, ?, ?)",
            (project, said.model, said.verdict, _record(said), said.example, now()),
        )
        return int(done.lastrowid or 0)


def change(db: Database, project: str, said: Feedback) -> None:
    """Write back what was said of an answer. Raises StudioError where it is gone."""
    with immediate(db):
        done = db.conn.execute(
            "UPDATE feedback SET verdict = ?, record = ?, example = ?, created = ? WHERE project = ? AND id = ?",
            (said.verdict, _record(said), said.example, now(), project, said.id),
        )
        if not done.rowcount:
            raise StudioError("This answer is no longer kept.", "Ask again, and mark the new one.")


def listed(db: Database, project: str) -> list[Feedback]:
    """Everything that was said of answers in a project, the oldest first."""
    sql = f"SELECT {COLUMNS} FROM feedback WHERE project = ? ORDER BY id"
    return [_of_row(row) for row in db.conn.execute(sql, (project,))]


def find_or_none(db: Database, project: str, id: int) -> Feedback | None:
    sql = f"SELECT {COLUMNS} FROM feedback WHERE project = ? AND id = ?"
    row = db.conn.execute(sql, (project, id)).fetchone()
    return _of_row(row) if row else None


def origin(db: Database, project: str, example: int) -> Feedback | None:
    """The answer that an example was made of, where it was made of one."""
    columns = ", ".join(f"feedback.{name}" for name in COLUMNS.split(", "))
    sql = (
        f"SELECT {columns} FROM feedback JOIN examples ON {IS_ITS_EXAMPLE} "
        "WHERE feedback.project = ? AND example = ? ORDER BY feedback.id DESC LIMIT 1"
    )
    row = db.conn.execute(sql, (project, example)).fetchone()
    return _of_row(row) if row else None


def since(db: Database, project: str, moment: str = "") -> dict[Verdict, int]:
    """How many answers became examples after a moment (ISO 8601, as a run's `created`), by verdict.

    Examples that are gone again, undone or deleted, do not count.
    """
    rows = db.conn.execute(
        "SELECT feedback.verdict, count(DISTINCT examples.id) FROM feedback "
        f"JOIN examples ON {IS_ITS_EXAMPLE} "
        "WHERE feedback.project = ? AND feedback.created > ? GROUP BY feedback.verdict",
        (project, moment),
    )
    return {"right": 0, "wrong": 0, **dict(rows)}


def _record(said: Feedback) -> str:
    return dumps({name: getattr(said, name) for name in RECORDED} | {"prompt": said.prompt})


def _of_row(row: tuple[Any, ...]) -> Feedback:
    id, model, verdict, record, example, created = row
    known = {name: value for name, value in json.loads(record).items() if name in RECORDED}
    return Feedback(model, verdict, **known, example=example, id=id, created=created)
