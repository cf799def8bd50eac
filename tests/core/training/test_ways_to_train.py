"""However a training is arranged (in turns, with adapters, in bfloat16, interrupted), it learns the same."""

import copy

import pytest
import tiny_families
import tiny_training
import torch
from tiny_training import apart, follow, stop_after, weights

TEN = tiny_training.rows(10)
SHARED = pytest.mark.parametrize("shared", [True, False], ids=["packed", "padded"])
ADAM = 1e-3  # how far apart two trainings may end: Adam makes a full step of the smallest gradient


@SHARED
def test_several_turns_for_a_step_arrive_where_one_does(shared, tmp_path, monkeypatch):
    start = tiny_families.make("gemma3")
    ends = []
    for at_once in (4, 2, 1):
        tiny_training.micro(at_once, TEN, monkeypatch)
        followed = follow(copy.deepcopy(start), TEN, tmp_path / str(at_once), shared=shared)
        assert followed.trained.steps == 3
        ends.append(weights(followed.model))
    assert apart(ends[1], ends[0], weights(start)) < ADAM
    assert apart(ends[2], ends[0], weights(start)) < ADAM


def adapted(model):
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    return get_peft_model(
        model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    )


@pytest.mark.parametrize("checkpointed", [False, True], ids=["kept", "recomputed"])
def test_adapters_learn_the_same_packed_and_padded_and_nothing_else_changes(checkpointed, tmp_path):
    more = {"activation_checkpointing": checkpointed}
    ends = []
    for shared in (True, False):
        model = adapted(tiny_families.make("gemma3"))
        frozen = {name: w.clone() for name, w in model.named_parameters() if not w.requires_grad}
        followed = follow(model, TEN, tmp_path / str(shared), shared=shared, average=2, more=more)
        assert followed.trained.steps == 3 and all("lora" in name for name in followed.weights[0])
        assert all(torch.equal(w, frozen[name]) for name, w in model.named_parameters() if name in frozen)
        ends.append(weights(model))
    assert apart(*ends, followed.weights[0]) < ADAM


@SHARED
def test_recomputing_instead_of_keeping_gives_the_same_gradients(shared, tmp_path):
    """Checked by the weights after steps of plain gradient descent, which are the gradients."""
    start = tiny_families.make("gemma3")
    ends = []
    for recomputed in (False, True):
        model = copy.deepcopy(start)
        more = {"activation_checkpointing": recomputed, "optim": "sgd"}
        follow(model, TEN, tmp_path / str(recomputed), shared=shared, more=more)
        assert model.is_activation_checkpointing == recomputed
        ends.append(weights(model))
    assert apart(*ends, weights(start)) < 1e-5


@pytest.mark.parametrize("pure", [False, True], ids=["autocast", "pure"])
@SHARED
def test_bfloat16_follows_float32_as_far_as_its_rounding_lets_it(shared, pure, tmp_path):
    start = tiny_families.make("gemma3")
    exact = follow(copy.deepcopy(start), TEN, tmp_path / "exact", shared=shared, epochs=2)
    model = copy.deepcopy(start).bfloat16() if pure else copy.deepcopy(start)
    more = {"bf16": not pure}  # pure: nothing to cast, the weights themselves are bfloat16
    rounded = follow(model, TEN, tmp_path / "rounded", shared=shared, epochs=2, dtype="bfloat16", more=more)
    assert next(model.parameters()).dtype == (torch.bfloat16 if pure else torch.float32)
    assert rounded.trained.steps == 6
    losses = exact.all("loss")
    assert rounded.all("loss")[0] == pytest.approx(losses[0], rel=0.02)
    assert rounded.all("loss") == pytest.approx(losses, rel=0.1)


def test_packed_bfloat16_is_as_near_to_float32_as_padded(tmp_path):
    start = tiny_families.make("gemma3")
    ends = {}
    for name, shared, dtype in (
        ("exact", False, "float32"),
        ("packed", True, "bfloat16"),
        ("padded", False, "bfloat16"),
    ):
        more = {"optim": "sgd", "max_grad_norm": 0.0}
        model = copy.deepcopy(start)
        follow(model, TEN, tmp_path / name, shared=shared, dtype=dtype, more=more, learning_rate=1e-3)
        ends[name] = weights(model)
    packed, padded = (apart(ends[name], ends["exact"], weights(start)) for name in ("packed", "padded"))
    assert 0 < packed < 1.5 * padded


@pytest.mark.parametrize(
    ("average", "stop", "shared", "vocabulary", "lora_rank"),
    [
        (1, 3, True, "all", 0),
        (4, 5, True, "all", 0),
        (4, 5, False, "all", 0),
        (4, 5, True, "calls", 0),
        (4, 5, True, "calls", 4),
    ],  # three steps an epoch
    ids=["between epochs", "within an epoch", "padded", "few words", "adapters"],
)
def test_a_resumed_training_ends_like_one_that_was_never_interrupted(
    average, stop, shared, vocabulary, lora_rank, tmp_path
):
    """Weights, optimizer, learning rate, order of the rows, and the average over steps before and after."""
    start = tiny_families.make("gemma3")
    settings = {
        "epochs": 2, "average": average, "shared": shared, "vocabulary": vocabulary, "schedule": "linear",
        "lora_rank": lora_rank,
    }  # fmt: skip
    more = {"save_strategy": "steps", "save_steps": stop}
    straight = follow(copy.deepcopy(start), TEN, tmp_path / "straight", more=more, **settings)
    first = follow(
        copy.deepcopy(start), TEN, tmp_path / "t", more=more, callbacks=[stop_after(stop)], **settings
    )
    assert (straight.trained.steps, first.trained.steps) == (6, stop)
    second = follow(
        # Where all weights are trained they come from the checkpoint; what rests is the model's that it began with.
        tiny_families.make("gemma3", seed=7) if vocabulary == "all" else copy.deepcopy(start),
        TEN,
        tmp_path / "t",
        more=more,
        resume=tmp_path / "t" / f"checkpoint-{stop}",
        **settings,
    )
    assert second.all("loss") == pytest.approx(straight.all("loss")[stop:], rel=1e-6)
    assert apart(weights(second.model), weights(straight.model), weights(start)) < 1e-6


@pytest.mark.parametrize(
    ("schedule", "shares"), [("constant", [1] * 6), ("linear", [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])]
)
def test_the_learning_rate_stays_or_falls_to_zero_with_the_last_step(schedule, shares, tmp_path):
    followed = follow(tiny_families.make("gemma3"), TEN, tmp_path, epochs=2, schedule=schedule)
    assert followed.all("learning_rate") == pytest.approx([1e-3 * share for share in shares])


@pytest.mark.parametrize("over", [1, 3])
def test_what_is_kept_is_the_average_of_the_last_steps(over, tmp_path):
    followed = follow(tiny_families.make("gemma3"), TEN, tmp_path, epochs=2, average=over)
    last = follow(tiny_families.make("gemma3"), TEN, tmp_path, epochs=2, average=1)
    path = [*last.weights[1:], weights(last.model)]
    assert len(path) == 6
    wanted = path[0]
    for n, step in enumerate(path[1:], 2):
        share = 1 / min(n, over)
        wanted = {name: wanted[name] + (step[name] - wanted[name]) * share for name in wanted}
    assert apart(weights(followed.model), wanted, last.weights[0]) < 1e-5
    if over > 1:
        assert apart(weights(followed.model), path[-1], last.weights[0]) > 1e-2


def test_a_model_that_takes_no_packed_rows_trains_on_padded_ones(tmp_path):
    from core.models import tree_attention

    for family in ("gemma2", "lfm2"):
        start = tiny_families.make(family)
        model = copy.deepcopy(start)
        shared = tree_attention.exact(model, [row.input_ids for row in TEN])
        assert not shared
        asked = follow(model, TEN, tmp_path / family, shared=shared)
        never_asked = follow(start, TEN, tmp_path / family, shared=False)
        assert asked.all("loss") == never_asked.all("loss")
