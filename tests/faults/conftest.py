"""A home of the test's own with a small project, and a filled database of the newest version."""

import pytest
from small_project import db as db
from small_project import project as project
from small_project import settings as settings

from tests.faults import filling


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A whole database in one file, with rows in every table."""
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    filling.make(path, len(filling.names()), rows=400)
    return path
