"""The verb `import`: tools and examples into a project that exists or is made."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.commands import say, say_progress
from core.errors import StudioError
from core.importers import read_tools, staging
from core.importers.outcome import Reject, ToolsRead
from core.importers.reading import Options
from core.importers.staging import Staged
from core.schema import Tool
from core.settings import Settings
from core.store import immediate, open_store, projects

HUB = "hub:"


def bring(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`import`: create or extend a project from files; nothing is written before all of them were read."""
    tools = _tools(options)
    with open_store(settings) as db:
        there = projects.find_or_none(db, options.project)
    staged = _staged(options, settings, there.id if there else None, tools)
    try:
        rejected = [(one, reject) for one in staged for reject in staging.all_rejects(settings, one.id)]
        with open_store(settings) as db:
            project = _saved(db, options.project, tools)
        for one in staged:
            staging.take(settings, one.id, project.id)
    finally:
        for one in staged:
            staging.discard(settings, one.id)
    with open_store(settings) as db:
        counts = {s: projects.count_examples(db, project.id, split=s) for s in ("train", "test")}
        every_tool = projects.tools(db, project.id)
    found = {tool.name: None for one in staged for tool in one.found_tools}
    answer: dict[str, Any] = {
        "project": project.name,
        "tools": len(every_tool),
        "examples": sum(counts.values()),
        **counts,
        "added": sum(one.examples for one in staged),
        "rejected": [_reject(one, reject, several=len(staged) > 1) for one, reject in rejected],
        "rows": sum(one.rows for one in staged),
        "found_tools": list(found),
        "format": ", ".join(dict.fromkeys(one.format for one in staged)),
        "notes": list(dict.fromkeys(note for one in staged for note in one.notes)),
    }
    for note in answer["notes"]:
        say(note)
    lines = [
        f"{answer['project']}: {answer['tools']} tools, {answer['examples']} examples "
        f"({answer['train']} train, {answer['test']} test); {answer['added']} new from {answer['rows']} rows, "
        f"{len(rejected)} refused"
    ]
    lines += [f"  row {reject.row}: {reject.reason}" for _, reject in rejected]
    return answer, "\n".join(lines)


def _tools(options: Namespace) -> list[Tool]:
    """The tools that were named. Raises StudioError where one of them cannot be used."""
    tools: dict[str, Tool] = {}
    reads: list[tuple[str, ToolsRead]] = []
    if options.tools:
        reads.append((options.tools, read_tools(_read(options.tools), Path(options.tools).name)))
    if options.mcp:
        from core.importers.mcp_server import fetch_tools

        reads.append((options.mcp, fetch_tools(options.mcp, allow_remote=options.allow_remote)))
    for place, read in reads:
        if read.rejected:
            first = read.rejected[0]
            raise StudioError(first.reason, "Mend the tool and import again.", f"{place}, tool {first.row}")
        for note in read.notes:
            say(note)
        tools |= {tool.name: tool for tool in read.tools}
    return list(tools.values())


def _staged(options: Namespace, settings: Settings, project: str | None, tools: list[Tool]) -> list[Staged]:
    """Every file of examples, read; those of a data set know the tools that were found in the ones before."""
    staged: list[Staged] = []
    known = {tool.name: tool for tool in tools}
    try:
        for path, part in _files(options, settings):
            reading = Options(
                split_column=options.split_column,
                default_split=options.default_split or part or "train",
                mapping=dict(options.map),
                every_answer=options.every_answer,
            )
            one = staging.stage(
                settings,
                project,
                path,
                path.name,
                reading,
                _reporter(path.name),
                tools=known.values(),
            )
            staged.append(one)
            known |= {tool.name: tool for tool in one.found_tools}
            if options.test_share is not None:
                staged[-1] = staging.divide(settings, one.id, project, options.test_share, options.seed)
    except BaseException:
        for one in staged:
            staging.discard(settings, one.id)
        raise
    return staged


def _reporter(name: str) -> Callable[[float, int], None]:
    """Tells how far a file was read, ten times at most."""
    told = 0

    def tell(share: float, rows: int) -> None:
        nonlocal told
        if int(share * 10) > told:
            told = int(share * 10)
            say_progress(f"{name}: {rows:,} rows", share)

    return tell


def _files(options: Namespace, settings: Settings) -> list[tuple[Path, Any]]:
    """The files that were named, each with the part its name says, if it says one."""
    if not options.examples:
        return []
    if not options.examples.startswith(HUB):
        return [(Path(options.examples), None)]
    from core.importers import hub_dataset

    paths = hub_dataset.fetch(options.examples.removeprefix(HUB), settings, say_progress)
    return [(path, hub_dataset.split_of(path)) for path in paths]


def _saved(db: Any, name: str, tools: list[Tool]) -> projects.Project:
    """The project with the tools in it, those of the same name replaced."""
    with immediate(db):
        project = projects.find_or_none(db, name) or projects.create(db, name)
        known = {tool.name for tool in projects.tools(db, project.id)}
        for tool in tools:
            projects.save_tool(db, project.id, tool, replaces=tool.name if tool.name in known else None)
    return project


def _reject(one: Staged, reject: Reject, *, several: bool) -> dict[str, Any]:
    place = {"file": one.filename} if several else {}
    return {**place, "row": reject.row, "reason": reject.reason}


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise StudioError(f"The file cannot be read: {error.strerror}.", where=file) from error
