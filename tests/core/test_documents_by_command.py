"""The verbs documents, search and retrieval, as scripts use them."""

import json

import pytest

from core.__main__ import main
from core.store import documents, evaluations, projects, runs
from core.store.evaluations import Prediction


@pytest.fixture
def call(settings, capsys):
    def called(*arguments, code: int = 0):
        assert main([*map(str, arguments), "--json", "--home", str(settings.home)]) == code
        return json.loads(capsys.readouterr().out)

    return called


def test_documents_are_added_listed_found_and_deleted(call, project, tmp_path) -> None:
    (tmp_path / "a.md").write_text("# VPN\n\nInstall Tunnelbird.")
    (tmp_path / "b.csv").write_text('title,text\nHotels,130 euros\n"open,1\n')
    added = call("documents", project.name, "--add", tmp_path / "a.md", tmp_path / "b.csv")
    assert added["added"] == 2 and [one["title"] for one in added["documents"]] == ["Hotels", "VPN"]
    assert [(one["row"], one["file"]) for one in added["rejected"]] == [(3, str(tmp_path / "b.csv"))]
    [hit] = call("search", project.name, "how do I use tunnelbird?")["hits"]
    assert hit["title"] == "VPN" and hit["passage"] == "Install Tunnelbird." and hit["score"] > 0
    assert call("search", project.name, "zebra")["hits"] == []
    call("documents", project.name, "--delete", "VPN")
    assert [one["title"] for one in call("documents", project.name, "--list")["documents"]] == ["Hotels"]


def test_a_file_that_cannot_be_read_adds_nothing(call, project, tmp_path) -> None:
    (tmp_path / "a.txt").write_text("text")
    told = call("documents", project.name, "--add", tmp_path / "a.txt", tmp_path / "none.txt", code=1)
    assert told["error"]["where"] == "none.txt"
    assert call("documents", project.name)["documents"] == []
    assert "no document 'x'" in call("documents", project.name, "--delete", "x", code=1)["error"]["message"]


def test_the_searches_of_a_run_are_measured(call, db, project) -> None:
    [document] = documents.add(db, project.id, [("VPN", "Install Tunnelbird.")])
    [example] = projects.examples(db, project.id, search="VPN")
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    calls = [{"name": "search_docs", "arguments": {"query": "vpn"}}]
    for phase, made in (("before", []), ("after", calls)):
        rows = [Prediction(example.id, example.prompt, calls, "", made, "right", True, True)]
        told = {"model": "m", "snapshot": run.snapshot, "split": "test", "summary": {}}
        evaluations.save(db, run=run.id, phase=phase, predictions=rows, **told)
    assert call("retrieval", run.id) == {"run": run.id}
    documents.mark(db, project.id, example.id, document)
    answer = call("retrieval", run.id)
    assert answer["before"]["recall"] == {"1": 0, "3": 0, "5": 0} and answer["before"]["unasked"] == 1
    assert answer["after"]["recall"] == {"1": 1, "3": 1, "5": 1} and answer["after"]["mrr"] == 1
    assert answer["prompt"]["n"] == 1 and answer["prompt"]["found"]["1"] == 1
    assert answer["difference"] == {"fixed": 1, "broke": 0, "verdict": "open", "further": 3}
