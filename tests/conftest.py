"""What every test shares: modules beside the tests can be imported, and nothing reaches for a network."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_addoption(parser):
    parser.addoption(
        "--faults", type=int, default=1, metavar="N", help="N times as many faults in tests/faults"
    )


def pytest_collection_modifyitems(items):
    """Files with a slow test come first: where two processes test, none of them is left alone with it at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def faults(request) -> int:
    """By how much the counts of a fault test are multiplied."""
    return request.config.getoption("--faults")


def pytest_terminal_summary(terminalreporter):
    """What the fault tests counted, given by `record_property("counts", ...)`."""
    counted = [
        (report.nodeid.split("::")[-1], text)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "counts"
    ]
    if counted:
        terminalreporter.section("faults")
    for test, text in counted:
        terminalreporter.write_line(f"{test}: {text}")
