"""Runs as the user sees them: the list in the sidebar, the run at work, what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.store.runs import Attempt, Run
from studio.text import t
from studio.views.pieces import act, ago, bar, clock, duration, empty, fold, gigabytes, h, pill

KINDS = {"finished": "good", "failed": "bad", "interrupted": "bad", "cancelled": "warn", "queued": "plain"}


def state_pill(run: Run) -> str:
    return pill(t(f"state.{run.state}"), KINDS.get(run.state, ""))


def score_pill(run: Run, after: Mapping[str, Any] | None) -> str:
    """The score of a run that has one, else its state."""
    if after and run.state == "finished":
        return pill(
            t("score", right=after["right"], n=after["n"]),
            "good" if 2 * after["right"] >= after["n"] else "warn",
        )
    return state_pill(run)


def sidebar(runs: list[Run], shown: str, after: Mapping[str, Mapping[str, Any]]) -> str:
    """The runs of a project, the newest first; `after` holds their scores by run id."""
    if not runs:
        return f'<p class="sub cw-small">{h(t("runs.none"))}</p>'
    return (
        '<div class="cw-runs">'
        + "".join(_item(run, run.id == shown, after.get(run.id)) for run in runs)
        + "</div>"
    )


def _item(run: Run, on: bool, after: Mapping[str, Any] | None) -> str:
    line = _line(run, after)
    progress = (
        bar(run.step / run.steps, t("runs.progress", run=run.name)) if run.working and run.steps else ""
    )
    inside = f"<span><b>{h(run.name)}</b> {score_pill(run, after)}</span><small>{h(line)}</small>{progress}"
    classes = "cw-run on" if on else "cw-run"
    return act(inside, "run", classes=classes, pressed=on, id=run.id)


def _line(run: Run, after: Mapping[str, Any] | None) -> str:
    if run.working:
        parts = (
            [t("runs.step", step=run.step, steps=run.steps)]
            if run.steps
            else [run.doing or t("state.starting")]
        )
        if run.state == "training" and run.seconds_left is not None:
            parts.append(t("runs.left", time=duration(run.seconds_left)))
        elif run.steps and run.doing:
            parts = [run.doing]
        return " · ".join(parts)
    parts = [ago(run.finished or run.created)]
    if run.state == "cancelled" and after:
        parts.append(t("score", right=after["right"], n=after["n"]))
    elif run.seconds:
        parts.append(duration(run.seconds))
    return " · ".join(part for part in parts if part)


def run_head(run: Run | None, stalled: bool = False) -> str:
    """The name and state of the run that is shown."""
    if run is None:
        return f"<h2>{h(t('train.no_run_title'))}</h2>"
    stopping = pill(t("train.stopping"), "warn") if run.working and run.stop_requested else ""
    silent = pill(t("train.stalled"), "warn") if stalled else ""
    return f"<h2>{h(run.name)} {state_pill(run)} {stopping} {silent}</h2>"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a run beside its record."""

    stalled_after: int = 0  # seconds without a sign of life, where it is a working run that gives none
    here: bool = True  # its process is one of this machine
    checkpoint: int = 0  # the step it would go on from
    attempts: tuple[Attempt, ...] = ()  # that have ended
    kept: tuple[int, ...] = ()  # steps of the checkpoints of a finished run
    remedy: str = ""  # the setting that a new run would change, where one may help


def _standing(run: Run, standing: Standing) -> str:
    """What may be done about a run that ended early or gives no sign of life."""
    parts = []
    if standing.stalled_after:
        key = "train.stalled_body" if standing.here else "train.elsewhere_body"
        words = h(t(key, seconds=standing.stalled_after, host=run.host))
        parts.append(f'<div class="cw-problem">{words}</div>')
    if run.working and (run.stop_requested or standing.stalled_after):
        button = act(h(t("train.end_now")), "end_now", classes="cw-mend", id=run.id)
        parts.append(f'<p class="cw-next">{button} <span class="sub">{h(t("train.end_now_hint"))}</span></p>')
    if standing.remedy:
        button = act(h(t(f"train.again.{standing.remedy}")), "again", classes="cw-mend", id=run.id)
        hint = h(t(f"train.again.{standing.remedy}.hint"))
        parts.append(f'<p class="cw-next">{button} <span class="sub">{hint}</span></p>')
    if run.resumable:
        from_there = t("train.resume_from", step=standing.checkpoint, steps=run.steps)
        words = from_there if standing.checkpoint else t("train.resume_anew")
        button = act(h(t("train.resume")), "resume", classes="cw-mend", id=run.id)
        parts.append(f'<p class="cw-next">{button} <span class="sub">{h(words)}</span></p>')
    for step in standing.kept:
        button = act(h(t("train.take", step=step)), "take", classes="cw-mend", id=run.id, step=step)
        parts.append(f'<p class="cw-next">{button} <span class="sub">{h(t("train.take_hint"))}</span></p>')
    ended = [one for one in standing.attempts if one.attempt < run.attempt or run.working]
    told = (
        t("train.attempt", attempt=one.attempt, state=t(f"state.{one.state}"), step=one.step) for one in ended
    )
    if ended:
        parts.append(f'<p class="sub">{h(" ".join(told))}</p>')
    return "".join(parts)


def numbers(run: Run, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """The large numbers over the chart."""
    cells = []
    if run.steps:
        cells.append(_number(str(run.step), f"/ {run.steps}", _epoch(run)))
    if run.working and run.state == "training" and run.seconds_left is not None:
        cells.append(_number(clock(run.seconds_left), "", t("train.left")))
    if before and not (after and run.ended):
        cells.append(_number(str(before["right"]), f"/ {before['n']}", t("train.before")))
    if after and run.ended:  # while a stopped run goes on, what it answered then is not news
        cells.append(_number(str(after["right"]), f"/ {after['n']}", t("train.after")))
    if run.ended and run.train_seconds:
        cells.append(_number(clock(run.train_seconds), "", t("train.took")))
    return f'<div class="cw-numbers">{"".join(cells)}</div>' if cells else ""


def _epoch(run: Run) -> str:
    epochs = run.recipe.get("epochs") or 1
    each = run.steps / epochs
    now = min(epochs, int(max(run.step - 1, 0) // each) + 1) if each else 1
    return t("train.steps_epoch", epoch=now, epochs=epochs)


def _number(big: str, small: str, label: str) -> str:
    return f'<div><span class="cw-big">{h(big)} <i>{h(small)}</i></span><span class="sub">{h(label)}</span></div>'


def run_card(
    run: Run | None,
    chart: str = "",
    log: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    ahead: int = 0,
    standing: Standing | None = None,
) -> str:
    """Everything about one run on the Train tab; `chart` is HTML, `log` the end of its log as text."""
    if run is None:
        return empty(t("train.empty_title"), t("train.empty_body"))
    parts = [_problem(run), _standing(run, standing or Standing()), numbers(run, before, after)]
    if run.state == "queued":
        parts.append(f"<p>{h(t('train.queued', n=ahead) if ahead else t('train.queued_next'))}</p>")
    if run.working:
        doing = run.doing or t("state.starting")
        parts.append(f'<p class="cw-doing" role="status"><i class="cw-dot"></i>{h(doing)}</p>')
    if run.state == "cancelled":
        parts.append(f"<p>{h(t('train.kept') if run.folder else t('train.not_kept'))}</p>")
    parts.append(chart)
    facts = [t("train.model_fact", model=model_name(run.model))]
    if run.device:
        facts.append(run.device)
    if run.memory:
        facts.append(t("train.memory", size=gigabytes(run.memory)))
    if run.seconds_per_step:
        facts.append(t("train.pace", time=_seconds(run.seconds_per_step)))
    parts.append(f'<p class="sub cw-facts">{" · ".join(h(fact) for fact in facts)}</p>')
    if run.working:
        parts.append(f'<p class="sub">{h(t("train.close"))}</p>')
    if log:
        name = f'data-scroll="1" data-follow="1" data-key="log-{h(run.id)}"'
        box = f'<pre class="cw-log mono" tabindex="0" {name}>{h(log)}</pre>'
        parts.append(fold(f"logfold-{run.id}", h(t("train.log")), box))
    return "".join(parts)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def model_name(model: str) -> str:
    """A model in words where it is one of ours, else as it was named; a folder by its last part."""
    if model == "starter":
        return t("model.starter")
    return model.rstrip("/").rsplit("/", 1)[-1] if model.startswith(("/", ".", "~")) else model


def _problem(run: Run) -> str:
    if not run.error:
        return ""
    hint = f"<p>{h(run.error['hint'])}</p>" if run.error.get("hint") else ""
    place = run.error.get("where", "")  # a file or an example; a single word is the name of a setting
    where = f'<p class="sub mono cw-break">{h(place)}</p>' if place and not place.isidentifier() else ""
    return f'<div class="cw-problem" role="alert"><b>{h(run.error.get("message", ""))}</b>{hint}{where}</div>'


def computer(label: str, used: float, total: float) -> str:
    """The machine in two lines."""
    memory = h(t("computer.memory", used=f"{used / 1e9:.1f}", total=gigabytes(total)))
    return f'<p class="sub cw-small">{h(label)}<br>{memory}</p>'
