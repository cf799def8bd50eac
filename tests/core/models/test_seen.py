"""What the page can say of a model by its tokenizer alone: what is here, what is not, and what is being made."""

import time

import pytest
import tiny_model

from core.errors import StudioError
from core.models import known, seen, starter, starter_tokenizer
from core.prompt import light
from core.store import claims, projects, runs

needs_package = pytest.mark.skipif(not starter.installed(), reason="the starter's package is not installed")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture
def first(db, project) -> int:
    return projects.examples(db, project.id)[0].id


def test_a_folder_is_seen_token_by_token(settings, project, first, model):
    found = seen.lens_of(settings, project.id, first, model, 3000)
    assert found.state == "here" and found.budget.exact and found.budget.limit == 3000
    assert "".join(token.text for token in found.tokens if token.kind == "trained").startswith(
        "<start_function_call>call:search_docs"
    )
    assert 0 < found.shared < len(found.tokens)


def test_a_model_that_is_not_here_is_seen_as_text_and_nothing_is_fetched(
    settings, project, first, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = seen.lens_of(settings, project.id, first, "nobody/nothing")
    assert (found.state, found.tokens, found.budget.exact) == ("absent", [], False)
    assert "search_docs" in "".join(piece.text for piece in found.pieces)


def test_a_run_is_here_once_it_has_a_model(settings, db, project, model):
    run = runs.create(db, project.id, model, {}, projects.freeze(db, project.id).hash)
    assert known.here(run.id, settings) is None
    claims.claim(db, run.id)
    runs.report(db, run.id, 1, folder=model)
    assert str(known.here(run.id, settings)) == model


def test_what_can_call_no_tools_is_a_sentence(settings, project, first, model, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(StudioError, match="no chat template"):
        seen.lens_of(settings, project.id, first, str(tmp_path))
    with pytest.raises(StudioError, match="is no model"):
        seen.lens_of(settings, project.id, first, "no such thing")


def test_an_example_that_is_gone_is_a_sentence(settings, project, model):
    with pytest.raises(StudioError, match="no longer there"):
        seen.lens_of(settings, project.id, 9999, model)


def test_nothing_is_loaded_before_somebody_looks(settings, db, project, first, model, tmp_path):
    folder = tiny_model.make(tmp_path / "unseen")
    tools, rows = projects.tools(db, project.id), projects.examples(db, project.id)
    assert seen.known_refusals(settings, project.id, str(folder), 64) == [] and not light.loaded(folder)
    seen.lens_of(settings, project.id, first, str(folder))
    found = seen.known_refusals(settings, project.id, str(folder), 64)
    assert light.loaded(folder) and len(found) == len(rows)
    assert found == seen.early_refusals(settings, tools, rows, str(folder), 64)


def test_the_starter_without_its_package_is_text(settings, project, first, monkeypatch):
    monkeypatch.setattr(starter, "installed", lambda: False)
    assert seen.lens_of(settings, project.id, first, "starter").state == "absent"


@needs_package
def test_the_starters_tokenizer_is_made_in_the_background_once(settings, project, first):
    found = seen.lens_of(settings, project.id, first, "starter")
    assert found.state == "making" and found.tokens == []
    assert starter_tokenizer.begin(settings), "asking again begins nothing new"
    deadline = time.monotonic() + 60
    while not starter_tokenizer.ready(settings) and time.monotonic() < deadline:
        time.sleep(0.2)
    found = seen.lens_of(settings, project.id, first, "starter")
    assert found.state == "here" and [token.id for token in found.tokens[:2]] == [2, 105]
    assert not (settings.models / starter.NAME).exists(), "no weights were unpacked for it"
    made = starter_tokenizer.ready(settings)
    (made / "callwright.json").write_text("{}")
    assert starter_tokenizer.ready(settings) is None, "one of an older recipe is made anew"
