"""The exported script trains what the studio trains: the same loss at every step, and the same weights at the end."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_model
import torch

from core.errors import StudioError
from core.export import bundle, environment
from core.models import loading
from core.prompt.family import family_of
from core.prompt.rows import encode
from core.schema import Example, ToolCall, read_tool
from core.settings import Settings
from core.store import open_store, projects, runs
from core.training import trainer
from core.training.recipe import RECIPES, RunConfig

THREE = {
    "epochs": 3,
    "learning_rate": 1e-3,
    "dtype": "float32",
}  # in so few steps the recipes' own rate is not felt
RECOMMENDED = replace(RECIPES["recommended"], **THREE)
CASES = {
    "recommended": RECOMMENDED,
    "guide": replace(RECIPES["guide"], **THREE, average=3),
    "adapters": replace(RECOMMENDED, lora_rank=4, seed=7, rows_at_once=2, average=2),
    "adapters and all words": replace(RECOMMENDED, lora_rank=4, vocabulary="all", rows_at_once=3),
}
PARAMETERS = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
EXAMPLES = [
    *(Example.single(f"our rule {n}?", ToolCall("search_docs", {"query": "rule " * n})) for n in range(1, 5)),
    *(Example.single(f"news of {n}", ToolCall("search_web", {"query": f"news {n}"})) for n in range(4)),
    Example.single("thanks", reply="You are welcome."),
    Example.single("hello", reply="Hello!"),
    Example.single("our \u2028VPN?", ToolCall("search_docs", {"query": "vpn"}), split="test"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp('it\'s "tiny"') / "model"))


@pytest.fixture
def made(settings, model):
    """A run that waits, of a config: `made(config)`."""

    def make(config: RunConfig, name: str = model) -> runs.Run:
        with open_store(settings) as db:
            project = projects.create(db, f"Project {len(projects.listed(db))}")
            for tool in ("search_docs", "search_web"):
                projects.save_tool(db, project.id, read_tool({"name": tool, "parameters": PARAMETERS})[0])
            projects.add_examples(db, project.id, EXAMPLES)
            snapshot = projects.freeze(db, project.id)
            return runs.create(db, project.id, name, config.to_json(), snapshot.hash)

    return make


def losses(logs) -> list[float]:
    return [log["loss"] for log in logs if "loss" in log]


def in_the_studio(settings: Settings, run: runs.Run, model: str, folder: Path):
    """Train as the worker does; the losses, the loss on test rows, and the model."""
    from transformers import TrainerCallback

    logs = []

    class Follow(TrainerCallback):
        def on_log(self, args, state, control, logs=None, _kept=logs, **kwargs):
            _kept.append(dict(logs))

    with open_store(settings) as db:
        snapshot = projects.snapshot(db, run.snapshot)
    loaded, tokenizer = loading.load(Path(model), "float32", "cpu")
    family = family_of(tokenizer)
    rows = {
        split: [encode(one, snapshot.tools, family, tokenizer) for one in snapshot.split(split)]
        for split in ("train", "test")
    }
    trainer.train(
        loaded,
        tokenizer,
        rows["train"],
        [example.tools for example in snapshot.split("train")],
        rows["test"],
        family.control_ids(tokenizer),
        RunConfig.from_json(run.recipe),
        folder,
        [Follow()],
        shared=True,
    )
    return losses(logs), [log["eval_loss"] for log in logs if "eval_loss" in log], loaded


def by_the_script(folder: Path) -> list[dict[str, float]]:
    """Run it where nothing of the studio can be imported; what it logged."""
    done = subprocess.run(
        [sys.executable, "-P", "train.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": "", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return json.loads((folder / "losses.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_the_script_has_the_same_losses_and_ends_with_the_same_weights(name, settings, made, model, tmp_path):
    from transformers import AutoModelForCausalLM

    run = made(CASES[name])
    bundle.write(settings, run.id, "script", tmp_path / "out")
    ours, on_test, trained = in_the_studio(settings, run, model, tmp_path / "studio")
    logs = by_the_script(tmp_path / "out")
    assert len(ours) == 9 and ours[0] > 1.05 * ours[-1]
    assert losses(logs) == pytest.approx(ours, rel=1e-4)
    assert [log["eval_loss"] for log in logs if "eval_loss" in log] == pytest.approx(on_test, rel=1e-4)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out" / "model").state_dict()
    start = AutoModelForCausalLM.from_pretrained(model).state_dict()
    for weight, value in trained.state_dict().items():
        moved = (value - start[weight]).norm()
        assert (value - theirs[weight]).norm() <= 0.01 * moved, weight
        assert moved or torch.equal(theirs[weight], start[weight])


def test_in_bfloat16_it_follows_as_far_as_rounding_lets_it(settings, made, model, tmp_path):
    run = made(replace(RECOMMENDED, dtype="bfloat16"))
    bundle.write(settings, run.id, "script", tmp_path / "out")
    ours, _, _ = in_the_studio(settings, run, model, tmp_path / "studio")
    assert losses(by_the_script(tmp_path / "out")) == pytest.approx(ours, rel=0.02)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ('f"{SEED} {self.epoch}"', 'f"{SEED}"'),
        ('[-100] * row["prompt_length"]', '[9] * row["prompt_length"]'),
    ],
    ids=["order", "labels"],
)
def test_another_order_and_other_labels_give_other_losses(line, instead, settings, made, model, tmp_path):
    """Else the comparison above would say nothing about them."""
    run = made(CASES["recommended"])
    script = made_script(settings, run, tmp_path / "out")
    assert script.count(line) == 1
    (tmp_path / "out" / "train.py").write_text(script.replace(line, instead), encoding="utf-8")
    ours, _, _ = in_the_studio(settings, run, model, tmp_path / "studio")
    assert losses(by_the_script(tmp_path / "out")) != pytest.approx(ours, rel=1e-2)


def test_the_rows_can_be_read_and_the_script_knows_nothing_of_the_studio(settings, made, tmp_path):
    run = made(CASES["adapters"])
    written = bundle.write(settings, run.id, "script", tmp_path / "out")
    names = ["config.json", "train.py", "requirements.txt", "train.jsonl", "test.jsonl"]
    assert [file.name for file in written] == names
    train, test = ((tmp_path / "out" / f"{part}.jsonl").read_text("utf-8") for part in ("train", "test"))
    assert [len(part.splitlines()) for part in (train, test)] == [10, 1]
    row = json.loads(train.splitlines()[0])
    assert row["group"] == "search_docs" and "rule 1" in row["prompt"] and "search_docs" in row["answer"]
    assert 0 < row["prompt_length"] < len(row["input_ids"])
    script = (tmp_path / "out" / "train.py").read_text("utf-8")
    assert "import core" not in script and "from core" not in script and "{%" not in script
    assert "ROWS_AT_ONCE = 2" in script and "LORA_RANK, LORA_ALPHA = 4, 8" in script
    plain = made_script(settings, made(replace(RECIPES["guide"], dtype="bfloat16")), tmp_path / "plain")
    assert (
        "peft" not in plain and "CALL_TOKENS" not in plain and "Average" not in plain and "bf16=True" in plain
    )


def made_script(settings: Settings, run: runs.Run, folder: Path) -> str:
    bundle.write(settings, run.id, "script", folder)
    return (folder / "train.py").read_text("utf-8")


def test_the_configuration_is_whole_and_says_what_the_run_wrote_down(settings, made, tmp_path):
    run = made(replace(CASES["adapters"], dtype="auto"))
    settings.run_folder(run.id).mkdir(parents=True)
    environment.keep(settings, run.id, "bfloat16", tmp_path)
    (file,) = bundle.write(settings, run.id, "config", tmp_path / "out")
    found = json.loads(file.read_text())
    assert RunConfig.from_json(found["recipe"]).to_json() == run.recipe == found["recipe"]
    assert (found["run"]["id"], found["snapshot"], found["model"]) == (run.id, run.snapshot, run.model)
    assert found["rows"] == {"train": 10, "test": 1} and found["tools"] == ["search_docs", "search_web"]
    assert found["environment"]["dtype"] == "bfloat16"
    assert found["environment"]["versions"]["torch"] == torch.__version__
    assert "bf16=True" in made_script(settings, run, tmp_path / "script")


def test_a_folder_in_use_and_a_model_that_is_not_here_are_refused(settings, made, tmp_path):
    run = made(RECOMMENDED)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(StudioError, match=r"something in .*full already"):
        bundle.write(settings, run.id, "config", tmp_path / "full")
    far = made_far(settings, run)
    with pytest.raises(StudioError, match="nobody/nothing is not on this computer"):
        bundle.write(settings, far.id, "script", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def made_far(settings: Settings, run: runs.Run) -> runs.Run:
    with open_store(settings) as db:
        return runs.create(db, run.project, "nobody/nothing", run.recipe, run.snapshot)


def test_what_is_packed_is_what_is_written(settings, made, tmp_path):
    import zipfile

    run = made(RECOMMENDED)
    written = bundle.write(settings, run.id, "script", tmp_path / "out")
    packed = bundle.pack(settings, run.id, "script", tmp_path)
    with zipfile.ZipFile(packed) as archive:
        assert packed.name == f"script-{run.id}.zip"
        for file in written:
            assert archive.read(f"script-{run.id}/{file.name}") == file.read_bytes()
