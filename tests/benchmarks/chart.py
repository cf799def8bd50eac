"""A line chart as SVG, readable on light and dark pages and without a script."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 48, 344  # edges of the plot; names of the lines stand on its right
RIGHT_EDGE = WIDTH - RIGHT
COLOURS = (("#2563eb", "#7aa2ff"), ("#c2410c", "#fb9a5b"), ("#15803d", "#6fcf8f"))  # on light, on dark
TICKS = (1, 2, 5)
NAME_HEIGHT = 18

Points = Sequence[tuple[float, float]]


def line_chart(title: str, x_label: str, y_label: str, lines: Mapping[str, Points]) -> str:
    """Lines over positive numbers, both axes logarithmic, each value written at its point."""
    xs = sorted({x for points in lines.values() for x, _ in points})
    ys = [y for points in lines.values() for _, y in points]
    low, high = _tick_below(min(ys)), _tick_above(max(ys))

    def across(x: float) -> float:
        return LEFT + 24 + _share(x, xs[0], xs[-1]) * (RIGHT_EDGE - LEFT - 48)

    def down(y: float) -> float:
        return BOTTOM - _share(y, low, high) * (BOTTOM - TOP)

    parts = [f'<text x="{LEFT}" y="24" class="title">{escape(title)}</text>']
    for tick in _ticks(low, high):
        y = down(tick)
        parts.append(f'<line x1="{LEFT}" x2="{RIGHT_EDGE}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for x in xs:
        parts.append(f'<text x="{across(x):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{x:g}</text>')
    middle = (LEFT + RIGHT_EDGE) / 2
    parts.append(f'<text x="{middle}" y="{BOTTOM + 42}" text-anchor="middle">{escape(x_label)}</text>')
    turned = f'transform="rotate(-90 18 {(TOP + BOTTOM) / 2})"'
    parts.append(
        f'<text x="18" y="{(TOP + BOTTOM) / 2}" text-anchor="middle" {turned}>{escape(y_label)}</text>'
    )
    drawn = [
        (name, [(across(x), down(y), y) for x, y in sorted(points)])
        for name, points in lines.items()
        if points
    ]
    heights = _apart([points[-1][1] for _, points in drawn])
    for number, ((name, points), height) in enumerate(zip(drawn, heights, strict=True)):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        parts.append(f'<polyline points="{path}" class="line c{number}"/>')
        for x, y, value in points:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="dot c{number}"/>')
            parts.append(
                f'<text x="{x:.1f}" y="{y - 10:.1f}" text-anchor="middle" class="value">{value:.3g}</text>'
            )
        parts.append(
            f'<text x="{RIGHT_EDGE + 10}" y="{height + 4:.1f}" class="name c{number}">{escape(name)}</text>'
        )
    return _page(title, parts)


def _share(value: float, low: float, high: float) -> float:
    """Where a value stands from `low` (0) to `high` (1)."""
    return math.log(value / low) / math.log(high / low) if high > low else 0.5


def _ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        t * 10.0**p
        for p in powers
        for t in TICKS
        if low <= t * 10.0**p * 1.001 and t * 10.0**p <= high * 1.001
    ]


def _tick_below(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(tick * power for tick in TICKS if tick * power <= value)


def _tick_above(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return min(tick * power for tick in (*TICKS, 10) if tick * power > value)


def _apart(heights: Sequence[float]) -> list[float]:
    """The same heights moved down where two names would touch."""
    placed = list(heights)
    order = sorted(range(len(placed)), key=lambda i: placed[i])
    for upper, lower in pairwise(order):
        placed[lower] = max(placed[lower], placed[upper] + NAME_HEIGHT)
    return placed


def _page(title: str, parts: Sequence[str]) -> str:
    light = "".join(
        f".line.c{n}{{stroke:{c}}}.dot.c{n},.name.c{n}{{fill:{c}}}" for n, (c, _) in enumerate(COLOURS)
    )
    dark = "".join(
        f".line.c{n}{{stroke:{c}}}.dot.c{n},.name.c{n}{{fill:{c}}}" for n, (_, c) in enumerate(COLOURS)
    )
    style = (
        "text{font:13px system-ui,sans-serif;fill:#334155}.title{font-weight:700;font-size:15px}.value{font-size:11px}"
        f".grid{{stroke:#cbd5e1}}.line{{fill:none;stroke-width:2.5}}{light}"
        "@media (prefers-color-scheme:dark){text{fill:#cbd5e1}.grid{stroke:#475569}" + dark + "}"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style>",
            *parts,
            "</svg>",
            "",
        ]
    )
