"""A repair that is killed at any moment can be done again, and two starts at once repair once."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from core.settings import Settings
from core.store import repair
from tests.faults import damage, filling

ROOT = Path(__file__).parents[2]
KILLS = 15
CHECK = """
import sys
from core.settings import Settings
from core.store import repair
print("ready", flush=True)
input()
done = repair.check(Settings.load(sys.argv[1]))
print("repaired" if done else "whole", flush=True)
"""


def _start(home: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", CHECK, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def _go(process: subprocess.Popen) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def _damaged(filled: Path, home: Path) -> Path:
    path = filling.copy(filled, home)
    damage.flip(path, random.Random(1))
    return path


def test_a_repair_that_is_killed_is_done_again_and_ends_the_same(filled, tmp_path, faults, record_property):
    whole = _damaged(filled, tmp_path / "whole")
    with _start(whole.parent) as process:
        _go(process)
        began = time.monotonic()
        assert process.stdout.readline() == "repaired\n"
        took = time.monotonic() - began
    expected = filling.content(whole)
    rng = random.Random(0)
    undone = 0
    for kill in range(KILLS * faults):
        path = _damaged(filled, tmp_path / str(kill))
        hurt = path.read_bytes()
        with _start(path.parent) as process:
            _go(process)
            time.sleep(rng.uniform(0, took))
            process.send_signal(signal.SIGKILL)
        undone += repair.check(Settings.load(path.parent)) is not None
        assert filling.content(path) == expected
        kept = [file.read_bytes() for file in path.parent.glob("damaged/*/callwright.db")]
        assert hurt in kept, "the damaged file is kept"
        shutil.rmtree(path.parent)
    record_property(
        "counts", f"{KILLS * faults} kills during a repair, {undone} repaired again, all ended the same"
    )


def test_a_kill_while_the_new_content_is_written_is_made_good(filled, tmp_path):
    """What a kill leaves between the first and the last write of the repair, made by hand: no first page."""
    path = _damaged(filled, tmp_path / "home")
    settings = Settings.load(path.parent)
    done = repair.check(settings)
    expected = filling.content(path)
    shutil.copyfile(path, done.kept / repair.BUILT)
    with path.open("r+b") as file:
        file.write(b"\0" * 4096)
        file.truncate(20 * 4096)
    assert repair.check(settings) is None
    assert filling.content(path) == expected
    assert not (done.kept / repair.BUILT).exists()


def test_two_starts_at_once_repair_once(filled, tmp_path):
    path = _damaged(filled, tmp_path / "home")
    ends = []
    with _start(path.parent) as one, _start(path.parent) as two:
        for process in (one, two):
            _go(process)
        ends = sorted(process.stdout.readline() for process in (one, two))
    assert ends == ["repaired\n", "whole\n"]
    assert len(list(path.parent.glob("damaged/*"))) == 1
