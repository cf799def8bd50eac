"""A home of the test's own, and a filled database of the newest version."""

import pytest

from core.settings import Settings
from tests.faults import filling


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings.load(tmp_path / "home")


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A whole database in one file, with rows in every table."""
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    filling.make(path, len(filling.names()), rows=400)
    return path
