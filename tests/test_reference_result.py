"""The promise of the product, kept for real: the starter model learns the first starter project on this machine."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "assets" / "starters" / "where-to-look"
ROWS = 20  # of each part; the first ones in the file, both tools even
MINUTES = 15


def call(home: Path, *arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments), "--json", "--home", str(home)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=40 * 60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.alone
def test_the_starter_model_learns_where_to_look(tmp_path, capsys):
    rows = [json.loads(line) for line in (STARTER / "examples.jsonl").read_text().splitlines()]
    parts = [[row for row in rows if row["split"] == part][:ROWS] for part in ("train", "test")]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for part in parts for row in part))
    project = call(
        tmp_path, "import", "twenty", "--tools", STARTER / "tools.json", "--examples", file,
        "--split-column", "split",
    )  # fmt: skip
    assert (project["train"], project["test"]) == (ROWS, ROWS)

    begun = time.monotonic()
    run = call(tmp_path, "train", "twenty", "--model", "starter", "--set", "seed=0")
    minutes = (time.monotonic() - begun) / 60
    before, after = run["before"], run["after"]
    parsed = after["n"] - after["malformed"]
    with capsys.disabled():
        print(
            f"\nstarter, recommended recipe, {ROWS} + {ROWS} rows on {run['device']}: right tool {before['right']} -> "
            f"{after['right']} of {after['n']}, exact {before['exact']} -> {after['exact']}, {parsed} parse; "
            f"{run['steps']} steps in {run['train_seconds']:.0f} s, {minutes:.1f} min in all, "
            f"{run['memory'] / 1e9:.1f} GB"
        )
    assert before["right"] == 0
    assert parsed >= 18 and after["right"] >= 13
    assert minutes < MINUTES
