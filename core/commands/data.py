"""Verbs on tools and examples: doctor, lens (import is `core.commands.bring`)."""

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from core.commands import say_progress
from core.doctor.findings import Finding, blocks
from core.errors import StudioError
from core.jobs.checkup import examined, mend
from core.prompt import gate
from core.prompt.budget import Budget, budget, some
from core.prompt.family import family_of
from core.prompt.lens import Seen, see, see_text
from core.settings import Settings
from core.store import open_store, projects


def doctor(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`doctor`: findings, after the remedies that were asked for; exit code 1 where one of them blocks training."""
    with open_store(settings) as db:
        project = projects.find(db, options.project)
    mended = _mended(settings, project.id, options.fix)
    with open_store(settings) as db:
        tools, examples = projects.tools(db, project.id), projects.examples(db, project.id)
    findings = examined(settings, project.id)
    family, tokenizer = _spoken(options.model, settings)
    # Every row where a model is named; else the text alone, and of many rows the longest and some of the others.
    checked = examples if tokenizer else some(examples)
    known = {finding.kind for finding in findings}
    findings = [
        *_refused(gate.refusals(tools, checked, family, tokenizer, options.max_length), known),
        *findings,
    ]
    room = budget(tools, examples, family, tokenizer, options.max_length)
    answer = {
        "project": project.name,
        "findings": [asdict(finding) for finding in findings],
        "blocked": bool(blocks(findings)),
        "checked": len(checked),
        "budget": asdict(room),
        "mended": mended,
    }
    lines = [f"mended: {what}" for what in mended]
    lines += [f"{finding.severity}: {finding.message} {finding.remedy}".strip() for finding in findings]
    return answer, "\n".join([*(lines or ["Nothing to mend."]), _room(room)])


def _mended(settings: Settings, project: str, kind: str | None) -> list[str]:
    """Apply the remedies of a kind of finding, or of all; each is a change that the page can undo."""
    done: list[str] = []
    while kind:
        found = [one for one in examined(settings, project) if one.fix and kind in ("all", one.kind)]
        if not found:
            break
        done.append(mend(settings, project, found[0]))
    if kind not in (None, "all") and not done:
        raise StudioError(
            f"Nothing of the kind {kind!r} can be mended.",
            "`doctor --json` lists the kinds; those with a `fix` can.",
        )
    return done


def _refused(refusals: list[gate.Refusal], known: set[str]) -> list[Finding]:
    """Refusals as findings, one for each kind that the doctor has not found by itself."""
    groups: dict[tuple[str, str], list[gate.Refusal]] = {}
    for one in refusals:
        groups.setdefault((one.kind, one.message if one.example is None else ""), []).append(one)
    findings = []
    for (kind, _), group in groups.items():
        rows = tuple(dict.fromkeys(one.example for one in group if one.example is not None))
        more = f" ({len(rows)} examples in all)" if len(rows) > 1 else ""
        if kind not in known:
            message = f"{group[0].message.rstrip('.')}{more}."
            findings.append(Finding("block", message, rows, group[0].hint, kind))
    return findings


def _room(room: Budget) -> str:
    """The budget as a line."""
    about = "" if room.exact else "about "
    left = f"{room.room_left} left" if room.room_left >= 0 else f"{-room.room_left} too many"
    line = (
        f"Longest row: {about}{room.declarations} tokens of declarations + {room.longest_prompt} of prompt + "
        f"{room.longest_answer} of answer; {left} of {room.limit}"
    )
    return line if room.more_tools is None else f"{line}, room for {about}{room.more_tools} more such tools"


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
    family, tokenizer = _spoken(options.model, settings)
    if tokenizer:
        seen = see(example, examples, tools, family, tokenizer, options.max_length)
    else:
        seen = see_text(example, examples, tools, options.max_length, "absent")
    trained = [token for token in seen.tokens if token.kind == "trained"]
    answer: dict[str, Any] = {
        "project": project.name,
        "example": options.example,
        "text": "".join(piece.text for piece in seen.pieces),
        "trained": "".join(piece.text for piece in seen.pieces if piece.kind == "trained"),
        "limit": options.max_length,
        "budget": asdict(seen.budget),
    }
    if not tokenizer:
        shown = "".join(f"\n[trained] {p.text}" if p.kind == "trained" else p.text for p in seen.pieces)
        return answer, f"{shown}\n{_room(seen.budget)}"
    answer |= {
        "count": len(seen.tokens),
        "count_trained": len(trained),
        "shared": seen.shared,
        "tokens": [
            {"text": token.text, "id": token.id, "trained": token.kind == "trained", "kind": token.kind}
            for token in seen.tokens
        ],
    }
    counts = (
        f"{len(seen.tokens)} tokens of {options.max_length}, {len(trained)} of them trained (*), "
        f"the first {seen.shared} shared by all examples (|)"
    )
    return answer, "\n".join([*_lines(seen, options.full), counts, _room(seen.budget)])


def _lines(seen: Seen, full: bool) -> Iterator[str]:
    """A line for each token; a run of declarations is one line where not `full`."""
    numbered = list(enumerate(seen.tokens))
    for kind, run in groupby(numbered, key=lambda entry: entry[1].kind):
        tokens = list(run)
        if kind == "declaration" and not full:
            yield f"  {'|' if tokens[-1][0] < seen.shared else ' '} {len(tokens):>7} tokens of declarations (--full)"
            continue
        for place, token in tokens:
            marks = ("*" if kind == "trained" else " ") + ("|" if place < seen.shared else " ")
            yield f"{marks} {token.id:>7} {token.text!r}"


def _spoken(model: str | None, settings: Settings) -> tuple[Any, Any]:
    """The family and the tokenizer of a model, made or fetched where needed; nothing where none is named."""
    if not model:
        return None, None
    from transformers import AutoTokenizer

    from core.models import known

    tokenizer = AutoTokenizer.from_pretrained(known.folder_of(model, settings, say_progress))
    return family_of(tokenizer), tokenizer
