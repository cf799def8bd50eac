"""What a training step costs when there are more tools to declare: 2, 5, 10, 20 and 40 of them.

`python tests/benchmarks/tools_cost.py [--tools N ...] [--guide-up-to N] [--steps N] [--budget MINUTES]` trains on
batches of four made-up rows whose prompts are the studio's own and writes a JSON, a Markdown and an SVG file named for
the kind of machine. The guide's recipe is measured up to `--guide-up-to` tools.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import machine
import report
from chart import line_chart
from side_by_side import compare
from training_speed import DTYPES, RESULTS
from workload import add_model_options, model_folder

from core.models import loading
from core.prompt import Row, encode, family_of
from core.schema import Example, Tool, ToolCall

BATCH = 4
ROWS = f"{BATCH} rows a step, each a question behind the declarations of all tools."
TOOLS = (2, 5, 10, 20, 40)
NOUNS = (
    "appointment", "invoice", "customer", "ticket", "shipment", "room", "document", "playlist", "lamp", "reminder",
)  # fmt: skip
TEXT = {"type": "string"}
# verb: (what the tool says of itself, its parameters)
VERBS: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "create": (
        "Create a new {noun} with a title and a date.",
        {
            "title": TEXT | {"description": "What the {noun} is called."},
            "date": TEXT | {"description": "The day, as YYYY-MM-DD."},
            "priority": TEXT | {"description": "How urgent it is.", "enum": ["low", "normal", "high"]},
        },
    ),
    "find": (
        "Find every {noun} that matches some words.",
        {
            "query": TEXT | {"description": "The words to look for."},
            "limit": {"type": "integer", "description": "How many to return at most."},
        },
    ),
    "update": (
        "Change one field of a {noun}.",
        {
            "number": {"type": "integer", "description": "The number of the {noun}."},
            "field": TEXT | {"description": "Which field changes.", "enum": ["title", "date", "owner"]},
            "value": TEXT | {"description": "What it becomes."},
        },
    ),
    "cancel": (
        "Cancel a {noun} and tell those concerned why.",
        {
            "number": {"type": "integer", "description": "The number of the {noun}."},
            "reason": TEXT | {"description": "The reason, in one sentence."},
        },
    ),
}


def declared(count: int) -> list[Tool]:
    """The first `count` of forty tools: four verbs for each of ten nouns."""
    tools = []
    for noun in NOUNS:
        for verb, (description, properties) in VERBS.items():
            shown = {
                name: schema | {"description": schema["description"].format(noun=noun)}
                for name, schema in properties.items()
            }
            parameters = {"type": "object", "properties": shown, "required": list(shown)[:1]}
            tools.append(Tool(f"{verb}_{noun}", description.format(noun=noun), parameters))
    return tools[:count]


def made_rows(tools: list[Tool], count: int, tokenizer: Any) -> list[Row]:
    """Rows in which one of the tools is asked for, all with the declarations of all tools."""
    chance, family = random.Random(0), family_of(tokenizer)
    rows = []
    for number in range(count):
        tool = chance.choice(tools)
        verb, noun = tool.name.split("_")
        first = tool.required[0]
        value = number + 100 if first == "number" else f"spring {noun}"
        prompt = f"Please {verb} the {noun} {value} for me, it cannot wait any longer."
        rows.append(
            encode(Example.single(prompt, ToolCall(tool.name, {first: value})), tools, family, tokenizer)
        )
    return rows


def drawn(found: dict[str, Any], model: str, dtype: str) -> str:
    """The seconds of a step by the number of tools, a line for each way, as SVG."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for cell in found["cells"]:
        if (cell["model"], cell["dtype"]) == (model, dtype):
            for way in cell["ways"].values():
                if "median_seconds" in way:
                    lines.setdefault(way["words"], []).append((cell["tools"], way["median_seconds"]))
    title = f"A training step of {BATCH} rows, {dtype}, {found['machine']['device']}"
    return line_chart(title, "tools declared in every row", "seconds", lines)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--tools", type=int, nargs="+", default=TOOLS, help="at most 40")
    options.add_argument("--guide-up-to", type=int, default=10, help="tools")
    options.add_argument("--dtype", choices=DTYPES, default="bfloat16")
    options.add_argument("--steps", type=int, default=5)
    options.add_argument("--budget", type=float, help="minutes; slow ways do fewer steps")
    options.add_argument("--json", type=Path, help="instead of the file in tests/benchmarks/results")
    add_model_options(options)
    chosen = options.parse_args()
    if chosen.tiny and not chosen.json:
        options.error("--tiny measures nothing worth keeping: name another file with --json.")
    file = chosen.json or RESULTS / f"{machine.kind(machine.description())}-tools.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + chosen.budget * 60 if chosen.budget else None
    with tempfile.TemporaryDirectory() as scratch:
        model, folder = model_folder(chosen, Path(scratch))
        tokenizer = loading.load_tokenizer(folder)
        peak = machine.matmul_peak(chosen.dtype)
        for done, count in enumerate(chosen.tools):
            rows = made_rows(declared(count), BATCH * (chosen.steps + 1), tokenizer)
            tokens = sum(len(row.input_ids) for row in rows) // len(rows)
            print(f"{count} tools, {tokens} tokens a row", file=sys.stderr)
            cell: dict[str, Any] = {
                "shape": f"{count} tools, {tokens} tokens a row",
                "tools": count,
                "dtype": chosen.dtype,
                "model": model,
                "batch": BATCH,
                "day": datetime.now(UTC).date().isoformat(),
                "load": os.getloadavg()[0],
                "libraries": machine.libraries(),
                "matmul_gflop_per_second": peak / 1e9,
            }
            ways = ["guide", "ours"] if count <= chosen.guide_up_to else ["ours"]
            seconds = (end - time.monotonic()) / (len(chosen.tools) - done) if end else None
            place = Path(scratch) / str(count)
            cell["ways"] = compare(ways, rows, BATCH, chosen.dtype, folder, place, chosen.steps, seconds)
            report.add(file, machine.description(), cell)
    found = json.loads(file.read_text("utf-8"))
    file.with_suffix(".svg").write_text(drawn(found, model, chosen.dtype), encoding="utf-8")
    text = report.training_table(found, ROWS)
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
