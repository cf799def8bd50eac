"""Verbs on models: evaluate, robustness, ask."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands import say, say_progress
from core.commands.runs import follow
from core.errors import StudioError
from core.evaluation import wording
from core.evaluation.request import EvaluationConfig
from core.evaluation.robustness import card
from core.evaluation.robustness.variants import UNCHANGED
from core.evaluation.statistics import wilson
from core.jobs import queue
from core.jobs.asking import checkpoint_of
from core.schema.call import dumps
from core.settings import Settings
from core.store import evaluations, open_store, projects, runs


def _load(name: str, settings: Settings) -> tuple[Any, Any, Any]:
    from core.models import hardware, known, loading
    from core.prompt.family import family_of

    path = known.folder_of(name, settings, say_progress)
    device = hardware.choose_device()
    say("Loading the model")
    model, tokenizer = loading.load(path, hardware.choose_dtype("auto", device), device)
    return model, tokenizer, family_of(tokenizer)


def evaluate(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`evaluate`: a model against the rows of a project as it stands now.

    Here and at once; as a job in the queue where rows are changed, or what answers is a checkpoint or an endpoint.
    """
    with open_store(settings) as db:
        project = projects.find(db, options.project)
        checkpoint = checkpoint_of(db, settings, options.model)
    variants = card.whole() if options.robustness else (UNCHANGED, *options.variant)
    config = EvaluationConfig(
        options.split, variants, options.constrained, options.seed, options.key_variable
    )
    if options.endpoint or checkpoint or len(variants) > 1:
        model = f"{options.endpoint} {options.model}" if options.endpoint else options.model
        return _as_job(options, settings, project, model, config)
    from core.evaluation.evaluate import evaluate as ask_all

    with open_store(settings) as db:
        snapshot = projects.freeze(db, project.id)
    rows = snapshot.split(options.split)
    model, tokenizer, family = _load(options.model, settings)
    summary, predictions = ask_all(
        model,
        tokenizer,
        family,
        list(snapshot.tools),
        rows,
        lambda done, all: say(f"Asked {done} of {all}"),
        wording.rules(snapshot.tools, snapshot.examples),
        constrained=options.constrained,
    )
    with open_store(settings) as db:
        evaluations.save(
            db,
            run=None,
            phase="alone",
            model=options.model,
            snapshot=snapshot.hash,
            split=options.split,
            summary={**summary, "constrained": options.constrained},
            predictions=predictions,
        )
    if options.predictions:
        _write(options.predictions, predictions)
    return {"project": project.name, "model": options.model, **summary}, _told(summary)


def _as_job(
    options: Namespace, settings: Settings, project: projects.Project, model: str, config: EvaluationConfig
) -> tuple[dict[str, Any], str]:
    """The same as a run, followed to its end. Raises StudioError with its error where it failed."""
    run = follow(settings, queue.evaluate(settings, project.id, model, config))
    if run.error:
        raise StudioError(**run.error)
    with open_store(settings) as db:
        asked = evaluations.of_job(db, run.id)
        predictions = {name: evaluations.predictions(db, one.id) for name, one in asked.items()}
        shown = card.of_job(db, run)
    if UNCHANGED not in asked:
        raise StudioError(
            "It was stopped before the first rows were asked.", f"`resume {run.id}` goes on.", run.id
        )
    if options.predictions:
        _write(options.predictions, predictions[UNCHANGED])
    summary = asked[UNCHANGED].summary
    answer = {"project": project.name, "model": model, "run": run.id, "state": run.state, **summary}
    if len(config.variants) == 1:
        return answer, _told(summary)
    return {**answer, **_card(shown)}, _card_text(shown)


def robustness(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`robustness`: the newest card of a run, or of an evaluation that was asked for."""
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        job = card.job_of(db, run)
        if job is None:
            name = projects.find(db, run.project).name
            raise StudioError(
                f"The rows of {run.name} were not asked in changed form yet.",
                f'`evaluate "{name}" --model {run.id} --robustness` asks them.',
                run.id,
            )
        shown = card.of_job(db, job)
    return {"run": job.id, "state": job.state, "model": job.model, **_card(shown)}, _card_text(shown)


def _card(shown: card.Card) -> dict[str, Any]:
    return {
        "variants": [{**asdict(one), "p": one.p, "verdict": one.verdict} for one in shown.readings],
        "findings": [asdict(one) for one in shown.findings],
    }


def _card_text(shown: card.Card) -> str:
    rows = [f"{one.right:>5} of {one.n:<5} {one.variant or 'unchanged'}" for one in shown.readings]
    return "\n".join([*rows, *(one.sentence for one in shown.findings)])


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
                "seconds": p.seconds,
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
