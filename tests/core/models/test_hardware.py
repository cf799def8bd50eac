"""What is said about machines that these tests do not run on."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from core.errors import StudioError
from core.models import hardware


@pytest.fixture
def cards(monkeypatch):
    """Pretend that nvidia-smi prints the given text; returns how often it was asked."""
    asked = []

    def pretend(text: str, visible: str | None = None):
        def run(command, **options):
            asked.append((command, options["timeout"]))
            return SimpleNamespace(stdout=text)

        hardware._cards.cache_clear()
        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(hardware, "_torch_knows_cuda", lambda: True)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        return asked

    yield pretend
    hardware._cards.cache_clear()


TWO = "Tesla T4, 15360, 7.5\nNVIDIA H100 80GB HBM3, 81559, 9.0\n"


@pytest.mark.parametrize(
    ("visible", "label", "bf16"),
    [
        (None, "Tesla T4", False),
        ("1", "NVIDIA H100 80GB HBM3", True),
        ("1,0", "NVIDIA H100 80GB HBM3", True),
        ("GPU-8f6d", "Tesla T4", False),
    ],
)
def test_the_visible_card_is_described(cards, visible, label, bf16):
    asked = cards(TWO, visible)
    machine = hardware.describe()
    assert (machine.device, machine.label, machine.bf16) == ("cuda", label, bf16)
    assert machine.device_memory >= 15 << 30
    hardware.describe()
    assert len(asked) == 1 and isinstance(asked[0][0], list) and asked[0][1]


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        (TWO, ""),
        (TWO, "-1"),
        (TWO, "7"),
        ("", None),
        ("GRID, [N/A], [N/A]\n", None),
        ("No devices found\n", None),
    ],
)
def test_no_usable_card_means_the_processor(cards, text, visible):
    cards(text, visible)
    assert hardware.describe().device in ("cpu", "mps")


def test_a_processor_says_its_cores(cards):
    cards("", "")
    machine = hardware.describe()
    assert machine.cores >= 1 and 0 < machine.memory_used < machine.memory_total
    if machine.device == "cpu":
        assert (
            machine.label.startswith(f"CPU, {machine.cores} core")
            and ("bf16" in machine.label) is machine.bf16
        )


def test_a_container_has_what_it_was_given(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "_CGROUP", tmp_path)
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("700000\n")
    (tmp_path / "memory.stat").write_text("anon 400000\ninactive_file 200000\n")
    machine = hardware.describe()
    assert (machine.cores, machine.memory_total, machine.memory_used) == (1, 1000000, 500000)


@pytest.mark.parametrize(
    ("requested", "device", "capability", "expected"),
    [
        ("auto", "cuda", (7, 5), "float32"),
        ("auto", "cuda", (8, 0), "bfloat16"),
        ("auto", "cuda", (12, 0), "bfloat16"),
        ("auto", "cpu", False, "float32"),
        ("auto", "cpu", True, "bfloat16"),
        ("auto", "mps", None, "float32"),
        ("bfloat16", "cpu", None, "bfloat16"),
        ("float32", "cuda", (9, 0), "float32"),
    ],
)
def test_number_formats(monkeypatch, requested, device, capability, expected):
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda: capability)
    monkeypatch.setattr(hardware, "_cpu_has_bf16", lambda: capability)
    assert hardware.choose_dtype(requested, device) == expected


def test_half_precision_is_not_offered():
    with pytest.raises(StudioError, match="float16"):
        hardware.choose_dtype("float16", "cuda")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep no freed pages")
def test_freed_tensors_stay_until_they_are_given_back():
    """In a process of its own: how memory is kept is set for the whole process."""
    script = """
import psutil
from core.models import hardware
hardware.tune()
import torch
held = [torch.ones(1_000_000) for _ in range(100)]
last = torch.ones(1)
del held
kept = psutil.Process().memory_info().rss
hardware.give_back()
print((kept - psutil.Process().memory_info().rss) // 10**6)
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert int(done.stdout) > 300  # of 400
