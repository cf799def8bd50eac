"""Verbs on models: evaluate, ask."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from core.commands import say, say_progress
from core.errors import StudioError
from core.evaluation import wording
from core.evaluation.statistics import wilson
from core.schema.call import dumps
from core.settings import Settings
from core.store import evaluations, open_store, projects


def _load(name: str, settings: Settings) -> tuple[Any, Any, Any]:
    from core.models import hardware, known, loading
    from core.prompt.family import family_of

    path = known.folder_of(name, settings, say_progress)
    device = hardware.choose_device()
    say("Loading the model")
    model, tokenizer = loading.load(path, hardware.choose_dtype("auto", device), device)
    return model, tokenizer, family_of(tokenizer)


def evaluate(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`evaluate`: a model against the test rows of a project as it stands now."""
    from core.evaluation.evaluate import evaluate as ask_all

    with open_store(settings) as db:
        project = projects.find(db, options.project)
        snapshot = projects.freeze(db, project.id)
    test = snapshot.split("test")
    model, tokenizer, family = _load(options.model, settings)
    summary, predictions = ask_all(
        model,
        tokenizer,
        family,
        list(snapshot.tools),
        test,
        lambda done, all: say(f"Asked {done} of {all}"),
        wording.rules(snapshot.tools, snapshot.examples),
    )
    with open_store(settings) as db:
        evaluations.save(
            db,
            run=None,
            phase="alone",
            model=options.model,
            snapshot=snapshot.hash,
            split="test",
            summary=summary,
            predictions=predictions,
        )
    if options.predictions:
        _write(options.predictions, predictions)
    return {"project": project.name, "model": options.model, **summary}, _told(summary)


def _told(summary: dict[str, Any]) -> str:
    """What came of it: the numbers with what they may be by chance, then what arguments were compared by."""
    lines = []
    for name, words in (("right", "name the right tool"), ("accepted", "make the right call")):
        low, high = (round(100 * share) for share in wilson(summary[name], summary["n"]))
        lines.append(
            f"{summary[name]} of {summary['n']} {words} ({low} to {high} %, 95 % confidence, by Wilson)"
        )
    lines[-1] += f"; {summary['exact']} with equal arguments"
    if summary["no_call_rows"]:
        lines.append(
            f"{summary['refused_ok']} of {summary['no_call_rows']} call nothing where nothing is wanted"
        )
    if summary["malformed"]:
        lines.append(
            f"{summary['malformed']} cannot be read, {summary['truncated']} of them cut at the limit"
        )
    if summary["dialogues"]:
        lines.append(
            f"{summary['dialogues_right']} of {summary['dialogues']} conversations name the right tool throughout, "
            f"{summary['dialogues_accepted']} make the right call"
        )
    free = [path for path, rule in summary["rules"].items() if rule == "free"]
    if free and summary["overlap"] is not None:
        lines.append(
            f"Free wording, accepted from {wording.ACCEPTED:.0%} of common words on: {', '.join(free)} "
            f"({summary['overlap']:.0%} in the mean)"
        )
    return "\n".join(lines)


def _write(file: str, predictions: list[evaluations.Prediction]) -> None:
    lines = [
        dumps(
            {
                "example": p.example,
                "prompt": p.prompt,
                "expected": p.expected,
                "text": p.text,
                "calls": p.calls,
                "verdict": p.verdict,
                "right": p.right,
                "exact": p.exact,
                "reason": p.reason,
                "tokens": p.tokens,
                "ladder": p.ladder,
            }
        )
        for p in predictions
    ]
    try:
        Path(file).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise StudioError(f"The file cannot be written: {error.strerror}.", where=file) from error


def ask(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`ask`: one answer of a model to one prompt, with the tools of a project."""
    from core.evaluation.evaluate import read_answer
    from core.evaluation.generate import generate
    from core.prompt.rows import prompt_ids
    from core.serving.engine import MAX_NEW_TOKENS

    with open_store(settings) as db:
        tools = projects.tools(db, projects.find(db, options.project).id)
    model, tokenizer, family = _load(options.model, settings)
    declarations = [tool.declaration() for tool in tools]
    ids = prompt_ids([{"role": "user", "content": options.text}], declarations, family, tokenizer)
    made = generate(model, tokenizer, family, [ids], max_new_tokens=MAX_NEW_TOKENS)[0]
    parsed = read_answer(made, family, tools)
    by_name = {tool.name: tool for tool in tools}
    answer = {
        "text": made.text,
        "calls": [call.to_json() for call in parsed.calls],
        # As whoever runs them expects them: an imported tool may have been called otherwise where it comes from.
        "original_calls": [
            by_name[call.name].restored(call) if call.name in by_name else call.to_json()
            for call in parsed.calls
        ],
        "words": parsed.text,
        "malformed": parsed.malformed,
    }
    if parsed.malformed:
        return answer, f"Unreadable: {parsed.malformed}\n{made.text}"
    lines = [f"{call.name} {dumps(call.arguments)}" for call in parsed.calls]
    return answer, "\n".join([*lines, parsed.text]).strip()
