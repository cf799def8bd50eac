"""The benchmarks still run and count rightly; what they measure on a tiny model says nothing."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests" / "benchmarks"
sys.path.insert(0, str(SCRIPTS))

import chart  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
import side_by_side  # noqa: E402
import tiny_model  # noqa: E402
import tools_cost  # noqa: E402
from workload import Shape, random_rows  # noqa: E402

from core.schema import read_tool  # noqa: E402


def guide_flop(rows: int, length: int) -> int:
    """What a step of the guide's recipe must cost with the tiny model, by arithmetic: 3 body, 4 head (TRL's own)."""
    hidden, inner, heads, size, layers, vocabulary = 48, 96, 2, 24, 2, len(tiny_model.tokenizer())
    body = layers * (2 * hidden * heads * size + 2 * hidden * size + 3 * hidden * inner)
    attention = layers * 2 * heads * size * length
    return rows * length * 2 * (3 * (body + attention) + 4 * hidden * vocabulary)


def test_ways_are_measured_side_by_side(tmp_path):
    file = tmp_path / "found.json"
    subprocess.run(
        [
            sys.executable, SCRIPTS / "training_speed.py", "--tiny", "--shapes", "12x4", "--dtypes", "float32",
            "--ways", "guide", "ours", "recommended", "--steps", "2", "--json", file,
        ],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    [cell] = json.loads(file.read_text())["cells"]
    assert list(cell["ways"]) == ["guide", "ours", "recommended"]
    for way in cell["ways"].values():
        assert way["failure"] == "" and way["warmed_up"]
        assert len(way["step_seconds"]) == 2 and min(way["step_seconds"]) > 0
        assert way["peak_bytes"] > 1e8 and way["threads"] >= 1
    assert cell["ways"]["guide"]["gflop"] == pytest.approx(guide_flop(4, 12 + 20 + 20) / 1e9, rel=0.03)
    table = file.with_suffix(".md").read_text()
    assert "TRL, the guide's recipe" in table and "Callwright" in table


@pytest.mark.parametrize(
    ("device", "memory", "processor", "name"),
    [
        ("CPU, 2 cores, bf16", 0, "AMD EPYC", "cpu-2-cores-bf16-amd-epyc"),
        ("CPU, 2 cores, bf16", 0, "Intel(R) Xeon(R) Processor", "cpu-2-cores-bf16-intel-xeon-processor"),
        ("NVIDIA H100 80GB HBM3", 85, "AMD EPYC", "nvidia-h100-80gb-hbm3"),
    ],
)
def test_what_different_machines_measured_is_kept_apart(device, memory, processor, name):
    found = {"device": device, "device_memory_gb": memory, "processor": processor}
    assert machine.kind(found) == name


@pytest.mark.parametrize(("seconds", "steps"), [(1, 6), (30, 4), (500, 1)])
def test_a_slow_way_does_fewer_steps_but_one_at_least(seconds, steps):
    way = side_by_side.Way("ours", {})
    while not way.steps or not side_by_side._finished(way, 5, 120):
        way.steps.append({"seconds": seconds})
    assert len(way.steps) == steps


def test_a_way_that_dies_leaves_its_last_words(tmp_path):
    way = side_by_side.Way("ours", {"scratch": str(tmp_path / "way")})
    way.step()
    assert way.failure == "KeyError: 'rows'" and not way.steps
    way.end()


def test_a_way_that_is_killed_while_it_waits_is_told(tmp_path):
    way = side_by_side.Way("ours", {"scratch": str(tmp_path)}, [{"seconds": 1.0}])
    (tmp_path / "words.txt").touch()
    way.process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    way.process.kill()
    way.process.wait()
    way.step()
    assert "want of memory" in way.failure and len(way.steps) == 1
    way.end()


@pytest.mark.parametrize(
    ("name", "gigabytes", "rows"), [("guide", 60, 8), ("guide", 20, 2), ("guide", 1, 1), ("ours", 1, 8)]
)
def test_memory_decides_how_many_rows_trl_takes_at_once(name, gigabytes, rows):
    assert side_by_side.rows_at_once(name, 8, 2040, "bfloat16", gigabytes * 1e9) == rows


def test_rows_share_their_prefix_or_nothing_and_are_the_same_every_time(tmp_path):
    (tmp_path / "config.json").write_text('{"vocab_size": 262144}')
    shared = random_rows(Shape.read("30x4"), 2, tmp_path)
    apart = random_rows(Shape.read("30x4:apart"), 2, tmp_path)
    assert len(shared) == len(apart) == 8
    assert len({tuple(row.input_ids[:30]) for row in shared}) == 1
    assert len({tuple(row.input_ids[:30]) for row in apart}) == 8
    assert {len(row.input_ids) - row.prompt_length for row in shared + apart} == {20}
    assert {row.prompt_length for row in shared + apart} == {49, 50}
    assert random_rows(Shape.read("30x4"), 2, tmp_path) == shared


def way_of(words: str, seconds: list[float], *, warmed_up: bool = True) -> dict:
    median = seconds[0]
    return {
        "words": words, "failure": "", "in_turn": True, "rows_at_once": 4, "threads": 2, "warmed_up": warmed_up,
        "step_seconds": seconds, "median_seconds": median, "rows_per_second": 4 / median,
        "tokens_per_second": 648 / median, "peak_bytes": 5.6e9, "gflop": 1259.0, "gflop_per_second": 1259 / median,
    }  # fmt: skip


def cell_of(dtype: str, **ways: dict) -> dict:
    return {
        "shape": "123 x 4", "dtype": dtype, "model": "tiny", "batch": 4, "day": "2026-11-22",
        "libraries": {"torch": "2.13"}, "matmul_gflop_per_second": 100.0, "ways": ways,
    }  # fmt: skip


def test_a_cell_measured_again_replaces_its_older_self_alone(tmp_path):
    file = tmp_path / "found.json"
    for dtype, seconds in (("float32", 20.0), ("bfloat16", 10.0), ("float32", 16.0)):
        report.add(file, {"device": "x"}, cell_of(dtype, guide=way_of("TRL", [seconds])))
    cells = json.loads(file.read_text())["cells"]
    assert [(cell["dtype"], cell["ways"]["guide"]["median_seconds"]) for cell in cells] == [
        ("float32", 16.0), ("bfloat16", 10.0),
    ]  # fmt: skip


def test_the_table_tells_the_ratio_the_count_and_what_failed():
    broken = {"words": "TRL two", "failure": "killed"}
    ours = way_of("Callwright", [2.0], warmed_up=False) | {"rows_at_once": 2}
    cell = cell_of("float32", guide=way_of("TRL", [20.0] * 5), trl=broken, ours=ours)
    machine = {"device": "CPU, 2 cores", "processor": "EPYC", "memory_gb": 25}
    lines = report.training_table({"machine": machine, "cells": [cell]}, "Rows.").splitlines()
    rows = [
        [part.strip() for part in line.split("|")[1:-1]] for line in lines if line.startswith("| 123 x 4")
    ]
    assert rows[0][2:8] == ["TRL", "20", "5", "0.2", "32", "1.0"] and rows[0][-1] == "63%"
    assert rows[1][2:5] == ["TRL two", "killed", "0"]
    assert rows[2][2:8] == ["Callwright, 2 rows at once", "2", "1*", "2", "324", "10.0"]
    assert any(line.startswith("* Only one step") for line in lines)


def test_forty_tools_are_declared_as_the_studio_would():
    tools = tools_cost.declared(40)
    assert len({tool.name for tool in tools}) == 40
    assert tools_cost.declared(5) == tools[:5]
    assert [read_tool(tool.to_json())[0] for tool in tools] == tools


def test_rows_with_more_tools_are_the_same_questions_behind_longer_declarations():
    tokenizer = tiny_model.tokenizer()
    few, many = (tools_cost.made_rows(tools_cost.declared(count), 3, tokenizer) for count in (2, 5))
    for rows in (few, many):
        first = rows[0].input_ids
        shared = min(
            i
            for row in rows[1:]
            for i, pair in enumerate(zip(first, row.input_ids, strict=False))
            if len(set(pair)) > 1
        )
        assert shared > 0.8 * len(first)
    assert len(many[0].input_ids) > 2 * len(few[0].input_ids)
    assert "<start_function_call>call:" in tokenizer.decode(few[0].input_ids[few[0].prompt_length :])


def test_the_chart_of_tools_shows_one_model_in_one_precision():
    cells = [
        cell_of(dtype, guide=way_of("TRL", [seconds])) | {"tools": tools, "model": model}
        for tools, seconds, dtype, model in (
            (2, 7.25, "float32", "starter"), (5, 9.75, "float32", "starter"),
            (5, 3.5, "bfloat16", "starter"), (5, 1.25, "float32", "tiny"),
        )
    ]  # fmt: skip
    svg = tools_cost.drawn({"machine": {"device": "CPU"}, "cells": cells}, "starter", "float32")
    assert ">7.25<" in svg and ">9.75<" in svg
    assert ">3.5<" not in svg and ">1.25<" not in svg


def test_the_chart_places_larger_values_higher_and_writes_each():
    lines = {"slow & old": [(2, 18.0), (5, 40.0)], "new": [(2, 1.6), (40, 11.0)]}
    root = ET.fromstring(chart.line_chart("Title", "tools", "seconds", lines))
    space = "{http://www.w3.org/2000/svg}"
    words = [text.text for text in root.iter(f"{space}text")]
    assert {"18", "40", "1.6", "11", "slow & old", "new", "tools", "seconds"} <= set(words)
    dots = [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in root.iter(f"{space}circle")]
    (x1, y18), (x2, y40), (x3, y2), (x4, y11) = dots
    assert x1 == x3 < x2 < x4 and y40 < y18 < y11 < y2


def test_readings_of_a_large_store_are_timed():
    done = subprocess.run(
        [sys.executable, SCRIPTS / "store_size.py", "3", "400"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["runs"], found["steps"]) == (3, 400)
    assert found["ms"].keys() == {
        "list_all", "list_page", "revision", "chart", "chart_unthinned", "four_charts", "tick",
    }  # fmt: skip
    assert all(value >= 0 for value in found["ms"].values())
