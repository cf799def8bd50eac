"""The command line as scripts use it: shapes, exit codes, and nothing but the answer on stdout."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_model

from tests.core.importers.test_mcp_server import mcp_running

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "assets" / "starters" / "where-to-look"


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


def call(home, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments), "--json", "--home", str(home)],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture(scope="module")
def project(home) -> str:
    rows = (STARTER / "examples.jsonl").read_text().splitlines()[:6]
    rows += (STARTER / "examples.jsonl").read_text().splitlines()[32:36]
    (home / "rows.jsonl").write_text("\n".join(rows))
    answer = call(
        home, "import", "small", "--tools", STARTER / "tools.json", "--examples", home / "rows.jsonl",
        "--split-column", "split",
    )  # fmt: skip
    assert answer == {
        "project": "small", "tools": 2, "examples": 10, "train": 6, "test": 4, "added": 10, "rejected": [],
        "rows": 10, "found_tools": [], "format": "rows", "notes": [],
    }  # fmt: skip
    return "small"


@pytest.fixture(scope="module")
def trained(home, project, model) -> dict:
    return call(
        home, "train", project, "--model", model, "--set", "epochs=1", "--set", "dtype=float32",
        "--set", "learning_rate=1e-3",
    )  # fmt: skip


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


def test_train_says_what_came_of_it(trained):
    assert {"run", "state", "steps", "train_seconds", "seconds", "before", "after", "model"} <= set(trained)
    assert trained["state"] == "finished" and trained["steps"] == 2
    assert 0 < trained["train_seconds"] < trained["seconds"]
    assert set(trained["before"]) >= SUMMARY and trained["after"]["n"] == 4
    assert (Path(trained["model"]) / "model.safetensors").is_file()


def test_run_and_runs_show_it(home, trained):
    run = call(home, "run", trained["run"])
    assert {"run", "state", "attempt", "pid", "step", "steps", "error", "metrics"} <= set(run)
    assert [m["step"] for m in run["metrics"] if m["name"] == "loss"] == [1, 2]
    listed = call(home, "runs")
    assert [row["run"] for row in listed] == [trained["run"]] and "metrics" not in listed[0]


def test_export_gives_the_settings_and_a_script_with_the_losses_of_the_run(home, trained, tmp_path):
    run = trained["run"]
    answer = call(home, "export", run, "--to", "config", "--out", tmp_path / "settings")
    assert answer["files"] == [str(tmp_path / "settings" / "config.json")]
    settings = json.loads((tmp_path / "settings" / "config.json").read_text())
    assert settings["recipe"]["learning_rate"] == 1e-3 and settings["environment"]["dtype"] == "float32"
    assert settings["environment"] == json.loads((home / "runs" / run / "environment.json").read_text())
    call(home, "export", run, "--to", "script", "--out", tmp_path / "script")
    subprocess.run([sys.executable, "train.py"], cwd=tmp_path / "script", check=True, capture_output=True)
    logged = json.loads((tmp_path / "script" / "losses.json").read_text())
    metrics = call(home, "run", run)["metrics"]
    assert [log["loss"] for log in logged if "loss" in log] == pytest.approx(
        [m["value"] for m in metrics if m["name"] == "loss"], rel=1e-4
    )
    refused = call(home, "export", run, "--to", "script", "--out", tmp_path / "script", code=1)
    assert refused["error"]["where"] == "out"
    assert "usage" in call(home, "export", run, "--out", tmp_path / "other", code=2)


def test_evaluate_writes_a_line_a_row(home, project, trained, tmp_path):
    file = tmp_path / "rows.jsonl"
    summary = call(home, "evaluate", project, "--model", trained["run"], "--predictions", file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert set(summary) >= SUMMARY and summary["n"] == len(rows) == 4
    assert all({"example", "prompt", "expected", "text", "calls", "verdict"} <= set(row) for row in rows)
    assert rows[0]["expected"][0]["name"] in ("company_search", "web_search")
    assert {"accepted", "no_call_rows", "refused_ok", "truncated", "overlap", "rules"} <= set(summary)
    assert all(row["ladder"]["rung"] and row["tokens"] for row in rows)
    after = {k: v for k, v in trained["after"].items() if k != "seconds"}
    assert {k: summary[k] for k in after} == after, "what was judged at the end of the run is what was saved"


def test_ask_answers(home, project, trained):
    answer = call(home, "ask", project, "--model", trained["run"], "where is our travel policy?")
    assert isinstance(answer["text"], str) and isinstance(answer["calls"], list)
    assert answer["original_calls"] == answer["calls"]  # these tools were always called so


def test_lens_shows_the_text_and_what_is_trained(home, project, model):
    answer = call(home, "lens", project, "--example", 2)
    assert answer["text"].endswith(answer["trained"])
    assert answer["trained"].startswith("<start_function_call>call:web_search{query:")
    assert answer["text"].count("<bos>") == 1
    tokens = call(home, "lens", project, "--example", 2, "--model", model)["tokens"]
    assert "".join(t["text"] for t in tokens if t["trained"]) == answer["trained"]


def test_lens_and_doctor_say_what_fits(home, project, model):
    text = call(home, "lens", project)
    assert text["limit"] == 2048 and text["budget"]["exact"] is False and "tokens" not in text
    seen = call(home, "lens", project, "--model", model, "--max-length", "3000")
    assert seen["count"] == len(seen["tokens"]) and seen["limit"] == 3000
    assert seen["count_trained"] == sum(token["trained"] for token in seen["tokens"]) > 0
    assert 0 < seen["shared"] < seen["count"]
    assert "".join(token["text"] for token in seen["tokens"]) == seen["text"].rstrip("\n")
    room = call(home, "doctor", project, "--model", model)["budget"]
    assert room["exact"] and set(room["by_tool"]) == {"company_search", "web_search"}
    parts = ("declarations", "longest_prompt", "longest_answer", "room_left")
    assert sum(room[part] for part in parts) == room["limit"] == 2048


def test_doctor_tells_what_the_start_would_refuse(home, project, model):
    answer = call(home, "doctor", project, "--model", model, "--max-length", "300", code=1)
    assert answer["blocked"] and answer["checked"] == 10
    [long] = [finding for finding in answer["findings"] if finding["kind"] == "too_long"]
    assert long["severity"] == "block" and len(long["rows"]) == 10 and "the limit is 300" in long["message"]
    limit = long["remedy"].removeprefix("Raise the limit to ").removesuffix(".")
    assert call(home, "doctor", project, "--model", model, "--max-length", limit)["blocked"] is False
    assert call(home, "train", project, "--model", model, "--set", "max_length=300", code=1)["error"][
        "hint"
    ] == (f"Raise the limit to {limit}.")


def test_lens_in_words_folds_the_declarations(home, project, model):
    def words(*more):
        arguments = ["lens", project, "--model", model, "--home", str(home), *more]
        done = subprocess.run(
            [sys.executable, "-m", "core", *arguments], cwd=ROOT, capture_output=True, text=True
        )
        return done.stdout

    folded, full = words(), words("--full")
    assert "(--full)" in folded and "(--full)" not in full
    assert len(full.splitlines()) > len(folded.splitlines()) + 500
    assert "shared by all examples (|)" in folded and "Longest row:" in folded


def test_a_detached_run_can_be_stopped(home, project, model):
    started = call(home, "train", project, "--model", model, "--detach", "--set", "epochs=100")
    assert started["state"] in ("queued", "starting")
    call(home, "stop", started["run"])
    state = ""
    while state not in ("cancelled", "finished", "failed", "interrupted"):
        state = call(home, "run", started["run"])["state"]
    assert state == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "nothing"], "no project"),
        (["train", "small", "--recipe", "none"], "no recipe"),
        (["train", "small", "--set", "epochs=many"], "number"),
        (["train", "small", "--model", "../x y"], ""),
        (["run", "nothing"], "no run"),
        (["stop", "nothing"], "no run"),
        (["lens", "small", "--example", "99"], "1 to 10"),
        (["evaluate", "small", "--model", "nothing"], ""),
        (["import", "other", "--tools", "nothing.json"], "cannot be read"),
        (["import", "other", "--examples", "Makefile"], ""),
    ],
)
def test_failures_are_one_object_and_exit_1(home, project, arguments, words):
    error = call(home, *arguments, code=1)["error"]
    assert set(error) == {"message", "hint", "where"}
    assert words in error["message"]


@pytest.mark.parametrize("arguments", [[], ["fly"], ["train"], ["train", "small", "--set", "epochs"]])
def test_wrong_usage_is_exit_2(home, arguments):
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stdout == "" and "usage" in done.stderr


def test_refused_rows_are_named_and_the_others_kept(home, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(
        "user_content,tool_name,tool_arguments\n"
        'our VPN?,company_search,"{""query"": ""vpn""}"\n'
        'x,search_all,"{""query"": ""vpn""}"\n'
        "thanks,,\n"
        'y,web_search,"{""q"": 1}"\n'
    )
    answer = call(
        home, "import", "table", "--tools", STARTER / "tools.json", "--examples", file, "--test-share", "0.5"
    )
    assert (answer["added"], len(answer["rejected"])) == (2, 2)
    assert [reject["row"] for reject in answer["rejected"]] == [3, 5]
    assert all(reject["reason"] for reject in answer["rejected"])


SNIPS = ROOT.parent / "shared" / "data"


@pytest.mark.skipif(not SNIPS.exists(), reason="the shared data folder is not beside this checkout")
def test_two_thousand_real_requests_come_in_whole(home):
    tools = SNIPS / "snips_tools.json"
    answer = call(home, "import", "snips", "--tools", tools, "--examples", SNIPS / "snips_train.jsonl")
    assert (answer["rows"], answer["added"], answer["rejected"]) == (2096, 2096, [])
    file = SNIPS / "snips_validate.jsonl"
    answer = call(home, "import", "snips", "--examples", file, "--default-split", "test")
    assert (answer["rows"], answer["added"], answer["rejected"]) == (700, 700, [])
    assert (answer["tools"], answer["train"], answer["test"]) == (7, 2096, 700)


def test_columns_can_be_named_and_tools_come_with_the_rows(home, tmp_path):
    file = tmp_path / "rows.csv"
    tools = json.dumps(
        [{"name": "ring", "parameters": {"type": "object", "properties": {"who": {"type": "string"}}}}]
    )
    with file.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerows(
            [["Wunsch", "Notiz", "tool", "Wen", "tools"], ["ring Ann", "a b", "ring", "Ann", tools]]
        )
    answer = call(
        home, "import", "mapped", "--examples", file, "--map", "Wunsch=user_content", "--map", "wen=argument:who",
        "--map", "Notiz=",
    )  # fmt: skip
    assert (answer["added"], answer["found_tools"], answer["tools"]) == (1, ["ring"], 1)
    assert answer["notes"] == ["Not used: Notiz."] and answer["format"] == "csv"
    assert call(home, "lens", "mapped")["text"].count("Ann") == 2


def test_every_answer_of_a_row_can_be_taught(home, tmp_path):
    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"messages": said * 3}) + "\n")
    once = call(home, "import", "once", "--examples", file)
    each = call(home, "import", "each", "--examples", file, "--every-answer")
    assert [(a["rows"], a["added"]) for a in (once, each)] == [(1, 1), (1, 3)]


def test_tools_of_a_running_server_are_called_by_its_names(home, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text('prompt,tool,args\nread it,notes.get0,"{""type"": ""short""}"\n')
    with mcp_running(1) as url:
        answer = call(home, "import", "notes", "--mcp", url, "--examples", file)
    assert (answer["tools"], answer["added"], answer["rejected"]) == (1, 1, [])
    assert "notes_get0" in call(home, "lens", "notes")["trained"]
    refused = call(home, "import", "notes", "--mcp", "http://192.0.2.1:9/mcp", code=1)["error"]
    assert refused["message"]


def test_a_file_that_cannot_be_read_leaves_no_project_behind(home, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n")
    arguments = ("import", "ghost", "--tools", STARTER / "tools.json", "--examples", file)
    assert "Columns are missing" in call(home, *arguments, code=1)["error"]["message"]
    assert "no project" in call(home, "doctor", "ghost", code=1)["error"]["message"]


def test_doctor_mends_what_it_is_asked_to(home, tmp_path):
    rows = tmp_path / "rows.jsonl"
    lines = [
        {"user_content": f"cancel order {n}", "tool_name": "cancel", "tool_arguments": f'{{"number": {n}}}'}
        for n in range(12)
    ]
    rows.write_text("\n".join(map(json.dumps, lines)))
    call(home, "import", "orders", "--examples", str(rows))
    before = call(home, "doctor", "orders", code=1)
    assert before["blocked"] and before["mended"] == []
    assert "'leak'" in call(home, "doctor", "orders", "--fix", "leak", code=1)["error"]["message"]
    after = call(home, "doctor", "orders", "--fix", "all")
    assert after["blocked"] is False and after["mended"]
    assert not {f["kind"] for f in after["findings"]} & {"no_tools", "no_test"}


def test_doctor_leaves_with_1_where_training_is_blocked(home, project):
    assert call(home, "doctor", project)["blocked"] is False
    call(home, "import", "empty", "--tools", STARTER / "tools.json")
    answer = call(home, "doctor", "empty", code=1)
    assert answer["blocked"] and answer["findings"][0]["severity"] == "block"
    assert call(home, "train", "empty", code=1)["error"]["message"]
