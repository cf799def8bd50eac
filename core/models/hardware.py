"""What this machine can carry: light for the page, exact for the processes that hold torch."""

import csv
import ctypes
import gc
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import psutil

from core.errors import StudioError

DTYPES = ("auto", "float32", "bfloat16")  # never float16: Gemma 3 overflows in it

_BF16_CAPABILITY = 8.0  # CUDA cards before Ampere (a T4 has 7.5) only emulate bfloat16, slowly
_CPU_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
_QUERY = ["nvidia-smi", "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"]
_QUERY_SECONDS = 10
_CGROUP = Path("/sys/fs/cgroup")
_VMSTAT = Path("/proc/vmstat")  # of Linux
_MIB = 1 << 20
_M_MMAP_MAX, _M_TRIM_THRESHOLD = -4, -1  # of malloc.h


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: sizes in bytes, `device_memory` zero where the device shares the main memory."""

    device: str
    label: str
    cores: int
    memory_total: int
    memory_used: int
    device_memory: int
    bf16: bool


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    memory: int
    capability: float


def describe() -> Machine:
    """The machine as it is now, without loading torch."""
    cores, cards = _cores(), _cards()
    total, used = _memory()
    if cards:
        _, card = cards[0]
        bf16 = card.capability >= _BF16_CAPABILITY
        return Machine("cuda", card.name, cores, total, used, card.memory, bf16)
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return Machine("mps", f"Apple GPU, {cores} cores", cores, total, used, 0, False)
    bf16 = _cpu_has_bf16()
    label = f"CPU, {cores} core{'s' if cores > 1 else ''}{', bf16' if bf16 else ''}"
    return Machine("cpu", label, cores, total, used, 0, bf16)


def slots() -> tuple[str, ...]:
    """The devices that can train one run each at a time: cards by number where there are several, else ("",)."""
    cards = _cards()
    return tuple(name for name, _ in cards) if len(cards) > 1 else ("",)


def memory_kills() -> int | None:
    """How many processes the system has ended for want of memory since it was started; None where it does not tell."""
    lines = _read(_VMSTAT).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def choose_device() -> str:
    """The device torch can use here: cuda, mps or cpu. Loads torch."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_dtype(requested: str, device: str) -> str:
    """The name of the torch dtype to compute in; "auto" takes bfloat16 where the hardware has it.

    Raises StudioError for a dtype that is not offered.
    """
    if requested not in DTYPES:
        raise StudioError(
            f"There is no number format {requested!r}.", f"Choose one of {', '.join(DTYPES)}.", "Recipe"
        )
    if requested != "auto":
        return requested
    if device == "cpu":
        return "bfloat16" if _cpu_has_bf16() else "float32"
    if device == "mps":
        return "float32"
    import torch

    major, minor = torch.cuda.get_device_capability()
    return "bfloat16" if major + minor / 10 >= _BF16_CAPABILITY else "float32"


def tune() -> None:
    """Set this process up for large tensors on a processor, before it makes the first one. Loads torch.

    The C library of Linux hands every large tensor fresh pages and gives them back when it is freed, which is a third
    of the time of a training step; here it keeps them. Threads are as many as this process may use, not as many as
    the machine has, and those that wait for the others sleep: where another program needs a core for a moment, as a
    browser does, a step with threads that wait at full speed takes several times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded
    import torch

    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, -1)
    torch.set_num_threads(_cores())


def free_memory(device: str) -> int:
    """Bytes that are free for a model on a device. Loads torch for a card."""
    if device == "cuda":
        import torch

        return torch.cuda.mem_get_info()[0]
    total, used = _memory()
    return total - used


def give_back() -> None:
    """Give the pages of freed tensors back, which `tune` keeps: between two works that need others."""
    gc.collect()
    if "torch" in sys.modules:
        sys.modules["torch"].cuda.empty_cache()  # nothing where no card is used
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


@cache
def _cards() -> tuple[tuple[str, _Card], ...]:
    """The CUDA cards this process may use, by what CUDA_VISIBLE_DEVICES calls them.

    Asking takes up to a second, so it is asked once.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible in ("", "-1") or not _torch_knows_cuda():
        return ()
    try:
        answer = subprocess.run(
            _QUERY, capture_output=True, text=True, timeout=_QUERY_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = [[cell.strip() for cell in row] for row in csv.reader(answer.splitlines()) if len(row) == 3]
    found: list[tuple[str, _Card]] = []
    for name in visible.split(",") if visible else [str(n) for n in range(len(rows))]:
        number = int(name) if name.strip().isdigit() else 0  # named by UUID: any card describes it
        if number >= len(rows):
            break  # as CUDA does
        label, mebibytes, capability = rows[number]
        try:
            found.append((name.strip(), _Card(label, int(mebibytes) * _MIB, float(capability))))
        except ValueError:  # "[N/A]" on virtual cards
            break
    return tuple(found)


def _torch_knows_cuda() -> bool:
    """Whether the installed torch is not the build for processors only."""
    try:
        return not metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return False


@cache
def _cpu_has_bf16() -> bool:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _CPU_BF16_FLAGS.isdisjoint(flags.split())


def _cores() -> int:
    """The cores this process may use: a container often sees more than it is given."""
    cores = len(os.sched_getaffinity(0)) if platform.system() == "Linux" else os.cpu_count() or 1
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def _memory() -> tuple[int, int]:
    """Total and used main memory in bytes, of the container where it has a limit."""
    machine = psutil.virtual_memory()
    limit, current = _read(_CGROUP / "memory.max"), _read(_CGROUP / "memory.current")
    if limit.isdigit() and current.isdigit() and int(limit) < machine.total:
        statistics = dict(line.split() for line in _read(_CGROUP / "memory.stat").splitlines())
        cached = int(statistics.get("inactive_file", 0))  # given back as soon as somebody needs it
        return int(limit), max(0, int(current) - cached)
    return machine.total, machine.total - machine.available


def _read(place: Path) -> str:
    try:
        return place.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
