"""The check of a project: done at once where it is small, in a process of its own where it would keep the page waiting.

What was found is kept with the revision it looked at, so that every page and the start of a run share one check.
"""

import re
import sys
from dataclasses import asdict, dataclass

from filelock import FileLock, Timeout

from core import processes
from core.doctor import remedies
from core.doctor.findings import Finding, examine
from core.errors import StudioError
from core.settings import Settings
from core.store import Database, changes, findings, open_store, projects

SMALL = 2000  # rows; about half a second of work


@dataclass(frozen=True, slots=True)
class Checkup:
    """What the newest check found; not `current` while a newer one is at work."""

    findings: list[Finding]
    current: bool


def checkup(settings: Settings, project: str) -> Checkup:
    """The findings of a project as it stands, or the last known ones and a check under way."""
    with open_store(settings) as db:
        if _current(db, project):
            return Checkup(_kept(db, project), True)
        if projects.count_examples(db, project) <= SMALL:
            return Checkup(_examine(db, project), True)
        known = _kept(db, project)
    _start(settings, project)
    return Checkup(known, False)


def examined(settings: Settings, project: str) -> list[Finding]:
    """The findings of a project as it stands, waited for."""
    found = checkup(settings, project)
    if found.current:
        return found.findings
    with FileLock(_lock(settings, project)), open_store(settings) as db:
        return _kept(db, project) if _current(db, project) else _examine(db, project)


def mend(settings: Settings, project: str, finding: Finding) -> str:
    """Apply the remedy of a finding as one change that can be undone; what was done, in words.

    Raises StudioError where it has none, or there is nothing left to mend.
    """
    with open_store(settings) as db, changes.recorded(db, project, finding.fix):
        before = {tool.name: tool for tool in projects.tools(db, project)}
        mended = remedies.mend(finding, list(before.values()), projects.examples(db, project))
        for name in before.keys() - {tool.name for tool in mended.tools}:
            projects.delete_tool(db, project, name)
        for tool in mended.tools:
            if tool != before.get(tool.name):
                projects.save_tool(db, project, tool, tool.name if tool.name in before else None)
        projects.delete_examples(db, project, mended.delete)
        for example in mended.save:
            projects.save_example(db, project, example)
    return finding.fix


def _examine(db: Database, project: str) -> list[Finding]:
    # The revision first: what is written in between makes the check an old one, never a wrong one.
    now = findings.revision(db, project)
    found = examine(projects.tools(db, project), projects.examples(db, project))
    findings.save(db, project, now, [asdict(finding) for finding in found])
    return found


def _current(db: Database, project: str) -> bool:
    kept = findings.latest(db, project)
    return kept is not None and kept[0] == findings.revision(db, project)


def _kept(db: Database, project: str) -> list[Finding]:
    kept = findings.latest(db, project)
    if kept is None:
        return []
    return [Finding(**{**one, "rows": tuple(one["rows"]), "about": tuple(one["about"])}) for one in kept[1]]


def _lock(settings: Settings, project: str) -> str:
    folder = settings.home / "checks"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / f"{re.sub(r'[^a-z0-9-]', '_', project)}.lock")


def _start(settings: Settings, project: str) -> None:
    """A check in its own process, unless one is at work."""
    lock = FileLock(_lock(settings, project))
    try:
        with lock.acquire(timeout=0):
            pass
    except Timeout:
        return
    processes.start(settings, settings.home / "checks" / "log.txt", __name__, project)


def main(project: str) -> None:
    """Check until nothing was changed meanwhile; the lock is held, so there is one such process."""
    settings = Settings.load()
    try:
        with FileLock(_lock(settings, project)).acquire(timeout=0), open_store(settings) as db:
            id = projects.find(db, project).id
            while not _current(db, id):
                _examine(db, id)
    except Timeout:
        return
    except StudioError as error:
        sys.exit(error.sentence())


if __name__ == "__main__":
    main(sys.argv[1])
