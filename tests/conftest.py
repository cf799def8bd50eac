"""What every test shares: modules beside the tests can be imported, and nothing reaches for a network."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_addoption(parser):
    parser.addoption("--faults", type=int, default=1, help="how many times as many faults as usual")


@dataclass(frozen=True, slots=True)
class Faults:
    """How often a fault is tried, and where its counts go."""

    times: int  # as often as in the usual test
    record: Any

    def say(self, counts: str) -> None:
        """Have counts printed at the end of the session."""
        self.record("faults", counts)


@pytest.fixture
def faults(request, record_property) -> Faults:
    return Faults(request.config.getoption("--faults"), record_property)


def pytest_terminal_summary(terminalreporter):
    """What the tests of faults counted."""
    counted = [
        (report.nodeid.rpartition("::")[2], said)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, said in report.user_properties
        if name == "faults" and report.when == "call"
    ]
    if counted:
        terminalreporter.section("faults")
        for test, said in counted:
            terminalreporter.line(f"{test}: {said}")
