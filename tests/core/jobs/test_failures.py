"""What failed is said in words, and what would have helped is offered one thing after the other."""

import errno
from dataclasses import asdict

import pytest

from core.jobs.failures import LEARNING_RATE, MEMORY, explain, remedy
from core.training.recipe import RunConfig


def changed(one: RunConfig, other: RunConfig) -> dict[str, object]:
    return {name: value for name, value in asdict(other).items() if asdict(one)[name] != value}


def test_for_want_of_memory_fewer_rows_then_fewer_words_then_adapters_are_offered():
    config, offered = RunConfig(vocabulary="all"), []
    while found := remedy(MEMORY, config):
        name, mended = found
        assert not mended.problems() and changed(config, mended).keys() == {name}
        offered.append(name)
        config = mended
    assert offered == ["rows_at_once", "vocabulary", "lora_rank"]
    assert (config.rows_at_once, config.vocabulary) == (1, "calls") and config.lora_rank > 0
    assert config.batch_size == RunConfig().batch_size, "what a step learns from stays"


def test_for_a_loss_that_diverged_a_lower_rate_is_offered_and_for_the_unknown_nothing():
    name, mended = remedy(LEARNING_RATE, RunConfig(learning_rate=4e-5))
    assert (name, mended.learning_rate) == (LEARNING_RATE, 1e-5)
    assert remedy(LEARNING_RATE, RunConfig(learning_rate=1e-7))[1].learning_rate == 1e-7
    assert remedy("log", RunConfig()) is None


@pytest.mark.parametrize(
    ("problem", "words", "where"),
    [
        (MemoryError(), "not enough memory", MEMORY),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "not enough memory", MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full", ""),
        (
            RuntimeError("[enforce fail at inline_container.cc:815] . PytorchStreamWriter failed"),
            "failed",
            "log",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), "could not be written", "/data/x"),
        (ValueError("odd"), "ValueError: odd", "log"),
    ],
)
def test_each_failure_says_what_happened_where_and_what_to_do(problem, words, where):
    said = explain(problem)
    assert words in said.message and said.hint and (said.where == where or not where)
