"""A model by the name a person gives it."""

from pathlib import Path

import pytest
import tiny_model

from core.errors import StudioError
from core.models import known
from core.store import claims, projects, runs


@pytest.fixture
def run(db, project) -> runs.Run:
    made = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    return claims.claim(db, made.id)


def test_a_run_is_named_by_its_id(settings, db, run, tmp_path):
    folder = tiny_model.make(tmp_path / "model")
    runs.report(db, run.id, 1, folder=str(folder))
    assert known.folder_of(run.id, settings) == folder
    assert known.names(settings) == ["starter", run.id]


def test_a_run_without_a_model_says_so(settings, run):
    with pytest.raises(StudioError, match="Run 1 has no model: it is starting"):
        known.folder_of(run.id, settings)
    assert known.names(settings) == ["starter"]


def test_a_model_that_was_deleted_says_so(settings, db, run, tmp_path):
    runs.report(db, run.id, 1, folder=str(tmp_path / "gone"))
    with pytest.raises(StudioError, match="no longer on the disk"):
        known.folder_of(run.id, settings)


def test_everything_else_is_a_folder_or_a_hub_name(settings, tmp_path):
    folder = tiny_model.make(tmp_path / "model")
    assert Path(known.folder_of(str(folder), settings)) == folder
    with pytest.raises(StudioError):
        known.folder_of("../../etc/passwd x", settings)
