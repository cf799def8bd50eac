"""What was said of answers is kept, counted as long as the example it became is there, and says where a row is from."""

from dataclasses import replace

import pytest

from core.errors import StudioError
from core.schema import Example, ToolCall
from core.store import changes, feedback, projects
from core.store.feedback import Feedback

CALL = {"name": "search_docs", "arguments": {"query": "vpn"}}
SAID = Feedback(
    model="260101-000000-abcd",
    verdict="wrong",
    turns=[{"role": "user", "content": "vpn?"}],
    tools=["search_docs", "search_web"],
    text="raw text",
    calls=[CALL],
    run="Run 1",
)


def became(db, project, said: Feedback, prompt: str = "vpn?", verdict: str = "wrong") -> int:
    [row] = projects.add_examples(
        db, project.id, [Example.single(prompt, ToolCall("search_docs", {"query": "x"}))]
    )
    turns = [{"role": "user", "content": prompt}]
    feedback.add(db, project.id, replace(said, turns=turns, example=row, verdict=verdict))
    return row


def test_what_was_said_comes_back_as_it_was(db, project):
    id = feedback.add(db, project.id, SAID)
    [kept] = feedback.listed(db, project.id)
    assert replace(kept, id=None, created="") == SAID and kept.id == id and kept.created
    corrected = {"calls": [CALL], "reply": "", "split": "train"}
    feedback.change(db, project.id, replace(kept, verdict="right", corrected=corrected, example=3))
    changed = feedback.find_or_none(db, project.id, id)
    assert (changed.verdict, changed.corrected, changed.example, changed.model) == (
        "right",
        corrected,
        3,
        SAID.model,
    )


def test_only_what_became_an_example_after_the_moment_counts(db, project):
    feedback.add(db, project.id, SAID)  # no example
    became(db, project, SAID, "one")
    moment = feedback.listed(db, project.id)[-1].created
    while not became(db, project, SAID, "two") or feedback.listed(db, project.id)[-1].created == moment:
        pass  # the clock of the store has milliseconds
    n = sum(one.created > moment for one in feedback.listed(db, project.id))
    assert feedback.since(db, project.id) == {"right": 0, "wrong": len(feedback.listed(db, project.id)) - 1}
    assert feedback.since(db, project.id, moment) == {"right": 0, "wrong": n}
    became(db, project, SAID, "three", "right")
    assert feedback.since(db, project.id, moment)["right"] == 1


def test_a_row_that_is_undone_does_not_count_nor_does_another_one_that_gets_its_id(db, project):
    with changes.recorded(db, project.id, "corrected"):
        row = became(db, project, SAID)
    assert feedback.since(db, project.id)["wrong"] == 1
    assert feedback.origin(db, project.id, row).run == "Run 1"
    changes.undo(db, project.id)
    assert feedback.since(db, project.id)["wrong"] == 0
    [other] = projects.add_examples(db, project.id, [Example.single("something else", reply="yes")])
    assert other == row, "SQLite gives the id again, else this test shows nothing"
    assert feedback.origin(db, project.id, row) is None and feedback.since(db, project.id)["wrong"] == 0


def test_what_belongs_to_another_project_is_not_found(db, project):
    other = projects.create(db, "Other").id
    id = feedback.add(db, other, SAID)
    assert feedback.find_or_none(db, project.id, id) is None and feedback.listed(db, project.id) == []
    with pytest.raises(StudioError, match="no longer kept"):
        feedback.change(db, project.id, replace(SAID, id=id))
    with pytest.raises(StudioError, match="no longer there"):
        feedback.add(db, "gone", SAID)
