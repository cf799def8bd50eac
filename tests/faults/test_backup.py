"""A backup that is made while others write is one moment of the database."""

import multiprocessing
import time
from contextlib import closing

from core.schema import Example
from core.settings import Settings
from core.store import backups, open_store, projects
from core.store.database import sqlite3

WRITERS, COPIES = 4, 25


def _write(home: str, project: str, number: int, stop) -> None:
    settings = Settings.load(home)
    n = 0
    while not stop.is_set():
        with open_store(settings) as db:
            projects.add_examples(
                db, project, [Example.single(f"{number} {n}"), Example.single(f"{number} {n} too")]
            )
        n += 1


def test_a_backup_while_others_write_is_whole_and_a_prefix(settings, faults, record_property):
    with open_store(settings) as db:
        project = projects.create(db, "busy").id
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    writers = [
        context.Process(target=_write, args=(str(settings.home), project, number, stop))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    sizes = []
    for _ in range(COPIES * faults):
        time.sleep(0.02)
        copy = backups.make(settings)
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            kept = [row[0] for row in connection.execute("SELECT prompt FROM examples ORDER BY id")]
        for number in range(WRITERS):
            own = [prompt for prompt in kept if prompt.split()[0] == str(number)]
            pairs = [f"{number} {n}{more}" for n in range(len(own) // 2) for more in ("", " too")]
            assert own == pairs, "a prefix, and no transaction in halves"
        sizes.append(len(kept))
    stop.set()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    record_property(
        "counts", f"{len(sizes)} backups beside {WRITERS} writers, of {sizes[0]} to {sizes[-1]} rows, whole"
    )
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]
