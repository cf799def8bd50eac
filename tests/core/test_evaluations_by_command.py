"""Evaluations that are asked for on the command line: changed rows, checkpoints, endpoints, the card."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_model
from endpoint_stand_in import called, said, standing_in

from core.evaluation.robustness.variants import VARIANTS

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "assets" / "starters" / "where-to-look"


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("home")
    rows = (STARTER / "examples.jsonl").read_text().splitlines()
    (made / "rows.jsonl").write_text("\n".join(rows[:4] + rows[32:35]))
    call(
        made, "import", "small", "--tools", STARTER / "tools.json", "--examples", made / "rows.jsonl",
        "--split-column", "split",
    )  # fmt: skip
    return made


def call(home, *arguments, code=0, **environment):
    import json

    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments), "--json", "--home", str(home)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


SUMMARY = {
    "n",
    "right",
    "exact",
    "malformed",
    "wrong_tool",
    "no_call",
    "extra_call",
    "unknown_tool",
    "seconds",
}


def test_the_rows_that_were_learned(home, model):
    answer = call(home, "evaluate", "small", "--model", model, "--split", "train")
    assert set(answer) >= SUMMARY and answer["n"] == 4 and "run" not in answer


def test_changed_rows_and_the_card_of_them(home, model):
    asked = call(
        home, "evaluate", "small", "--model", model, "--variant", "shuffled", "--variant", "distractors-3"
    )
    assert set(asked) >= SUMMARY | {"run", "state", "variants", "findings"} and asked["n"] == 3
    assert [one["variant"] for one in asked["variants"]] == ["", "shuffled", "distractors-3"]
    assert [one["tools"] for one in asked["variants"]] == [2, 2, 5]
    shown = call(home, "robustness", asked["run"])
    assert (shown["variants"], shown["findings"]) == (asked["variants"], asked["findings"])
    whole = call(home, "evaluate", "small", "--model", model, "--robustness")
    assert [one["variant"] for one in whole["variants"]] == list(VARIANTS)
    assert whole["findings"] and all(one["sentence"] for one in whole["findings"])


def test_a_checkpoint_and_the_card_of_a_training(home, model):
    trained = call(
        home, "train", "small", "--model", model, "--set", "epochs=2", "--set", "dtype=float32",
        "--set", "learning_rate=1e-3",
    )  # fmt: skip
    step = call(home, "run", trained["run"])["checkpoints"][0]["step"]
    answer = call(
        home, "evaluate", "small", "--model", f"{trained['run']}/{step}", "--predictions", home / "p.jsonl"
    )
    assert answer["state"] == "finished" and len((home / "p.jsonl").read_text().splitlines()) == 3
    error = call(home, "robustness", trained["run"], code=1)["error"]
    assert "--robustness" in error["hint"]
    call(home, "evaluate", "small", "--model", trained["run"], "--variant", "case")
    assert call(home, "robustness", trained["run"])["model"] == trained["run"]


def test_an_endpoint(home):
    with standing_in(lambda _: said(called("web_search", '{"query": "x"}'))) as server:
        options = [
            "evaluate",
            "small",
            "--model",
            "some-model",
            "--endpoint",
            server.url,
            "--key-variable",
            "MY_KEY",
        ]
        answer = call(home, *options, MY_KEY="sk-mine")
        assert server.keys == ["Bearer sk-mine"] * 3
    assert answer["model"] == f"{server.url} some-model" and answer["right"] + answer["wrong_tool"] == 3
    error = call(home, *options[:4], "--endpoint", "http://example.org/v1", code=1)["error"]
    assert error["where"] == "endpoint" and "https://" in error["hint"]


def test_an_evaluation_is_no_training(home, model):
    asked = call(home, "evaluate", "small", "--model", model, "--variant", "short")
    assert asked["run"] not in {run["run"] for run in call(home, "runs")}
    error = call(home, "export", asked["run"], "--to", "script", "--out", home / "out", code=1)["error"]
    assert "trained nothing" in error["message"]
    call(home, "evaluate", "small", "--model", model, "--variant", "upside-down", code=2)
