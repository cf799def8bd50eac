"""Evaluations that are asked for: any model, any split, changed rows; stopped, gone on, failed, as trainings are."""

import os
import signal

import pytest
import tiny_model
from endpoint_stand_in import called, said, standing_in
from small_runs import begin, wait
from small_runs import model as model

from core.errors import StudioError
from core.evaluation import endpoint
from core.evaluation.request import EvaluationConfig
from core.evaluation.robustness import card
from core.evaluation.robustness.variants import VARIANTS
from core.jobs import asking, local, queue
from core.schema import Example, ToolCall
from core.store import claims, evaluations, projects, runs, shelf


def ask(settings, project, model, *variants, **values):
    config = EvaluationConfig(variants=("", *variants), **values)
    return queue.evaluate(settings, project.id, model, config)


def ended(settings, run):
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.error is None, run.error
    return run


@pytest.fixture
def many(db, project):
    """So many rows that asking them takes a while, not two alike."""
    rows = [
        Example.single(
            f"page {n} of the handbook?", ToolCall("search_docs", {"query": f"page {n}"}), split="test"
        )
        for n in range(300)
    ]
    projects.add_examples(db, project.id, rows)
    return project


def test_an_evaluation_is_a_run_that_keeps_every_answer(settings, db, project, model):
    run = ended(settings, ask(settings, project, model, "renamed", "distractors-3"))
    assert (run.kind, run.state, run.name) == ("evaluate", "finished", "Evaluation 1")
    assert (run.step, run.steps) == (6, 6) and run.device and run.memory > 0
    found = evaluations.of_job(db, run.id)
    assert list(found) == ["", "renamed", "distractors-3"]
    assert [one.summary["tools"] for one in found.values()] == [2, 2, 5]
    for one in found.values():
        assert (one.run, one.phase, one.model, one.split) == (None, "alone", model, "test")
        answers = evaluations.predictions(db, one.id)
        assert {answer.prompt for answer in answers} == {"our VPN?", "who won the cup?"}
        assert one.summary["n"] == 2
    expected = evaluations.predictions(db, found["renamed"].id)[0].expected
    assert expected[0]["name"].startswith("tool_")
    assert runs.listed(db, project.id) == [] and shelf.listed(db, project.id) == [], (
        "no training is in the list"
    )


def test_the_answers_are_those_that_a_run_keeps_of_itself(settings, db, project, model):
    trained = ended(settings, begin(settings, project, model))

    def texts(evaluation):
        return [answer.text for answer in evaluations.predictions(db, evaluation.id)]

    for name, phase in ((model, "before"), (trained.id, "after")):
        asked = ended(settings, ask(settings, project, name))
        assert texts(evaluations.of_job(db, asked.id)[""]) == texts(evaluations.find(db, trained.id, phase))


def test_held_to_the_schema_only_what_never_ends_is_malformed(settings, db, project, model):
    free, held = (
        evaluations.of_job(db, ended(settings, ask(settings, project, model, constrained=on)).id)[""]
        for on in (False, True)
    )
    assert free.summary["malformed"] == 2, "a model that learned nothing"
    assert held.summary["malformed"] == held.summary["truncated"] and held.summary["unknown_tool"] == 0
    assert (free.summary["constrained"], held.summary["constrained"]) == (False, True)


def test_a_checkpoint_answers_as_the_run_that_is_made_of_it(settings, db, project, model):
    trained = ended(settings, begin(settings, project, model, learning_rate=1e-2))
    checkpoints = local.checkpoints_of(settings, trained.id)
    step = next(int(one.name.removeprefix("checkpoint-")) for one in checkpoints.glob("checkpoint-*"))
    taken = ended(settings, queue.take_checkpoint(settings, trained.id, step))
    asked = ended(settings, ask(settings, project, f"{trained.id}/{step}"))
    after, alone = evaluations.find(db, taken.id, "after"), evaluations.of_job(db, asked.id)[""]
    assert [answer.text for answer in evaluations.predictions(db, alone.id)] == [
        answer.text for answer in evaluations.predictions(db, after.id)
    ]
    assert not (settings.run_folder(asked.id) / "model").exists(), "nothing is left of what was loaded"
    with pytest.raises(StudioError, match="no checkpoint of step 999"):
        ask(settings, project, f"{trained.id}/999")
    whole = next(checkpoints.glob("checkpoint-*")) / "model.safetensors"
    whole.write_bytes(whole.read_bytes()[:-1])
    failed = wait(settings, ask(settings, project, f"{trained.id}/{step}").id, lambda run: run.ended)
    assert (failed.state, failed.error["message"]) == ("failed", "The checkpoint is damaged.")


def test_the_rows_that_were_learned_can_be_asked_and_those_of_an_older_snapshot(settings, db, project, model):
    asked = ended(settings, ask(settings, project, model, split="train"))
    one = evaluations.of_job(db, asked.id)[""]
    assert (one.split, one.summary["n"]) == ("train", 3)
    before = projects.freeze(db, project.id)
    projects.delete_examples(
        db, project.id, [row.id for row in projects.examples(db, project.id, split="test")]
    )
    with pytest.raises(StudioError, match="no such examples"):
        ask(settings, project, model)
    older = queue.evaluate(settings, project.id, model, EvaluationConfig(), before.hash)
    assert evaluations.of_job(db, ended(settings, older).id)[""].summary["n"] == 2


def test_a_stopped_evaluation_keeps_what_was_asked_whole_and_goes_on_with_the_rest(settings, db, many, model):
    run = ask(settings, many, model, "shuffled", "typos", "case")
    wait(settings, run.id, lambda run: len(evaluations.of_job(db, run.id)) == 1 and run.seconds_left)
    queue.stop(settings, run.id)
    stopped = wait(settings, run.id, lambda run: run.ended)
    kept = evaluations.of_job(db, run.id)
    assert stopped.state == "cancelled" and 0 < len(kept) < 4
    assert stopped.step < stopped.steps == 4 * 302
    queue.resume(settings, run.id)
    whole = ended(settings, run)
    found = evaluations.of_job(db, run.id)
    assert (
        whole.state == "finished"
        and whole.step == whole.steps
        and list(found) == ["", "shuffled", "typos", "case"]
    )
    assert {name: one.id for name, one in found.items()}.items() >= {n: o.id for n, o in kept.items()}.items()


def test_a_killed_evaluation_is_seen_and_goes_on(settings, db, many, model):
    run = ask(settings, many, model, "shuffled")
    at_work = wait(settings, run.id, lambda run: run.state == "evaluating" and run.step)
    os.kill(at_work.pid, signal.SIGKILL)
    killed = wait(settings, run.id, lambda run: run.ended)
    assert killed.state == "interrupted" and "goes on with the rest" in killed.error["hint"]
    queue.resume(settings, run.id)
    assert ended(settings, run).state == "finished"


def test_an_evaluation_waits_its_turn_in_the_one_queue(settings, db, many, model):
    first = ask(settings, many, model)
    second = begin(settings, many, model, epochs=1)
    assert runs.find(db, second.id).state == "queued" and claims.waiting(db) == [second.id]
    wait(settings, first.id, lambda run: run.ended)
    wait(settings, second.id, lambda run: run.working)
    queue.stop(settings, second.id)
    wait(settings, second.id, lambda run: run.ended)


def test_what_cannot_be_asked_is_refused_at_once(settings, db, project, model):
    for name, words in (
        ("no such thing", "no model"),
        ("http://example.org/v1 m", "http://"),
        ("https://example.org/v1", "not named"),
        (runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash).id, "has no model"),
    ):
        with pytest.raises(StudioError, match=words):
            ask(settings, project, name)
    with pytest.raises(StudioError, match="Choose some of"):
        ask(settings, project, model, "upside-down")
    with pytest.raises(StudioError, match="Choose one of train, test"):
        ask(settings, project, model, split="both")
    assert runs.listed(db, kind="evaluate") == []


def test_what_goes_wrong_later_is_a_sentence(settings, db, project, tmp_path):
    folder = tiny_model.make(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"not one")
    run = wait(settings, ask(settings, project, str(folder)).id, lambda run: run.ended)
    assert run.state == "failed" and run.error["message"] and "training" not in run.error["message"]


def test_an_endpoint_is_asked_by_the_worker_and_its_key_is_written_nowhere(
    settings, db, project, monkeypatch
):
    """The stand-in answers in this process; the worker is another one."""
    monkeypatch.setenv(endpoint.OTHER, "sk-very-secret")
    monkeypatch.setenv("CALLWRIGHT_HOME", str(settings.home))
    with standing_in(lambda _: said(called("search_docs", '{"query": "vpn"}'))) as server:
        run = ended(settings, ask(settings, project, f"{server.url} some-model", "shuffled"))
        assert set(server.keys) == {"Bearer sk-very-secret"} and len(server.asked) == 4
    found = evaluations.of_job(db, run.id)
    assert [one.summary["right"] for one in found.values()] == [1, 1] and found[""].summary["exact"] == 1
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = [file for file in settings.home.rglob("*") if file.is_file()]
    assert local.log_file(settings, run.id) in kept
    assert not [file for file in kept if b"very-secret" in file.read_bytes()]


def test_the_card_of_a_run_is_its_newest_one(settings, db, project, model):
    run = ended(settings, ask(settings, project, model, *[name for name in VARIANTS if name]))
    found = card.of_job(db, run)
    assert [one.variant for one in found.readings] == list(VARIANTS) == list(found.ids)
    assert found.findings and card.job_of(db, run) == run
    plain = ended(settings, ask(settings, project, model))
    assert card.job_of(db, plain) is None


def test_the_host_gives_its_memory_back_only_where_it_is_needed(settings, tmp_path, monkeypatch):
    from core.models import hardware
    from core.serving import client

    ends = []
    monkeypatch.setattr(client, "stop", lambda settings: ends.append(settings))
    folder = tiny_model.make(tmp_path / "model")
    asking.make_room(settings, folder, "cpu")
    assert ends == []
    monkeypatch.setattr(hardware, "free_memory", lambda device: 1000)
    asking.make_room(settings, folder, "cpu")
    assert ends == [settings]


def test_a_config_comes_back_as_it_was_and_knows_what_is_wrong_with_it():
    config = EvaluationConfig("train", ("", "case"), True, 7, "MY_KEY")
    assert EvaluationConfig.from_json(config.to_json()) == config and config.problems("starter") == {}
    assert set(config.problems("https://host/v1 m")) == {"constrained"}
    wrong = EvaluationConfig("x", (), False, -1, "a b").problems("starter")
    assert set(wrong) == {"split", "variants", "seed", "key_variable"}
    assert "variants" in EvaluationConfig(variants=("", "")).problems("starter")
