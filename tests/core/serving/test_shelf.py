"""Which models stay in memory: as many as fit, none that is asked, and a training's part is left alone."""

import threading
import time

import pytest
import tiny_model

from core.serving.engine import Ask, Engine
from core.serving.shelf import MARGIN, NoMemory, NoModel, Shelf
from core.serving.turns import Turns
from core.store import claims, projects, runs

GIGABYTE = 1_000_000_000


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("tiny")
    return [str(tiny_model.make(folder / f"model{n}", seed=n)) for n in range(3)]


def test_the_one_used_longest_ago_makes_room(settings, models):
    memory = [10 * GIGABYTE]
    shelf = Shelf(settings, free=lambda device: memory[0] if len(shelf.loaded) >= 2 else 10 * GIGABYTE)
    for name in models[:2]:
        shelf.give_back(shelf.take(name))
    assert list(shelf.loaded) == models[:2], "base and tuned stay side by side"
    shelf.give_back(shelf.take(models[0]))
    memory[0] = 0
    shelf.give_back(shelf.take(models[2]))
    assert list(shelf.loaded) == [models[0], models[2]]


def test_a_model_that_answers_stays(settings, models):
    shelf = Shelf(settings, free=lambda device: 0 if shelf.loaded else 10 * GIGABYTE)
    held = shelf.take(models[0])
    with pytest.raises(NoMemory, match=r"0\.0 GB are left beside the models that are answering"):
        shelf.take(models[1])
    shelf.give_back(held)
    free = [10 * GIGABYTE]
    shelf = Shelf(settings, free=lambda device: 10 * GIGABYTE if len(shelf.loaded) < 1 else free[0])
    shelf.give_back(shelf.take(models[0]))
    free[0] = 0
    shelf.give_back(shelf.take(models[1]))
    assert list(shelf.loaded) == [models[1]], "but not for longer"


def test_beside_a_run_it_is_refused_with_the_numbers(settings, db, project, models):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    shelf = Shelf(settings, free=lambda device: MARGIN)
    with pytest.raises(NoMemory, match=r"needs about 0\.5 GB .* 0\.\d GB are left beside Run 1") as caught:
        shelf.take(models[0])
    assert "finished" in caught.value.hint
    runs.report(
        db, run.id, 1, step=3, memory=8 * GIGABYTE
    )  # at its highest; it has less now, and will take it again
    with pytest.raises(NoMemory, match=r"0\.0 GB are left beside Run 1"):
        Shelf(settings, free=lambda device: 5 * GIGABYTE).take(models[0])
    plenty = Shelf(settings, free=lambda device: 10 * GIGABYTE)
    plenty.give_back(plenty.take(models[0]))


def test_only_what_is_offered_is_served(settings, models):
    shelf = Shelf(settings, only=[models[0]])
    shelf.give_back(shelf.take(models[0]))
    assert shelf.names() == [models[0]]
    for name in (models[1], "starter", "google/gemma"):
        with pytest.raises(NoModel):
            shelf.take(name)


def test_a_prompt_longer_than_the_model_reads_is_a_sentence(settings, tmp_path):
    name = str(tiny_model.make(tmp_path / "short", window=64))
    from core.errors import StudioError

    engine = Engine(settings)
    with pytest.raises(StudioError, match="this model reads 64"):
        engine.answer(Ask(name, [{"role": "user", "content": "x" * 100}]))
    assert not engine.shelf.busy
    cut = list(engine.answer(Ask(name, [{"role": "user", "content": "x"}], limit=1000)))[-1].reply
    assert cut is not None and cut.prompt_tokens + cut.tokens <= 64


def test_an_answer_that_is_closed_lets_its_model_go(settings, models):
    engine = Engine(settings)
    answering = engine.answer(Ask(models[0], [{"role": "user", "content": "x"}]))
    assert engine.shelf.busy
    next(answering)
    answering.close()
    answering.close()
    assert not engine.shelf.busy
    engine.answer(Ask(models[0], [{"role": "user", "content": "x"}]))  # and never read
    assert not engine.shelf.busy


def test_turns_go_round():
    turns, order = Turns(), []

    def work(name: str) -> None:
        for _ in range(20):
            with turns:
                order.append(name)
                time.sleep(0.002)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    middle = order[6:-20]
    assert len(order) == 60 and all(len(set(middle[n : n + 3])) == 3 for n in range(len(middle) - 3))
