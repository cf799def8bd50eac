"""Weights are read from front to back in the background."""

import sys
from pathlib import Path

import pytest

from core.models import read_ahead


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much a process has read")
def test_every_byte_of_the_weights_is_read_and_nothing_else(tmp_path):
    for name, megabytes in (("model-1.safetensors", 30), ("model-2.safetensors", 11), ("other.bin", 100)):
        (tmp_path / name).write_bytes(bytes(megabytes << 20))

    def told() -> int:
        fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
        return int(fields["rchar"])

    before = told()
    read_ahead.begin(tmp_path).join(20)
    assert 41 << 20 <= told() - before < 60 << 20


def test_what_cannot_be_read_is_left_to_who_needs_it(tmp_path, capfd):
    (tmp_path / "model.safetensors").symlink_to(tmp_path / "gone")
    read_ahead.begin(tmp_path).join(20)
    read_ahead.begin(tmp_path / "no folder").join(20)
    assert capfd.readouterr().err == ""
