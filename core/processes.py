"""Processes of ours that outlive whoever started them: each in its own session, its log in a file.

A process is known by pid, start time, boot and machine together; a pid alone may belong to a stranger by tomorrow.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.settings import Settings, machine_name

ROOT = Path(__file__).parents[1]
PROC = Path("/proc")  # of Linux
END_SECONDS = 10  # from TERM to KILL
GIVING_WAY = 10  # of 19: where both want to compute, about a tenth of what others get

# Popen objects of this process, polled so that a child that has ended does not stay as a zombie.
_children: list[subprocess.Popen] = []


@dataclass(frozen=True, slots=True)
class Owner:
    """One process; `started` is in seconds, on Linux since booting, so that a clock that is set moves nothing."""

    pid: int
    started: float
    boot: str
    host: str

    @property
    def here(self) -> bool:
        """Whether it would be a process of this machine, so that one can see whether it is there."""
        return self.host == machine_name()

    @property
    def alive(self) -> bool:
        """Whether it is still there. Only what is `here` can be."""
        if not self.here or self.boot != boot():
            return False
        with suppress(psutil.NoSuchProcess, OSError):
            status = psutil.Process(self.pid).status()
            return status != psutil.STATUS_ZOMBIE and abs(_started(self.pid) - self.started) < 0.5
        return False


def owner(pid: int) -> Owner:
    """The process of this pid. Raises OSError or psutil.NoSuchProcess where there is none."""
    return Owner(pid, _started(pid), boot(), machine_name())


def this() -> Owner:
    return owner(os.getpid())


def boot() -> str:
    """A name for the time since this machine was started."""
    id = PROC / "sys/kernel/random/boot_id"
    if id.exists():
        return id.read_text().strip()
    return f"{psutil.boot_time():.0f}"


def _started(pid: int) -> float:
    stat = PROC / str(pid) / "stat"
    if PROC.joinpath("self/stat").exists():
        after_name = stat.read_text(errors="replace").rpartition(")")[2].split()
        return int(after_name[19]) / os.sysconf("SC_CLK_TCK")  # field 22, starttime
    return psutil.Process(pid).create_time()


def start(settings: Settings, log: Path, module: str, *arguments: str, **environment: str) -> Owner:
    """Run `python -m MODULE ARGUMENTS` with the same settings, its words added to `log`. Raises OSError."""
    reap()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "CALLWRIGHT_HOME": str(settings.home),
                "PYTHONUNBUFFERED": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children.append(process)
    return owner(process.pid)  # not reaped yet, so it is there


def give_way() -> None:
    """Let this process compute only with what others leave: a training must not slow down the page that shows it.

    Where Linux divides the processor between sessions first (autogroup), being nice counts within one alone, so the
    session is nice as well.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(GIVING_WAY, os.getpriority(os.PRIO_PROCESS, 0)))
    with suppress(OSError):  # there is none, or it was changed a moment ago
        (PROC / "self/autogroup").write_text(str(GIVING_WAY))


def reap() -> None:
    """Let go of children that have ended."""
    _children[:] = [child for child in _children if child.poll() is None]


def end(process: Owner) -> None:
    """End a process of this machine that `start` started, and what it started: TERM, and KILL a while later.

    A stopped one is killed as well. Nothing where it is gone.
    """
    if not process.alive:
        return
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        seen = psutil.Process(process.pid)
        os.killpg(process.pid, signal.SIGTERM)
        try:
            seen.wait(END_SECONDS)
        except psutil.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            with suppress(psutil.TimeoutExpired):
                seen.wait(END_SECONDS)
    reap()
