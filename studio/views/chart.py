"""Runs as small SVGs: the loss of train and test, how many test examples reach the right tool, several runs in one.

Points come thinned from the store.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.store.metrics import Metric
from studio.text import t
from studio.views.pieces import h

WIDTH, HEIGHT, LOW = 640, 270, 170  # the second chart is lower
LEFT, RIGHT, TOP, BOTTOM = 40, 116, 26, 34
NAME_HEIGHT = 16  # of a name at the end of a line

Points = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of finite values, drawn as the stylesheet says for `kind`, named where it ends; with dots or without."""

    kind: str
    name: str
    points: Points
    dotted: bool = False


def loss_chart(metrics: Iterable[Metric], steps: int, kept: Iterable[int] = ()) -> str:
    """A chart of "loss" and "eval_loss" up to `steps`; empty text where nothing is known yet.

    Train is a line, test is dashed with a dot an epoch; both are named where they end. `kept` are the steps of
    checkpoints, each marked on the axis.
    """
    metrics = list(metrics)
    train = [(m.step, m.value) for m in metrics if m.name == "loss"]
    test = [(m.step, m.value) for m in metrics if m.name == "eval_loss"]
    broken = [step for step, value in (*train, *test) if not math.isfinite(value)]
    train, test = ([p for p in line if math.isfinite(p[1])] for line in (train, test))
    if not train and not test:
        return f'<p class="cw-problem">{h(t("chart.broken", step=min(broken)))}</p>' if broken else ""
    last = max(steps, *(step for step, _ in (*train, *test)), 1)
    ticks = scale(max(value for _, value in (*train, *test)))
    frame = _Frame(last, ticks[-1], HEIGHT)
    kept = [step for step in kept if 0 < step <= last]
    parts = [_grid(frame, ticks, t("chart.loss")), *(_mark(frame, step) for step in kept)]
    parts += [_line(frame, train, "train"), _line(frame, test, "test")]
    parts += [_dots(frame, test, "test", "chart.test_point")]
    ends = [
        (kind, *line[-1], t(f"chart.{kind}", value=f"{line[-1][1]:.3g}"))
        for kind, line in (("train", train), ("test", test))
        if line
    ]
    parts += _names(frame, ends)
    warning = f'<p class="cw-problem">{h(t("chart.broken", step=min(broken)))}</p>' if broken else ""
    said = h(_spoken(train, test, kept))
    legend = "".join(
        f'<span class="{kind}">{h(t(f"chart.{kind}", value=f"{line[-1][1]:.3g}"))}</span>'
        for kind, line in (("train", train), ("test", test))
        if line
    )
    if kept:
        legend += f'<span class="kept">{h(t("chart.kept", n=len(kept)))}</span>'
    return _figure(frame, said, parts, legend) + warning


def right_chart(metrics: Iterable[Metric], steps: int, tests: int) -> str:
    """A chart of "right_tool", of so many `tests`, up to `steps`; empty text before the first epoch is done."""
    points = [(m.step, m.value) for m in metrics if m.name == "right_tool"]
    if len(points) < 2 or not tests:
        return ""
    ticks = [tick for tick in scale(tests) if tick == int(tick) and tick < 0.9 * tests]
    frame = _Frame(max(steps, points[-1][0]), tests, LOW)
    (_, first), (last, now) = points[0], points[-1]
    said = h(t("chart.said_right", first=f"{first:.0f}", last=f"{now:.0f}", n=tests))
    label = h(t("chart.right", right=f"{now:.0f}", n=tests))
    parts = [
        _grid(frame, [*ticks, tests], t("chart.right_axis")),
        _line(frame, points, "right"),
        _dots(frame, points, "right", "chart.right_point"),
        f'<text class="name right" x="{frame.x(last) + 10:.1f}" y="{frame.y(now) + 4:.1f}">{label}</text>',
    ]
    legend = f'<span class="right">{h(t("chart.right_test", right=f"{now:.0f}", n=tests))}</span>'
    return _figure(frame, said, parts, legend)


def _figure(frame: "_Frame", said: str, parts: list[str], legend: str) -> str:
    return (
        f'<figure class="cw-chart"><svg viewBox="0 0 {WIDTH} {frame.height}" role="img" aria-label="{said}">'
        f"<title>{said}</title>{''.join(parts)}</svg><figcaption>{legend}</figcaption></figure>"
    )


def lines_chart(lines: Sequence[Line], axis: str, said: str, top: float | None = None) -> str:
    """Lines of several runs over each other, with values up to `top` or to the highest; empty text without a point."""
    drawn = [one for one in lines if one.points]
    if not drawn:
        return ""
    ticks = scale(top or max(value for one in drawn for _, value in one.points))
    frame = _Frame(max(1, *(one.points[-1][0] for one in drawn)), ticks[-1], HEIGHT)
    parts = [_grid(frame, ticks, axis)]
    for one in drawn:
        parts.append(_line(frame, one.points, one.kind))
        if one.dotted or len(one.points) == 1:
            parts.append(_dots(frame, one.points, one.kind, "chart.point"))
    parts += _names(frame, [(one.kind, *one.points[-1], one.name) for one in drawn])
    legend = f"<span>{h(axis)}</span>" + "".join(
        f'<span class="{one.kind}">{h(one.name)}</span>' for one in drawn
    )
    return _figure(frame, h(said), parts, legend)


def scale(top: float) -> list[float]:
    """Three to six round numbers from 0 to at least `top`."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / 4
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(n * magnitude for n in (1, 2, 2.5, 5, 10) if n * magnitude >= rough * 0.999)
    return [round(i * step, 10) for i in range(math.ceil(top / step - 1e-9) + 1)]


class _Frame:
    """Where steps from 0 to `last` and values from 0 to `top` lie."""

    def __init__(self, last: int, top: float, height: int):
        self.last, self.top, self.height = last, top, height

    def x(self, step: float) -> float:
        return LEFT + step / self.last * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return self.height - BOTTOM - value / self.top * (self.height - TOP - BOTTOM)


def _grid(frame: _Frame, ticks: list[float], axis: str) -> str:
    lines = "".join(
        f'<path class="grid" d="M{LEFT} {frame.y(v):.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 8}" y="{frame.y(v) + 4:.1f}" text-anchor="end">{v:g}</text>'
        for v in ticks
    )
    last = frame.last
    marks = sorted({0, last} | {round(last * share / 4) for share in (1, 2, 3)} if last >= 8 else {0, last})
    labels = "".join(
        f'<text x="{frame.x(step):.1f}" y="{frame.height - 12}" text-anchor="middle">'
        f"{h(t('chart.steps', steps=step)) if step == last else step}</text>"
        for step in marks
    )
    return f'{lines}{labels}<text class="axis" x="0" y="12">{h(axis)}</text>'


def _line(frame: _Frame, points: list[tuple[int, float]], kind: str) -> str:
    if len(points) < 2:
        return ""
    path = "L".join(f"{frame.x(step):.1f} {frame.y(value):.1f}" for step, value in points)
    return f'<path class="{kind}" d="M{path}"/>'


def _mark(frame: _Frame, step: int) -> str:
    """A checkpoint: a flag that stands on the axis."""
    x, foot = frame.x(step), frame.height - BOTTOM
    flag = f"M{x:.1f} {foot}v-16l8 4l-8 4"
    return f'<path class="kept" d="{flag}"><title>{h(t("chart.kept_point", step=step))}</title></path>'


def _dots(frame: _Frame, points: list[tuple[int, float]], kind: str, words: str) -> str:
    return "".join(
        f'<circle class="{kind}" cx="{frame.x(step):.1f}" cy="{frame.y(value):.1f}" r="4">'
        f"<title>{h(t(words, step=step, value=f'{value:.3g}'))}</title></circle>"
        for step, value in points
    )


def _names(frame: _Frame, ends: list[tuple[str, int, float, str]]) -> list[str]:
    """The names (kind, step, value, text) right of where the lines end, moved apart where they would touch."""
    ends = sorted(ends, key=lambda end: -end[2])  # the highest line first
    places = _apart([frame.y(value) + 4 for _, _, value, _ in ends], TOP, frame.height - BOTTOM + 2)
    right = max((frame.x(step) for _, step, _, _ in ends), default=0)
    return [
        f'<text class="name {kind}" x="{right + 10:.1f}" y="{y:.1f}">{h(text)}</text>'
        for y, (kind, _, _, text) in zip(places, ends, strict=True)
    ]


def _apart(places: list[float], low: float, high: float) -> list[float]:
    """Heights in rising order, moved as little as it takes to lie NAME_HEIGHT apart, between `low` and `high`."""
    groups: list[tuple[float, int]] = []  # middle and number of the names that stand together
    for place in places:
        group = (place, 1)
        while groups and group[0] - groups[-1][0] < (group[1] + groups[-1][1]) / 2 * NAME_HEIGHT:
            middle, n = groups.pop()
            group = ((group[0] * group[1] + middle * n) / (group[1] + n), group[1] + n)
        groups.append(group)
    spread = [middle + (k - (n - 1) / 2) * NAME_HEIGHT for middle, n in groups for k in range(n)]
    over = max(0.0, spread[-1] - high) - max(0.0, low - spread[0]) if spread else 0.0
    return [place - over for place in spread]


def _spoken(train: Points, test: Points, kept: Sequence[int]) -> str:
    parts = []
    if train:
        parts.append(
            t("chart.said_train", first=f"{train[0][1]:.3g}", last=f"{train[-1][1]:.3g}", step=train[-1][0])
        )
    if test:
        parts.append(t("chart.said_test", first=f"{test[0][1]:.3g}", last=f"{test[-1][1]:.3g}"))
    if kept:
        parts.append(t("chart.said_kept", steps=", ".join(map(str, kept))))
    return " ".join(parts)
