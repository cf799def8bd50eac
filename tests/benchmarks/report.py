"""Measurements kept in a JSON file, and the Markdown made of them."""

import json
from pathlib import Path
from typing import Any

BASE = "guide"
OWN = ("shape", "dtype", "model")  # what tells one cell from another


def add(file: Path, machine: dict[str, Any], cell: dict[str, Any]) -> None:
    """Write a cell into the file, in place of what was measured before in the same way."""
    cells = json.loads(file.read_text("utf-8"))["cells"] if file.exists() else []
    own = [cell[key] for key in OWN]
    before = next((old for old in cells if [old[key] for key in OWN] == own), None)
    if before:
        cells[cells.index(before)] = cell
    else:
        cells.append(cell)
    file.write_text(json.dumps({"machine": machine, "cells": cells}, indent=2) + "\n", encoding="utf-8")


def training_table(found: dict[str, Any], rows: str) -> str:
    """The cells of the file as Markdown; `rows` says what was trained on."""
    columns = (
        "rows a step", "dtype", "way", "s a step", "n", "rows/s", "tokens/s", "times the guide", "peak GB",
        "GFLOP", "of the peak",
    )  # fmt: skip
    lines = ["| " + " | ".join(columns) + " |", "|---|---|---|" + "---:|" * (len(columns) - 3)]
    notes: set[str] = set()
    for cell in found["cells"]:
        base = cell["ways"].get(BASE, {}).get("median_seconds")
        for way in cell["ways"].values():
            lines.append("| " + " | ".join(_row(cell, way, base, notes)) + " |")
    return "\n".join([_heading(found, rows), "", *lines, "", _footing(found, notes), ""])


def _row(cell: dict[str, Any], way: dict[str, Any], base: float | None, notes: set[str]) -> list[str]:
    words = way["words"]
    if "median_seconds" not in way:
        return [cell["shape"], cell["dtype"], words, way["failure"], "0", *[""] * 6]
    if "rows_at_once" in way and way["rows_at_once"] < cell["batch"]:
        words += f", {way['rows_at_once']} rows at once"
    if way["failure"]:
        words += f" (ended early: {way['failure']})"
    if not way["in_turn"]:
        notes.add("Where memory did not bear all ways at once, they followed each other.")
    seconds = way["median_seconds"]
    count = str(len(way["step_seconds"]))
    if not way["warmed_up"]:
        count += "*"
        notes.add("* Only one step, the first one, for want of time.")
    return [
        cell["shape"],
        cell["dtype"],
        words,
        _short(seconds),
        count,
        _short(way["rows_per_second"]),
        f"{way['tokens_per_second']:,.0f}",
        f"{base / seconds:.1f}" if base else "",
        f"{way['peak_bytes'] / 1e9:.1f}",
        f"{way['gflop']:,.0f}",
        f"{way['gflop_per_second'] / cell['matmul_gflop_per_second']:.0%}",
    ]


def _heading(found: dict[str, Any], rows: str) -> str:
    machine, cells = found["machine"], found["cells"]
    threads = {way["threads"] for cell in cells for way in cell["ways"].values() if "threads" in way}
    models = " and ".join(sorted({cell["model"] for cell in cells}))
    return (
        f"{models} on {machine['device']} ({machine['processor']}, {machine['memory_gb']} GB), "
        f"threads: {' and '.join(map(str, sorted(threads)))}. {rows}"
    )


def _footing(found: dict[str, Any], notes: set[str]) -> str:
    cells = found["cells"]
    versions = {", ".join(f"{name} {version}" for name, version in c["libraries"].items()) for c in cells}
    peaks = {cell["dtype"]: cell["matmul_gflop_per_second"] for cell in cells}
    words = [f"{dtype} {peak:,.0f} GFLOP/s" for dtype, peak in sorted(peaks.items())]
    days = sorted({cell["day"] for cell in cells})
    return "\n".join(
        [
            *sorted(notes),
            "s a step: median of n optimizer steps (forward, backward, clipping, AdamW), the ways in turn. tokens/s: "
            "of the plain rows. GFLOP: matrix products counted in one step; the peak: the fastest product measured, "
            f"{', '.join(words)}. bfloat16: autocast over float32 weights unless said. {'; '.join(sorted(versions))}; "
            f"{' to '.join(dict.fromkeys((days[0], days[-1])))}.",
        ]
    )


def _short(number: float) -> str:
    return f"{number:.3g}" if number < 100 else f"{number:,.0f}"
