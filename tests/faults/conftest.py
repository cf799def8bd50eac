"""What tests of faults share: a store, how often to try (`--faults`), and a place for their counts in the summary."""

from dataclasses import dataclass
from typing import Any

import pytest
from small_project import db as db
from small_project import project as project
from small_project import settings as settings


@dataclass(frozen=True, slots=True)
class Faults:
    times: int  # as often as in the usual test
    record: Any

    def say(self, counts: str) -> None:
        """Have counts printed at the end of the session."""
        self.record("faults", counts)


@pytest.fixture
def faults(request, record_property) -> Faults:
    return Faults(request.config.getoption("--faults"), record_property)
