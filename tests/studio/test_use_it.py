"""The lines to copy: of the model that is shown, with the tools that it knows, and without a key."""

import json

from small_project import db as db
from small_project import project as project
from small_project import settings as settings

from core.schema import read_tool
from core.store import claims, projects, runs
from studio.panels.use_it import lines
from studio.text import t
from studio.views.pieces import h


def finished(settings, db, project) -> runs.Run:
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    runs.report(db, run.id, 1, folder=str(settings.run_folder(run.id) / "model"))
    runs.end(db, run.id, 1, "finished")
    return runs.find(db, run.id)


def test_before_a_training_they_ask_the_untouched_model(settings, db, project):
    told, serve, openai, curl, transformers = lines(settings, project.id, "")
    assert h(t("use.none_body")) in told and "--model starter" in serve and 'model="starter"' in openai
    assert str(settings.models / "starter") in transformers and '"search_docs"' in curl


def test_they_ask_the_run_that_is_shown_with_the_tools_it_was_taught(settings, db, project):
    first, second = finished(settings, db, project), finished(settings, db, project)
    tool, _ = read_tool({"name": "added_later", "parameters": {"type": "object", "properties": {}}})
    projects.save_tool(db, project.id, tool)
    assert second.id in lines(settings, project.id, "")[1], "the newest by itself"
    told, serve, openai, curl, transformers = lines(settings, project.id, first.id)
    assert first.name in told and f"--model {first.id}" in serve and first.id in openai
    assert first.folder in transformers and "added_later" not in openai + curl + transformers
    body = json.loads(curl.split("END_OF_JSON'\n")[1].split("\nEND_OF_JSON")[0])
    assert body["model"] == first.id and len(body["tools"]) == 2
    stranger = projects.create(db, "Another")
    projects.save_tool(db, stranger.id, tool)
    assert first.id not in "".join(lines(settings, stranger.id, first.id))


def test_without_tools_there_is_nothing_to_copy(settings, db):
    empty = projects.create(db, "Empty")
    assert lines(settings, empty.id, "") == [f'<p class="sub">{t("use.no_tools")}</p>', "", "", "", ""]


def test_no_key_is_in_them(settings, db, project):
    settings.host.mkdir(parents=True)
    (settings.host / "address.json").write_text(json.dumps({"key": "s3cr3t-key"}))
    assert "s3cr3t" not in "".join(lines(settings, project.id, ""))
