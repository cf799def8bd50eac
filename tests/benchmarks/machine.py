"""The machine that a figure belongs to, and the fastest product of matrices it can do.

`python tests/benchmarks/machine.py [DTYPE]` prints the name of its kind, or that product's speed in FLOP/s.
"""

import json
import platform
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.models import hardware

SIZE = {"cpu": 2048, "mps": 4096, "cuda": 8192}  # of the square matrices
TIMES = 10
LIBRARIES = ("torch", "transformers", "trl")


def kind(machine: dict[str, Any]) -> str:
    """A name for machines like this one, fit for a file: cpu-2-cores-bf16-amd-epyc, nvidia-h100-80gb-hbm3."""
    words = (
        machine["device"] if machine["device_memory_gb"] else f"{machine['device']} {machine['processor']}"
    )
    return re.sub(r"[^a-z0-9]+", "-", words.lower().replace("(r)", "").replace("(tm)", "")).strip("-")


def description() -> dict[str, Any]:
    machine = hardware.describe()
    return {
        "device": machine.label,
        "processor": _processor(),
        "cores": machine.cores,
        "memory_gb": round(machine.memory_total / 1e9),
        "device_memory_gb": round(machine.device_memory / 1e9),
    }


def libraries() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}


def matmul_peak(dtype: str) -> float:
    """FLOP/s of the fastest of several large products in this dtype, measured now in a process of its own."""
    answer = subprocess.run(
        [sys.executable, __file__, dtype], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    return json.loads(answer.stdout)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", information.read_text("utf-8", "replace"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _measure(dtype: str) -> float:
    import torch

    hardware.tune()
    device = hardware.choose_device()
    size = SIZE[device]
    one, other = torch.randn(2, size, size, device=device, dtype=torch.float32).to(getattr(torch, dtype))
    out = torch.empty_like(one)
    best = float("inf")
    for _ in range(TIMES):
        wait(device)
        begun = time.perf_counter()
        torch.mm(one, other, out=out)
        wait(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def wait(device: str) -> None:
    """Until the device has done all it was given; a processor always has."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


if __name__ == "__main__":
    print(_measure(sys.argv[1]) if len(sys.argv) > 1 else kind(description()))
