"""Many processes write at once, and nobody is told that the database is locked."""

import multiprocessing

from core.schema import Example
from core.settings import Settings
from core.store import immediate, open_store, projects

WRITERS = 32


def _append(home: str, project: str, number: int, times: int) -> None:
    settings = Settings.load(home)
    for n in range(times):
        with open_store(settings) as db:
            projects.add_examples(db, project, [Example.single(f"{number} {n}")])


def _count_up(home: str, project: str, number: int, times: int) -> None:
    settings = Settings.load(home)
    for _ in range(times):
        with open_store(settings) as db, immediate(db):
            name = projects.find(db, project).name
            projects.rename(db, project, str(int(name) + 1))


def _all_at_once(work, settings, project, times) -> int:
    """How many of the writers met an error."""
    context = multiprocessing.get_context("fork")  # 64 new interpreters would take longer than their work
    writers = [
        context.Process(target=work, args=(str(settings.home), project, number, times))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(300)
    return sum(writer.exitcode != 0 for writer in writers)


def test_appends_of_many_writers_are_all_there(settings, faults, record_property):
    times = 200 * faults
    with open_store(settings) as db:
        project = projects.create(db, "all").id
    failed = _all_at_once(_append, settings, project, times)
    with open_store(settings) as db:
        kept = {one.prompt for one in projects.examples(db, project)}
    record_property("counts", f"{WRITERS} writers x {times} appends, {failed} failed, {len(kept)} kept")
    assert failed == 0
    assert kept == {f"{number} {n}" for number in range(WRITERS) for n in range(times)}


def test_a_counter_that_many_read_and_write_is_exact(settings, faults, record_property):
    times = 200 * faults
    with open_store(settings) as db:
        project = projects.create(db, "0").id
    failed = _all_at_once(_count_up, settings, project, times)
    with open_store(settings) as db:
        counted = int(projects.find(db, project).name)
    record_property(
        "counts", f"{WRITERS} writers x {times} read-modify-writes, {failed} failed, counter {counted}"
    )
    assert failed == 0
    assert counted == WRITERS * times
