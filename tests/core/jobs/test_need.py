"""What a training needs of this machine's memory, before it starts."""

from dataclasses import replace

import pytest
import tiny_model

from core.errors import StudioError
from core.jobs import local, need, queue
from core.models import fit, hardware
from core.prompt import light
from core.store import claims, open_store, projects, runs
from core.training.recipe import RunConfig

WHOLE = RunConfig(vocabulary="all", average=10)  # the costliest
GB = 10**9
MACHINE = hardware.Machine("cpu", "CPU, 2 cores", 2, 8 * GB, 1 * GB, 0, bf16=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture
def machine(monkeypatch):
    """A machine for the length of the test: `machine(memory_total=...)`."""

    def choose(**values):
        monkeypatch.setattr(hardware, "describe", lambda: replace(MACHINE, **values))

    choose()
    return choose


def test_the_starter_is_known_before_it_is_made(settings, project, machine):
    found = need.of_project(settings, project.id, "starter", WHOLE)
    assert 6 * GB < found.without_average < found.peak < 9 * GB
    assert found.without_average == found.peak - 4 * fit.GEMMA_270M.parameters
    assert found.row_by_row < found.peak
    assert (found.total, found.free) == (8 * GB, 7 * GB)
    few = need.of_project(settings, project.id, "starter", RunConfig())
    assert 5 * GB < few.peak == few.calls_alone == few.without_average < 6 * GB
    averaged = need.of_project(settings, project.id, "starter", RunConfig(average=10))
    assert averaged.without_average == few.peak and found.calls_alone == averaged.peak


def test_a_model_that_is_not_here_and_a_project_without_rows_are_not_guessed(
    settings, db, project, model, machine
):
    assert need.of_project(settings, project.id, "nobody/nothing", RunConfig()) is None
    assert need.of_project(settings, project.id, "no such thing", RunConfig()) is None
    empty = projects.create(db, "Empty")
    assert need.of_project(settings, empty.id, model, RunConfig()) is None


def test_the_arithmetic_that_the_machine_would_choose_is_counted(settings, project, machine):
    def peak(dtype):
        return need.of_project(settings, project.id, "starter", RunConfig(dtype=dtype)).peak

    assert peak("auto") == peak("bfloat16") != peak("float32")
    machine(bf16=False)
    assert peak("auto") == peak("float32")


def test_a_card_is_asked_for_its_own_memory(settings, project, machine):
    machine(device="cuda", device_memory=4 * GB)
    found = need.of_project(settings, project.id, "starter", WHOLE)
    assert (found.total, found.free, found.tight) == (4 * GB, None, True)


def test_what_another_run_holds_now_is_not_counted_against_the_next(settings, db, project, model, machine):
    machine(memory_used=8 * GB - 10)
    assert need.of_project(settings, project.id, model, RunConfig()).tight
    run = runs.create(db, project.id, model, {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    found = need.of_project(settings, project.id, model, RunConfig())
    assert found.free is None and not found.tight


def test_tokens_are_counted_once_the_tokenizer_is_in_memory(settings, project, model, machine):
    estimated = need.of_project(settings, project.id, model, RunConfig())
    light.load(need.seen.tokenizer_of(settings, model))
    counted = need.of_project(settings, project.id, model, RunConfig())
    assert counted.peak > estimated.peak  # its tokens are single letters


def test_adapters_and_rows_in_turn_need_less(settings, project, machine):
    def found(**values):
        return need.of_project(settings, project.id, "starter", RunConfig(**values))

    few, rank = found(), found(lora_rank=16)
    assert few.with_lora == rank.peak == rank.with_lora < few.peak - 0.9 * GB
    assert rank.peak < found(lora_rank=64).peak < found(lora_rank=16, vocabulary="all").peak
    many = found(batch_size=64, lora_rank=16)  # of three rows
    assert many.one_at_once == found(batch_size=64, lora_rank=16, rows_at_once=1).peak < many.peak
    assert many.peak == found(batch_size=3, lora_rank=16, rows_at_once=3).peak
    machine(memory_used=7 * GB)
    said = need.sentence(found())
    assert f"(lora_rank=16: {need.size(few.with_lora)})" in said
    assert f"rows_at_once=1: {need.size(many.one_at_once)}" in need.sentence(found(lora_rank=16))


def test_it_says_what_to_do_and_only_what_helps(settings, project, model, machine):
    machine(memory_used=5 * GB)
    found = need.of_project(settings, project.id, "starter", WHOLE)
    said = need.sentence(found)
    assert "this machine has 3.0 GB free. Close other programs, or choose a batch" in said
    assert f"average=1: {need.size(found.without_average)}" in said
    assert f"vocabulary=calls: {need.size(found.calls_alone)}" in said
    config = RunConfig(batch_size=1)
    lean = replace(config, lora_rank=16)
    said = need.sentence(need.of_project(settings, project.id, "starter", lean))
    assert said.endswith("3.0 GB free. Close other programs.")
    assert need.sentence(need.of_project(settings, project.id, model, RunConfig())).endswith("free.")


def test_what_can_never_fit_is_refused_before_anything_is_loaded(settings, project, machine, monkeypatch):
    monkeypatch.setattr(local, "advance", lambda settings: pytest.fail("a run was started"))
    machine(memory_total=5 * GB, memory_used=0)
    with pytest.raises(
        StudioError, match=r"needs about 8\.\d GB of memory, and this machine has 5\.0 GB"
    ) as caught:
        queue.enqueue(settings, project.id, "starter", WHOLE)
    assert "average=1" in caught.value.hint and "lose other programs" not in caught.value.hint
    with open_store(settings) as db:
        assert runs.listed(db) == []


def test_what_fits_once_others_are_closed_is_a_warning_only(settings, project, model, machine, monkeypatch):
    monkeypatch.setattr(local, "advance", lambda settings: None)
    machine(memory_used=8 * GB)
    assert queue.enqueue(settings, project.id, model, RunConfig()).state == "queued"


def test_real_rows_give_what_the_page_told(settings, db, project, model):
    from core.models.loading import load_tokenizer
    from core.prompt.family import family_of
    from core.prompt.rows import encode

    folder = need.known.here(model, settings)
    tokenizer = load_tokenizer(folder)
    tools, train = projects.tools(db, project.id), projects.examples(db, project.id, split="train")
    family = family_of(tokenizer)
    rows = [encode(example, tools, family, tokenizer) for example in train]
    config = RunConfig(max_length=10_000, dtype="float32", batch_size=1)
    real = need.of_rows(folder, rows, config, "cpu", True)
    light.load(folder)
    assert need.of_project(settings, project.id, model, config).peak == pytest.approx(real, rel=0.02)
    (folder / "config.json").rename(folder / "away.json")
    try:
        assert need.of_rows(folder, rows, config, "cpu", True) is None
    finally:
        (folder / "away.json").rename(folder / "config.json")
