"""Runs in their own process on a tiny model: to the end, stopped, killed, failed; one at a time."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import tiny_model
from small_runs import LONG, begin, wait
from small_runs import model as model

from core import processes
from core.errors import StudioError
from core.jobs import local, queue
from core.models import seen
from core.schema import Example, ToolCall
from core.store import claims, evaluations, metrics, open_store, projects, runs
from core.training.recipe import RunConfig

ROOT = Path(__file__).parents[3]


def test_a_run_goes_to_its_end_and_remembers_everything(settings, project, model):
    run = begin(settings, project, model)
    run = wait(settings, run.id, lambda run: run.ended)
    assert (run.state, run.error) == ("finished", None)
    assert run.step == run.steps == 4 and run.train_seconds > 0 and run.memory > 0
    assert run.device.endswith("; what rows share is computed once")
    with open_store(settings) as db:
        found = metrics.listed(db, run.id)
        before, after = (evaluations.find(db, run.id, phase) for phase in ("before", "after"))
        answers = evaluations.predictions(db, after.id)
    assert [m.step for m in found if m.name == "loss"] == [1, 2, 3, 4]
    assert [m.step for m in found if m.name == "eval_loss"] == [2, 4]
    right = [(m.step, m.value) for m in found if m.name == "right_tool"]
    assert [step for step, _ in right] == [0, 2, 4]
    assert all(value in range(before.summary["n"] + 1) for _, value in right)
    assert before.summary["n"] == after.summary["n"] == len(answers) == 2
    assert {answer.prompt for answer in answers} == {"our VPN?", "who won the cup?"}
    assert (Path(run.folder) / "model.safetensors").is_file()


def test_a_run_with_adapters_leaves_a_plain_model(settings, project, model):
    from safetensors import safe_open

    run = begin(settings, project, model, lora_rank=4, rows_at_once=1)
    run = wait(settings, run.id, lambda run: run.ended)
    assert (run.state, run.step) == ("finished", 4)

    def tensors(folder):
        with safe_open(Path(folder) / "model.safetensors", "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no dict

    before, after = tensors(model), tensors(run.folder)
    assert before.keys() == after.keys()
    changed = {name for name, weight in after.items() if not weight.equal(before[name])}
    assert changed == {name for name in before if "_proj." in name or "embed_tokens" in name}


def test_a_run_without_test_rows_trains_and_has_nothing_to_measure(settings, db, project, model):
    test = projects.examples(db, project.id, split="test")
    projects.delete_examples(db, project.id, [example.id for example in test])
    run = begin(settings, project, model, epochs=1)
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "finished" and run.folder
    assert evaluations.find(db, run.id, "after") is None


def test_stop_ends_after_the_present_step_and_keeps_what_was_learned(settings, project, model):
    run = begin(settings, project, model, **LONG)
    wait(settings, run.id, lambda run: run.step >= 2)
    queue.stop(settings, run.id)
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "cancelled" and 2 <= run.step < run.steps
    assert (Path(run.folder) / "model.safetensors").is_file()
    with open_store(settings) as db:
        assert evaluations.find(db, run.id, "after")


def test_a_killed_worker_is_seen_and_what_it_logged_is_there(settings, db, project, model):
    run = begin(settings, project, model, **LONG)
    run = wait(settings, run.id, lambda run: run.step >= 3)
    os.kill(run.pid, signal.SIGKILL)
    begun = time.monotonic()
    run = wait(settings, run.id, lambda run: run.ended, seconds=30)
    assert run.state == "interrupted" and time.monotonic() - begun < 30
    assert "ended without a word" in run.error["message"]
    logged = [m.step for m in metrics.listed(db, run.id, ("loss",))]
    assert logged == list(range(1, run.step + 1))


def test_a_training_gives_way_to_whoever_else_wants_to_compute(settings, project, model):
    """The second one is started by the first, and gives way no more than that one did."""
    begun = [begin(settings, project, model, epochs=epochs) for epochs in (1, 100)]
    for run in begun:
        run = wait(settings, run.id, lambda run: run.step)
        if not run.ended:
            assert psutil.Process(run.pid).nice() == processes.GIVING_WAY
    session = Path(f"/proc/{run.pid}/autogroup")
    assert not session.exists() or session.read_text().endswith(f"nice {processes.GIVING_WAY}\n")
    queue.stop(settings, run.id)
    wait(settings, run.id, lambda run: run.ended)


def test_a_stranger_with_the_same_pid_is_not_taken_for_the_worker(settings, db, project):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    runs.own(db, run.id, 1, replace(processes.this(), started=processes.this().started - 100))
    local.reconcile(db, settings)
    assert runs.find(db, run.id).state == "interrupted"


def test_a_live_worker_is_left_alone_whatever_its_heartbeat(settings, db, project):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    runs.own(db, run.id, 1, processes.this())
    db.conn.execute("UPDATE runs SET heartbeat = '2000-01-01T00:00:00+00:00'")
    local.reconcile(db, settings)
    assert runs.find(db, run.id).state == "starting"


def test_the_next_run_starts_by_itself_when_the_first_ends(settings, db, project, model):
    first = begin(settings, project, model, epochs=1)
    second = begin(settings, project, model, epochs=1)
    assert runs.find(db, second.id).state == "queued"
    wait(settings, first.id, lambda run: run.ended)
    # Nobody looks any more: the first worker itself starts the second.
    deadline = time.monotonic() + 60
    while runs.find(db, second.id).state != "finished" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert runs.find(db, second.id).state == "finished"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda db, id: projects.delete_tool(db, id, "search_docs"), "search_docs"),
        (
            lambda db, id: projects.add_examples(
                db, id, [Example.single("x", ToolCall("search_web", {"query": 3}))]
            ),
            "query",
        ),
        (
            lambda db, id: projects.delete_examples(
                db, id, [example.id for example in projects.examples(db, id, split="train")]
            ),
            "none to learn from",
        ),
    ],
)
def test_what_would_train_wrongly_is_refused_before_it_starts(settings, db, project, model, damage, sentence):
    damage(db, project.id)
    with pytest.raises(StudioError, match=sentence) as caught:
        begin(settings, project, model)
    assert caught.value.hint
    assert runs.listed(db) == []


def test_an_example_longer_than_the_model_reads_is_named(settings, db, project, tmp_path):
    small = tiny_model.make(tmp_path / "small", window=1024)
    [id] = projects.add_examples(
        db, project.id, [Example.single("long " * 300, ToolCall("search_web", {"query": "x"}))]
    )
    run = begin(settings, project, str(small), max_length=8192)
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "failed"
    assert run.error["where"] == f"example {id}" and "tokens" in run.error["message"]


def test_a_row_over_the_limit_is_refused_with_the_limit_that_mends_it(settings, db, project, model):
    [id] = projects.add_examples(
        db, project.id, [Example.single("long " * 200, ToolCall("search_web", {"query": "x"}))]
    )
    with pytest.raises(StudioError, match=rf"Example {id} needs (\d+) tokens, the limit is 1024") as caught:
        begin(settings, project, model, max_length=1024)
    assert caught.value.where == f"example {id}" and runs.listed(db) == []
    needed = int(caught.value.hint.removeprefix("Raise the limit to ").removesuffix("."))
    run = begin(settings, project, model, max_length=needed, epochs=1)
    assert wait(settings, run.id, lambda run: run.ended).state == "finished"


def test_the_worker_refuses_by_itself_before_any_weight_is_touched(settings, db, project, model):
    """Where nothing could be known at the start, as with a model that had to be fetched."""
    snapshot = projects.freeze(db, project.id)
    recipe = RunConfig(max_length=64, dtype="float32").to_json()
    run = runs.create(db, project.id, model, recipe, snapshot.hash)
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "failed" and run.folder is None
    assert "the limit is 64" in run.error["message"] and run.error["hint"].startswith("Raise the limit to")
    assert metrics.listed(db, run.id) == [] and evaluations.find(db, run.id, "before") is None
    assert "needs" in local.log_file(settings, run.id).read_text()


def test_what_the_model_would_not_be_shown_is_refused_at_the_start(settings, db, project, tmp_path):
    """The model's own template drops the second tool."""
    folder = tiny_model.make(tmp_path / "dropping")
    template = folder / "chat_template.jinja"
    whole = template.read_text()
    template.write_text(whole.replace("for tool in tools or []", "for tool in (tools or [])[:1]"))
    assert template.read_text() != whole
    with pytest.raises(StudioError, match="not be shown the tool search_web"):
        begin(settings, project, str(folder))
    assert runs.listed(db) == []


def test_the_start_of_a_large_project_does_not_wait_for_every_row(settings, db, project, model):
    more = [Example.single(f"{n} " * 20, ToolCall("search_web", {"query": str(n)})) for n in range(3000)]
    [odd] = projects.add_examples(
        db, project.id, [Example.single("x " * 900, ToolCall("search_web", {"query": "x"}))]
    )
    projects.add_examples(db, project.id, more)
    examples, tools = projects.examples(db, project.id), projects.tools(db, project.id)
    begun = time.monotonic()
    found = seen.early_refusals(settings, tools, examples, model, 2048)
    assert time.monotonic() - begun < 2
    assert [refusal.example for refusal in found] == [odd], (
        "the longest row is among those that are looked at"
    )


def test_a_missing_model_folder_is_a_sentence(settings, project, tmp_path):
    run = begin(settings, project, str(tmp_path / "nowhere"))
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "failed" and "folder" in run.error["message"]


def test_a_diverging_training_ends_with_the_remedy(settings, db, project, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = tiny_model.make(tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    save_file(
        {k: v * float("nan") for k, v in weights.items()}, broken / "model.safetensors", {"format": "pt"}
    )
    run = begin(settings, project, str(broken))
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "failed" and run.error["where"] == "learning_rate"
    [loss] = metrics.listed(db, run.id, ("loss",))
    assert loss.value != loss.value, "the loss that was no number is in the store"


def test_a_full_disk_and_no_memory_are_sentences():
    import errno

    from core.jobs.failures import explain

    assert "disk is full" in explain(OSError(errno.ENOSPC, "No space left on device")).message
    assert "not enough memory" in explain(MemoryError()).message
    words = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"
    assert "not enough memory" in explain(RuntimeError(words)).message
    assert "fewer rows" in explain(MemoryError()).hint


def test_the_page_process_may_die_and_the_training_goes_on(settings, project, model):
    """The run is started by a process that is killed at once; nobody else advances it."""
    code = (
        "import sys; from core.settings import Settings; from core.jobs import queue;"
        "from core.training.recipe import RunConfig;"
        "run = queue.enqueue(Settings.load(sys.argv[1]), sys.argv[2], sys.argv[3],"
        " RunConfig(epochs=1, batch_size=2, dtype='float32'));"
        "print(run.id, flush=True); import time; time.sleep(600)"
    )
    page = subprocess.Popen(
        [sys.executable, "-c", code, str(settings.home), project.id, model],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    id = page.stdout.readline().strip()
    os.killpg(page.pid, signal.SIGKILL)
    page.wait()
    deadline = time.monotonic() + 90
    state = ""
    while state != "finished" and time.monotonic() < deadline:
        time.sleep(0.3)
        with open_store(settings) as db:
            state = runs.find(db, id).state
    assert state == "finished"


def test_no_token_of_the_user_reaches_store_log_or_model(settings, project, model, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecretsecretsecretsecret")
    run = begin(settings, project, model, epochs=1)
    wait(settings, run.id, lambda run: run.ended)
    for file in settings.home.rglob("*"):
        if file.is_file():
            assert b"hf_secretsecret" not in file.read_bytes(), file
    with open_store(settings) as db:
        json.dumps(runs.find(db, run.id).recipe)


def test_a_run_from_before_a_reboot_is_not_alive(settings, db, project):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    runs.own(db, run.id, 1, replace(processes.this(), boot="another boot"))
    local.reconcile(db, settings)
    assert runs.find(db, run.id).state == "interrupted"


@pytest.mark.parametrize("tracker", ["tensorboard", "trackio"])
def test_a_run_reports_to_a_tracker_on_this_computer(settings, project, model, tracker, monkeypatch):
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/space")
    monkeypatch.setenv("TRACKIO_SERVER_URL", "https://tracker.invalid")
    if not importlib.util.find_spec(tracker):
        with pytest.raises(StudioError, match="not installed"):
            begin(settings, project, model, report_to=tracker)
        pytest.skip(f"{tracker} is not installed; that this is said was checked")
    run = begin(settings, project, model, epochs=1, report_to=tracker)
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "finished", local.log_file(settings, run.id).read_text()
    [made] = [
        file
        for file in (settings.home / tracker).rglob("*")
        if file.suffix == ".db" or "tfevents" in file.name
    ]
    assert made.stat().st_size > 100
    assert "space" not in local.log_file(settings, run.id).read_text().lower().replace(str(settings.home), "")
