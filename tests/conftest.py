"""What every test shares: modules beside the tests can be imported, and nothing reaches for a network."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_addoption(parser):
    parser.addoption("--faults", type=int, default=1, help="how many times as many faults as usual")


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
