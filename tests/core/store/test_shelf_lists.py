"""Lists of runs: the archive apart, page by page, with what was counted; and when a list looks different."""

from core.store import claims, evaluations, projects, runs, shelf


def several(db, project, n: int) -> list[runs.Run]:
    snapshot = projects.freeze(db, project.id).hash
    return [runs.create(db, project.id, "starter", {"epochs": n}, snapshot) for n in range(1, n + 1)]


def test_the_archive_is_apart_and_the_deleted_are_nowhere(db, project):
    first, second, third, fourth = several(db, project, 4)
    shelf.archive(db, second.id, True)
    shelf.delete(db, third.id)
    assert [run.id for run in shelf.listed(db, project.id)] == [fourth.id, first.id]
    assert [run.id for run in shelf.listed(db, project.id, archived=True)] == [second.id]
    assert shelf.counts(db, project.id) == (2, 1)
    other = projects.create(db, "Other")
    assert shelf.counts(db, other.id) == (0, 0) and shelf.listed(db, other.id) == []


def test_a_list_comes_in_pages(db, project):
    made = several(db, project, 5)
    pages = [shelf.listed(db, project.id, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [[run.number for run in page] for page in pages] == [[5, 4], [3, 2], [1]]
    assert len(made) == 5


def test_a_list_is_another_one_when_something_in_it_changed(db, project):
    run, other = several(db, project, 2)
    seen = [shelf.revision(db, project.id)]

    def changed() -> bool:
        seen.append(shelf.revision(db, project.id))
        return seen[-1] not in seen[:-1]

    shelf.describe(db, run.id, "Short", "")
    assert changed()
    shelf.describe(db, run.id, "Short", "a note")
    assert changed()
    claims.claim(db, run.id)
    assert changed()
    runs.report(db, run.id, 1, step=3, steps=9)
    assert changed()
    runs.report(db, run.id, 1)
    assert not changed(), "a sign of life alone is not seen"
    shelf.delete(db, other.id)
    assert changed()


def test_what_was_counted_comes_for_many_runs_at_once(db, project):
    first, second = several(db, project, 2)
    for run, phase, right in ((first, "before", 1), (first, "after", 2), (second, "after", 3)):
        evaluations.save(
            db, run=run.id, phase=phase, model="m", snapshot=run.snapshot, split="test",
            summary={"n": 5, "right": right}, predictions=[],
        )  # fmt: skip
    found = evaluations.summaries(db, [first.id, second.id])
    assert {key: value["right"] for key, value in found.items()} == {
        (first.id, "before"): 1,
        (first.id, "after"): 2,
        (second.id, "after"): 3,
    }
    assert evaluations.summaries(db, [second.id]).keys() == {(second.id, "after")}
