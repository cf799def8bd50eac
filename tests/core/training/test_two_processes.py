"""Two processes that train together arrive where one does, with the same batches."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_families
import tiny_training
from tiny_training import CASES, apart, follow, weights

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What two processes left, started as torchrun and `accelerate launch` start them."""
    folder = tmp_path_factory.mktemp("together")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    process = subprocess.Popen(
        [*launch, "--nproc-per-node", "2", str(ROOT / "tests" / "tiny_training.py"), str(folder)],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=240)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # its children too
    assert process.returncode == 0, said[-3000:]
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_two_processes_arrive_where_one_does(case, folder, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    name, shared, at_once, count, vocabulary, lora_rank = case
    rows = tiny_training.rows(count)
    tiny_training.micro(at_once, rows, monkeypatch)
    model = tiny_families.make("gemma3")
    start = weights(model)
    how = {"shared": shared, "vocabulary": vocabulary, "lora_rank": lora_rank}
    alone = follow(model, rows, tmp_path, test=rows[:3], epochs=2, **how)
    ends = [load_file(folder / f"{name}-{rank}.safetensors") for rank in (0, 1)]
    losses, tokens, _ = json.loads((folder / f"{name}-0.json").read_text())
    assert len(losses) == alone.trained.steps == 2 * -(-count // 4)
    assert losses == pytest.approx(alone.all("loss"), rel=1e-4)
    assert tokens == alone.all("num_tokens")  # every row once an epoch
    assert apart(ends[0], weights(alone.model), start) < 1e-3
    assert all((ends[0][weight] == ends[1][weight]).all() for weight in start)


def test_two_processes_resume_within_an_epoch_where_they_were(folder, tmp_path):
    """With the rows that were still to come in that epoch, and with the average of the steps before."""
    from safetensors.torch import load_file

    model = tiny_families.make("gemma3")
    start = weights(model)
    alone = follow(model, tiny_training.rows(10), tmp_path, epochs=2, average=3)
    ends = [load_file(folder / f"resumed-{rank}.safetensors") for rank in (0, 1)]
    assert apart(ends[0], weights(alone.model), start) < 1e-3
    assert all((ends[0][weight] == ends[1][weight]).all() for weight in start)
