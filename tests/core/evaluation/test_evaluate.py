"""A model's answers with their verdicts, their ladders and what they add up to."""

import json
import time

import pytest
import tiny_model

from core.evaluation.constrained import Constrainer
from core.evaluation.evaluate import evaluate
from core.evaluation.generate import generate
from core.evaluation.score import VERDICTS
from core.models import loading
from core.prompt.family import family_of
from core.schema import Example, Tool, ToolCall, Turn
from core.store.evaluations import Prediction

SEARCH = Tool(
    "search",
    parameters={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
CALL = ToolCall("search", {"query": "visa application steps"})
FIRST = Example((Turn("user", "how do I get a visa?"),), (CALL,), split="test", id=4)
THEN = Example(
    (*FIRST.turns, Turn("assistant", "", (CALL,)), Turn("tool", "{}", name="search")),
    reply="Nothing was found.",
    split="test",
    id=7,
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    model, tokenizer = loading.load(tiny_model.make(tmp_path_factory.mktemp("tiny")), "float32", "cpu")
    return model, tokenizer, family_of(tokenizer)


def test_the_summary_has_every_count_and_the_predictions_their_ladders(tiny):
    summary, predictions = evaluate(*tiny, [SEARCH], [FIRST, THEN])
    assert summary.keys() == {
        "n", "right", "exact", "malformed", "wrong_tool", "no_call", "extra_call", "unknown_tool", "seconds",
        "accepted", "no_call_rows", "refused_ok", "truncated", "overlap", "rules",
        "dialogues", "dialogues_right", "dialogues_accepted",
    }  # fmt: skip
    assert summary["n"] == 2 and summary["no_call_rows"] == 1 and summary["dialogues"] == 1
    assert summary["rules"] == {"search.query": "free"}
    # A model of random weights does not know how to end: cut, and so never credited, not even as "no call".
    assert [p.verdict for p in predictions] == ["malformed", "malformed"]
    assert summary["truncated"] == 2 and summary["refused_ok"] == summary["accepted"] == summary["right"] == 0
    assert all("did not come to an end" in p.reason and p.ladder["truncated"] for p in predictions)
    assert [p.ladder["outcome"] for p in predictions] == ["", "malformed"]
    assert {p.verdict for p in predictions} <= set(VERDICTS)
    assert Prediction(**json.loads(json.dumps(predictions[0].to_json()))) == predictions[0]


def test_the_times_of_the_rows_add_up_to_the_time_of_the_asking(tiny):
    model, tokenizer, family = tiny
    rows = [tokenizer.encode("<bos>" + "abcdef"[:n], add_special_tokens=False) for n in (2, 4, 6)]
    for rules in (None, Constrainer(tokenizer, family).rules([SEARCH])):  # packed, and in padded batches
        begun = time.monotonic()
        answers = generate(model, tokenizer, family, rows, max_new_tokens=20, rules=rules)
        took = time.monotonic() - begun
        assert all(answer.seconds > 0 for answer in answers)
        assert 0.3 * took < sum(answer.seconds for answer in answers) <= took
    _, predictions = evaluate(*tiny, [SEARCH], [FIRST, THEN])
    assert all(p.seconds > 0 for p in predictions)


def test_rules_that_are_given_are_used(tiny):
    summary, _ = evaluate(*tiny, [SEARCH], [FIRST], rules={"search": {"query": "exact"}})
    assert summary["rules"] == {"search.query": "exact"}


def test_a_prediction_that_was_stored_before_there_were_ladders_is_read():
    old = Prediction(1, "x", [], "", [], "exact", True, True).to_json()
    del old["ladder"], old["seconds"]
    assert (Prediction(**old).ladder, Prediction(**old).seconds) == ({}, 0)
