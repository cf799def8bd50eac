"""Imports in two steps: read a file into a spool and look at what it holds, then take it into a project or not."""

import csv
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from core.doctor.split import split
from core.errors import StudioError
from core.importers.examples import open_examples
from core.importers.outcome import Kept, Reject
from core.importers.reading import Options
from core.importers.staged import Cancelled as Cancelled
from core.importers.staged import Staged as Staged
from core.importers.staged import Taken as Taken
from core.schema import Example, Tool
from core.settings import Settings
from core.store import immediate, open_store, projects, spool
from core.store.changes import record_added, recorded

ID = re.compile(r"[0-9a-f]{16}")
BATCH = 2000  # rows between two looks at the clock and the stop button
EXAMPLES_SHOWN, REJECTS_SHOWN = 20, 200
KEPT_SECONDS = 24 * 3600
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet calculate a cell


def stage(
    settings: Settings,
    project: str | None,
    path: Path,
    filename: str,
    options: Options | None = None,
    on_progress: Callable[[float, int], None] = lambda fraction, rows: None,
    cancelled: Callable[[], bool] = lambda: False,
    tools: Iterable[Tool] = (),
) -> Staged:
    """Read a file for a project (None: for one that is not made yet) whose tools will be its own and `tools`.

    `on_progress` gets the part of the file that was read, from 0 to 1, and the rows so far. Raises StudioError where
    the file cannot be used, ColumnsUnclear where its columns say too little, Cancelled where `cancelled` says so.
    """
    options = options or Options()
    _remove_old(settings)
    with open_store(settings) as db:
        known = {tool.name: tool for tool in (projects.tools(db, project) if project else [])}
    known |= {tool.name: tool for tool in tools}
    reading = open_examples(
        path,
        filename,
        list(known.values()),
        split_column=options.split_column,
        default_split=options.default_split,
        mapping=dict(options.mapping or {}),
        every_answer=options.every_answer,
    )
    id = secrets.token_hex(8)
    file = _file(settings, id)
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = kept = made = 0
    first_examples: list[Example] = []
    first_rejects: list[Reject] = []
    examples: list[Example] = []
    rejects: list[Reject] = []
    try:
        with spool.opened(file) as into:

            def flush() -> None:
                nonlocal made
                into.add(examples, [(reject.row, reject.reason, reject.text) for reject in rejects])
                made += len(examples)
                first_examples.extend(examples[: EXAMPLES_SHOWN - len(first_examples)])
                first_rejects.extend(rejects[: REJECTS_SHOWN - len(first_rejects)])
                examples.clear()
                rejects.clear()

            for rows, outcome in enumerate(reading, 1):
                if isinstance(outcome, Kept):
                    kept += 1
                    examples += outcome.examples
                else:
                    rejects.append(outcome)
                if rows % BATCH == 0:
                    flush()
                    on_progress(reading.fraction, rows)
                    if cancelled():
                        raise Cancelled("The import was stopped.", "Nothing was added.", filename)
            flush()
            staged = Staged(
                id=id,
                filename=filename,
                options=options,
                format=reading.format,
                columns=reading.columns,
                notes=reading.notes,
                rows=rows,
                kept=kept,
                examples=made,
                rejected=rows - kept,
                already=0,
                counts=into.tool_counts(),
                found_tools=reading.found_tools,
                first_examples=first_examples,
                first_rejects=first_rejects,
            )
            into.describe(staged.to_json())
        on_progress(1.0, rows)
        return _compared(settings, staged, project)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def staged(settings: Settings, id: str) -> Staged:
    """What was staged under this id. Raises StudioError where it is gone."""
    with spool.opened(_found(settings, id)) as found:
        return Staged.from_json(found.description())


def divide(settings: Settings, id: str, project: str | None, test_share: float, seed: int) -> Staged:
    """Divide the examples of an import anew into train and test, as `core.doctor.split` does; the import as it is now.

    Raises StudioError where it is gone, or unless 0 <= `test_share` < 1.
    """
    with spool.opened(_found(settings, id)) as found:
        before = list(found.examples())
        after = split(before, test_share, seed)
        found.save(now for was, now in zip(before, after, strict=True) if was.split != now.split)
        divided = replace(
            Staged.from_json(found.description()),
            counts=found.tool_counts(),
            first_examples=[replace(example, id=None) for example in after[:EXAMPLES_SHOWN]],
        )
        found.describe(divided.to_json())
    return _compared(settings, divided, project)


def take(settings: Settings, id: str, project: str, what: str = "") -> Taken:
    """Add what was staged to a project in one transaction, as one change that can be undone, called `what`.

    The new ids are contiguous. Raises StudioError where the import or the project is gone, or the project's tools
    were changed in the meantime so that they contradict those of the file.
    """
    file = _found(settings, id)
    about = staged(settings, id)
    what = what or f"Import of {about.filename}"
    with open_store(settings) as db, spool.attached(db, file), immediate(db):
        found = projects.find(db, project)
        known = {tool.name: tool for tool in projects.tools(db, found.id)}
        new = [tool for tool in about.found_tools if tool.name not in known]
        for tool in about.found_tools:
            if known.get(tool.name, tool).parameters != tool.parameters:
                raise StudioError(
                    f"The tool {tool.name} was changed since the file was read.", "Read it again.", id
                )
        first, last = spool.move(db, found.id)
        with recorded(db, found.id, what):
            for tool in new:
                projects.save_tool(db, found.id, tool)
            if last >= first:
                record_added(db, found.id, what, first, last)
    discard(settings, id)
    return Taken(last - first + 1, first, last, len(new))


def discard(settings: Settings, id: str) -> None:
    """Forget an import; one that is gone already is none the worse."""
    for file in (_file(settings, id), _refused(settings, id)):
        file.unlink(missing_ok=True)


def rejects_csv(settings: Settings, id: str) -> Path:
    """A CSV of every refused row (row, reason, text), which no spreadsheet takes for formulas.

    Raises StudioError where the import is gone.
    """
    source, target = _found(settings, id), _refused(settings, id)
    with spool.opened(source) as found, target.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(("row", "reason", "text"))
        table.writerows((row, harmless(reason), harmless(text)) for row, reason, text in found.rejects())
    return target


def all_rejects(settings: Settings, id: str) -> list[Reject]:
    """Every refused row. Raises StudioError where the import is gone."""
    with spool.opened(_found(settings, id)) as found:
        return [Reject(*reject) for reject in found.rejects()]


def _compared(settings: Settings, staged: Staged, project: str | None) -> Staged:
    """The import with the number of examples that the project has already."""
    file = _file(settings, staged.id)
    if project:
        with open_store(settings) as db, spool.attached(db, file):
            staged = replace(staged, already=spool.count_known(db, project))
        with spool.opened(file) as found:
            found.describe(staged.to_json())
    return staged


def harmless(cell: str) -> str:
    """Text of a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def _file(settings: Settings, id: str) -> Path:
    if not ID.fullmatch(id):  # ids come back from a browser
        raise StudioError("There is no such import.", where="import")
    return settings.home / "imports" / f"{id}.db"


def _refused(settings: Settings, id: str) -> Path:
    return _file(settings, id).with_suffix(".csv")


def _found(settings: Settings, id: str) -> Path:
    file = _file(settings, id)
    if not file.is_file():
        raise StudioError("This import is no longer there.", "Choose the file again.", "import")
    return file


def _remove_old(settings: Settings) -> None:
    oldest = time.time() - KEPT_SECONDS
    for file in (settings.home / "imports").glob("*"):
        if file.suffix in (".db", ".csv") and file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
