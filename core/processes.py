"""Processes of ours that outlive whoever started them: each in its own session, its log in a file.

A process is known by pid and start time together; a pid alone may belong to a stranger by tomorrow.
"""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from core.settings import Settings

ROOT = Path(__file__).parents[1]

# Popen objects of this process, polled so that a child that has ended does not stay as a zombie.
_children: list[subprocess.Popen] = []


def start(settings: Settings, log: Path, module: str, *arguments: str) -> subprocess.Popen:
    """Run `python -m MODULE ARGUMENTS` with the same settings, its words added to `log`. Raises OSError."""
    _children[:] = [child for child in _children if child.poll() is None]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, "CALLWRIGHT_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children.append(process)
    return process


def alive(pid: int, started: float) -> bool:
    """Whether the process of this pid and start time (seconds since the epoch) is still there."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
