"""Which examples are meant, a filter over a project's examples, and what can be done to all of them at once."""

from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from core.schema.call import dumps
from core.store.database import immediate

NO_CALL = ""  # the value of examples.tool where the example calls none


@dataclass(frozen=True, slots=True)
class Selection:
    """The examples that fit all that is given; nothing given means every one."""

    split: str | None = None
    tool: str | None = None  # a tool that is called, alone or beside others; NO_CALL for those that call none
    search: str = ""  # in the prompt, the names of the tools, or a value of a call
    finding: int | None = None  # the rows of this finding of the newest check
    ids: tuple[int, ...] | None = None
    but: tuple[int, ...] = ()  # not these

    def where(self, project: str) -> tuple[str, list[str]]:
        """The SQL condition and its values."""
        where, values = ["project = ?"], [project]
        if self.split:
            where.append("split = ?")
            values.append(self.split)
        if self.tool == NO_CALL:
            where.append("tool = ''")
        elif self.tool is not None:
            where.append("instr(', ' || tool || ', ', ', ' || ? || ', ')")
            values.append(self.tool)
        if self.search:
            where.append(
                "(prompt LIKE ? ESCAPE '\\' OR tool LIKE ? ESCAPE '\\' OR (record LIKE ? ESCAPE '\\' AND EXISTS "
                "(SELECT 1 FROM json_tree(record, '$.calls') WHERE atom LIKE ? ESCAPE '\\')))"
            )
            plain, quoted = _like(self.search), _like(dumps(self.search)[1:-1])
            values += [plain, plain, quoted, plain]
        if self.finding is not None:
            where.append(
                "id IN (SELECT value FROM findings, json_each(findings.record, ?) WHERE findings.project = ?)"
            )
            values += [f"$[{int(self.finding)}].rows", project]
        if self.ids is not None:
            where.append("id IN (SELECT value FROM json_each(?))")
            values.append(dumps(self.ids))
        if self.but:
            where.append("id NOT IN (SELECT value FROM json_each(?))")
            values.append(dumps(self.but))
        return " AND ".join(where), values


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def count(db: Database, project: str, selection: Selection) -> int:
    where, values = selection.where(project)
    return db.conn.execute(f"SELECT count(*) FROM examples WHERE {where}", values).fetchone()[0]


def counts_by_split(db: Database, project: str, selection: Selection) -> dict[str, int]:
    """How many are for training and how many for testing."""
    where, values = selection.where(project)
    rows = db.conn.execute(f"SELECT split, count(*) FROM examples WHERE {where} GROUP BY split", values)
    return {"train": 0, "test": 0, **dict(rows)}


def position(db: Database, project: str, selection: Selection, id: int) -> int | None:
    """How many of the selected stand before this one; None where it is not among them."""
    where, values = selection.where(project)
    sql = f"SELECT count(*), coalesce(max(id), -1) FROM examples WHERE {where} AND id <= ?"
    n, newest = db.conn.execute(sql, (*values, id)).fetchone()
    return n - 1 if newest == id else None


def neighbour(
    db: Database, project: str, selection: Selection, id: int, direction: Literal[-1, 1]
) -> int | None:
    """The id of the selected example before or after this one."""
    where, values = selection.where(project)
    sign, order = ("<", "DESC") if direction < 0 else (">", "ASC")
    sql = f"SELECT id FROM examples WHERE {where} AND id {sign} ? ORDER BY id {order} LIMIT 1"
    row = db.conn.execute(sql, (*values, id)).fetchone()
    return row[0] if row else None


def move(db: Database, project: str, selection: Selection, split: str) -> int:
    """Put all selected examples into a part; how many stood in the other one."""
    where, values = selection.where(project)
    with immediate(db):
        sql = f"UPDATE examples SET split = ? WHERE {where} AND split <> ?"
        return db.conn.execute(sql, (split, *values, split)).rowcount


def delete(db: Database, project: str, selection: Selection) -> int:
    """Delete all selected examples; how many there were."""
    where, values = selection.where(project)
    with immediate(db):
        return db.conn.execute(f"DELETE FROM examples WHERE {where}", values).rowcount
