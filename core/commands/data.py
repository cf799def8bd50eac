"""Verbs on tools and examples: import, doctor, lens."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands import say, say_progress
from core.doctor.findings import blocks, examine
from core.doctor.split import split
from core.errors import StudioError
from core.importers import read_examples, read_tools
from core.prompt.lens import look
from core.settings import Settings
from core.store import immediate, open_store, projects


def bring(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`import`: create or extend a project from files."""
    tools = read_tools(_read(options.tools), options.tools) if options.tools else None
    if tools and tools.rejected:
        first = tools.rejected[0]
        raise StudioError(
            first.reason, "Mend the tool and import again.", f"{options.tools}, tool {first.row}"
        )
    with open_store(settings) as db, immediate(db):
        project = projects.find_or_none(db, options.project) or projects.create(db, options.project)
        known = {tool.name for tool in projects.tools(db, project.id)}
        for tool in tools.tools if tools else ():
            projects.save_tool(db, project.id, tool, replaces=tool.name if tool.name in known else None)
        every_tool = projects.tools(db, project.id)
        added, rejected = [], []
        if options.examples:
            read = read_examples(
                _read(options.examples), Path(options.examples).name, every_tool, options.split_column
            )
            added, rejected = read.examples, read.rejected
            for note in read.notes:
                say(note)
        if options.test_share is not None:
            added = split(added, options.test_share, options.seed)
        projects.add_examples(db, project.id, added)
        answer = {
            "project": project.name,
            "tools": len(every_tool),
            "examples": projects.count_examples(db, project.id),
            "train": projects.count_examples(db, project.id, split="train"),
            "test": projects.count_examples(db, project.id, split="test"),
            "added": len(added),
            "rejected": [{"row": reject.row, "reason": reject.reason} for reject in rejected],
        }
    for note in tools.notes if tools else ():
        say(note)
    lines = [
        f"{answer['project']}: {answer['tools']} tools, {answer['examples']} examples "
        f"({answer['train']} train, {answer['test']} test); {len(added)} new, {len(rejected)} refused"
    ]
    lines += [f"  row {reject.row}: {reject.reason}" for reject in rejected]
    return answer, "\n".join(lines)


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise StudioError(f"The file cannot be read: {error.strerror}.", where=file) from error


def doctor(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`doctor`: findings; `main` leaves with 1 where one of them blocks training."""
    with open_store(settings) as db:
        project = projects.find(db, options.project)
        findings = examine(projects.tools(db, project.id), projects.examples(db, project.id))
    answer = {
        "project": project.name,
        "findings": [asdict(finding) for finding in findings],
        "blocked": bool(blocks(findings)),
    }
    lines = [f"{finding.severity}: {finding.message} {finding.remedy}".strip() for finding in findings]
    return answer, "\n".join(lines) or "Nothing to mend."


def lens(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`lens`: exactly what the model sees of one example, and which part is trained."""
    with open_store(settings) as db:
        project = projects.find(db, options.project)
        tools, examples = projects.tools(db, project.id), projects.examples(db, project.id)
    if not examples:
        raise StudioError("This project has no examples.", "Import some.", project.name)
    if not 1 <= options.example <= len(examples):
        raise StudioError(f"Choose an example from 1 to {len(examples)}.", where="--example")
    example = examples[options.example - 1]
    if options.model:
        return _lens_tokens(options, settings, project.name, tools, example)
    pieces = look(example, tools)
    answer = {
        "project": project.name,
        "example": options.example,
        "text": "".join(piece.text for piece in pieces),
        "trained": "".join(piece.text for piece in pieces if piece.kind == "trained"),
    }
    shown = "".join(f"\n[trained] {p.text}" if p.kind == "trained" else p.text for p in pieces)
    return answer, shown


def _lens_tokens(options: Namespace, settings: Settings, project: str, tools: Any, example: Any) -> Any:
    from transformers import AutoTokenizer

    from core.models import known
    from core.prompt.family import family_of
    from core.prompt.lens import look_tokens

    tokenizer = AutoTokenizer.from_pretrained(known.folder_of(options.model, settings, say_progress))
    tokens = look_tokens(example, tools, family_of(tokenizer), tokenizer)
    answer = {
        "project": project,
        "example": options.example,
        "text": "".join(text for text, _, _ in tokens),
        "trained": "".join(text for text, _, trained in tokens if trained),
        "tokens": [{"text": text, "id": id, "trained": trained} for text, id, trained in tokens],
    }
    count = sum(trained for _, _, trained in tokens)
    lines = [f"{'*' if trained else ' '} {id:>7} {text!r}" for text, id, trained in tokens]
    return answer, "\n".join([*lines, f"{len(tokens)} tokens, {count} of them trained (*)"])
