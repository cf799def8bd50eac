"""Two to four runs side by side: scores, the settings that differ, curves over each other."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.store.metrics import Metric
from core.store.runs import Run
from studio.text import ENGLISH, t
from studio.views.chart import Line, Points, lines_chart
from studio.views.pieces import duration, h, head, short
from studio.views.runs import model_name, state_pill
from studio.views.runs_table import Entry

SCORES: tuple[tuple[str, str, str], ...] = (
    ("before", "before", "right"),
    ("after", "after", "right"),
    ("exact", "after", "exact"),
)
FEW = 100  # test examples; below it the page says that small differences can be luck
NAME_LENGTH = 16  # of a run at the end of its line


@dataclass(frozen=True, slots=True)
class Side:
    """One of the runs that are compared; `recipe` has every setting, also those an older version did not know."""

    entry: Entry
    recipe: Mapping[str, Any]
    points: Sequence[Metric]

    @property
    def run(self) -> Run:
        return self.entry.run


def title() -> str:
    return head(t("compare.title"), t("compare.lead"))


def compare(sides: Sequence[Side]) -> str:
    """Everything about the runs, the first one's column first."""
    curves = charts(sides) or f'<p class="sub">{h(t("compare.no_curves"))}</p>'
    return (
        f"<h2>{h(t('compare.scores'))}</h2>{scores(sides)}"
        f'<h2 class="cw-next">{h(t("compare.settings"))}</h2>{settings(sides)}'
        f'<h2 class="cw-next">{h(t("compare.curves"))}</h2>{curves}'
    )


def scores(sides: Sequence[Side]) -> str:
    """What was counted of each run, always out of how many; which one is better is left to the reader."""
    rows = [
        (t(f"compare.{name}"), [_score(getattr(side.entry, phase), key) for side in sides])
        for name, phase, key in SCORES
    ]
    rows += [
        (t(f"compare.{metric}"), [_loss(side.entry.losses.get(metric)) for side in sides])
        for metric in ("loss", "eval_loss")
    ]
    rows.append(
        (t("compare.time"), [duration(side.run.seconds) if side.run.seconds else "–" for side in sides])
    )
    told = []
    if not _alike(sides):
        told.append(t("compare.not_alike"))
    asked = [side.entry.after["n"] for side in sides if side.entry.after]
    if len(asked) > 1 and min(asked) < FEW:
        told.append(t("compare.few"))
    notes = "".join(f'<p class="sub cw-small">{h(one)}</p>' for one in told)
    return f'{_table(t("compare.score"), sides, rows)}<div class="cw-told-below">{notes}</div>'


def _score(summary: Mapping[str, Any] | None, key: str) -> str:
    return t("score", right=summary[key], n=summary["n"]) if summary else "–"


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def settings(sides: Sequence[Side]) -> str:
    """The settings that are not the same in all runs; the model and the examples among them."""
    rows = [(t("compare.model"), [model_name(side.run.model) for side in sides])]
    names = dict.fromkeys(name for side in sides for name in side.recipe)
    rows += [(_setting(name), [_value(name, side.recipe.get(name)) for side in sides]) for name in names]
    differ = [(name, values) for name, values in rows if len(set(values)) > 1]
    if not _alike(sides):
        differ.append((t("compare.snapshot"), _examples(sides)))
    if not differ:
        return f'<p class="sub">{h(t("compare.same"))}</p>'
    return _table(t("compare.setting"), sides, differ)


def _alike(sides: Sequence[Side]) -> bool:
    """Whether all runs had the same tools and examples."""
    return len({side.run.snapshot for side in sides}) == 1


def _examples(sides: Sequence[Side]) -> list[str]:
    """Whether each run had the tools and examples of the first one."""
    first = sides[0].run.snapshot
    rest = [
        t("compare.same_examples" if side.run.snapshot == first else "compare.other_examples")
        for side in sides[1:]
    ]
    return [t("compare.these"), *rest]


def _setting(name: str) -> str:
    """A setting as the form names it; one that is in no form by its own name."""
    return t(f"recipe.{name}") if f"recipe.{name}" in ENGLISH else name


def _value(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return t(f"{name}.{value}") if f"{name}.{value}" in ENGLISH else str(value)


def _table(corner: str, sides: Sequence[Side], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    names = "".join(
        f"<th>{_mark(place)}{h(side.run.name)} {state_pill(side.run) if not side.run.ended else ''}</th>"
        for place, side in enumerate(sides)
    )
    body = "".join(
        f'<tr><th scope="row">{h(label)}</th>{"".join(f"<td>{h(value)}</td>" for value in values)}</tr>'
        for label, values in rows
    )
    return (
        f'<table class="cw-table cw-compare"><thead><tr><th>{h(corner)}</th>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _mark(place: int) -> str:
    """A piece of the line that a run has in the charts."""
    line = f'<path class="run-{place + 1}" d="M0 4H28"/>'
    return f'<svg class="cw-mark" viewBox="0 0 28 8" aria-hidden="true">{line}</svg>'


def charts(sides: Sequence[Side]) -> str:
    """Train loss, test loss and right tools, each with a line for each run; empty text where nothing is measured."""
    drawn = [
        _chart(sides, t("compare.train_axis"), lambda side: _points(side, "loss")),
        _chart(sides, t("compare.test_axis"), lambda side: _points(side, "eval_loss"), dotted=True),
        _chart(sides, t("compare.right_axis"), _shares, dotted=True, top=100),
    ]
    return f'<div class="cw-charts">{"".join(drawn)}</div>' if any(drawn) else ""


def _chart(
    sides: Sequence[Side],
    axis: str,
    points_of: Callable[[Side], Points],
    dotted: bool = False,
    top: float | None = None,
) -> str:
    lines = [
        Line(f"run-{place + 1}", short(side.run.name, NAME_LENGTH), points_of(side), dotted)
        for place, side in enumerate(sides)
    ]
    told = "; ".join(
        t(
            "compare.said_line",
            run=one.name,
            first=f"{one.points[0][1]:.3g}",
            last=f"{one.points[-1][1]:.3g}",
        )
        for one in lines
        if one.points
    )
    return lines_chart(lines, axis, t("compare.said", axis=axis, lines=told), top)


def _points(side: Side, metric: str) -> Points:
    return [(m.step, m.value) for m in side.points if m.name == metric and math.isfinite(m.value)]


def _shares(side: Side) -> Points:
    """Right tools in percent: the runs may not have had the same number of test examples."""
    counted = side.entry.before or side.entry.after
    if not counted or not counted["n"]:
        return []
    return [(step, 100 * value / counted["n"]) for step, value in _points(side, "right_tool")]
