"""Adapters learn for the layers they stand beside, and leave a plain model that has learned."""

import copy

import pytest
import tiny_families
import tiny_training
import torch
from tiny_training import CONTROL, apart, follow, mean_loss, weights

from core.training import lora
from core.training.vocabulary import RATE

TEN = tiny_training.rows(10)
ROWS = torch.tensor([[5, 9, 17, 41, 4], [7, 4, 60, 2, 5]])
RANK = 4
SHARED = pytest.mark.parametrize("shared", [True, False], ids=["packed", "padded"])
FAMILIES = pytest.mark.parametrize("family", ["gemma3", "llama", "qwen2"])  # the last has biases


def linear(model):
    """The names of the weights that adapters stand beside."""
    head = model.get_output_embeddings()
    return {
        f"{name}.weight"
        for name, module in model.named_modules()
        if type(module) is torch.nn.Linear and module is not head
    }


@FAMILIES
@pytest.mark.parametrize("tied", [True, False])
def test_the_merged_model_says_what_the_adapted_one_did_and_is_built_as_before(family, tied):
    model = tiny_families.make(family, tie_word_embeddings=tied)
    targets, before = linear(model), copy.deepcopy(model.state_dict())
    modules = [(name, type(module)) for name, module in model.named_modules()]
    untouched = model(ROWS).logits.detach()
    assert len(targets) == 7 * 3
    with lora.adapters(model, RANK, 0) as parameters, torch.no_grad():
        assert torch.equal(model(ROWS).logits, untouched)  # they begin at nothing
        assert len(parameters) == 2 * len(targets)
        for parameter in parameters:
            parameter += 0.05 * torch.randn_like(parameter)
        adapted = model(ROWS).logits
    assert (adapted - untouched).abs().max() > 0.1
    assert torch.allclose(model(ROWS).logits, adapted, rtol=0, atol=1e-5)
    assert [(name, type(module)) for name, module in model.named_modules()] == modules
    assert model.state_dict().keys() == before.keys() and not hasattr(model, "peft_config")
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name]) != (name in targets), name
    assert all(weight.requires_grad for weight in model.parameters())


@SHARED
@pytest.mark.parametrize("vocabulary", ["calls", "all"])
def test_a_training_moves_the_layers_and_the_words_it_should_and_nothing_else(shared, vocabulary, tmp_path):
    model = tiny_families.make("gemma3")
    targets, before = linear(model), copy.deepcopy(model.state_dict())
    some = tiny_training.rows(8)
    for row in some:
        row.input_ids[3:6] = CONTROL
    followed = follow(model, some, tmp_path, shared=shared, vocabulary=vocabulary, lora_rank=RANK)
    ends = {"model.embed_tokens.weight", "lm_head.weight"}  # one matrix
    for name, weight in model.state_dict().items():
        if name not in ends:
            assert torch.equal(weight, before[name]) != (name in targets), name
    moved = (model.lm_head.weight != before["lm_head.weight"]).any(1)
    wanted = [word in CONTROL or vocabulary == "all" for word in range(tiny_families.WORDS)]
    assert moved.tolist() == wanted
    # Adam's first step is the learning rate, whatever the gradient: each kind of parameter has its own.
    first, second = followed.weights
    for name, weight in first.items():
        times = lora.RATE if "lora_" in name else RATE if name.endswith(".words") else 1
        went = float((second[name] - weight).abs().max())
        assert went == pytest.approx(0 if "lora_A" in name else times * 1e-3, rel=1e-2, abs=1e-9), name


def test_packed_rows_and_rows_one_by_one_give_the_same_gradient(tmp_path):
    """Read from a step of plain gradient descent, as the gradient that training whole rows would have."""
    some = tiny_training.rows(4)
    plain = {"optim": "sgd", "max_grad_norm": 0.0}
    ends = {}
    for name, shared, at_once in (("packed", True, 0), ("in turns", True, 1), ("padded", False, 2)):
        followed = follow(
            tiny_families.make("gemma3"),
            some,
            tmp_path / name,
            shared=shared,
            rows_at_once=at_once,
            lora_rank=RANK,
            vocabulary="calls",
            epochs=2,
            more=plain,
        )
        ends[name] = followed.weights[1]
    judge = tiny_families.make("gemma3")
    with lora.adapters(judge, RANK, 0) as parameters:
        mean_loss(judge, some).backward()
        names = [name for name, _ in judge.named_parameters() if "lora_" in name]
        wanted = {
            name: (parameter - lora.RATE * 1e-3 * parameter.grad).detach()
            for name, parameter in zip(names, parameters, strict=True)
        }
    start = {name: followed.weights[0][name] for name in names if "lora_B" in name}  # A has no gradient yet
    for end in ends.values():
        assert (
            apart({name: end[name] for name in start}, {name: wanted[name] for name in start}, start) < 1e-3
        )


def test_few_of_the_weights_are_trained(tmp_path):
    model = tiny_families.make("llama", hidden_size=64, intermediate_size=256)
    whole = sum(weight.numel() for weight in model.parameters())
    followed = follow(model, TEN, tmp_path, lora_rank=1, vocabulary="calls")
    trained = sum(weight.numel() for weight in followed.weights[0].values())
    assert 0 < trained < 0.05 * whole


@SHARED
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_adapters_learn(shared, dtype, tmp_path):
    followed = follow(
        tiny_families.make("gemma3"),
        TEN,
        tmp_path,
        shared=shared,
        dtype=dtype,
        lora_rank=RANK,
        vocabulary="calls",
        epochs=10,
        average=3,
    )
    losses = followed.all("loss")
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    assert all(weight.dtype == torch.float32 for weight in followed.model.parameters())


def test_the_seed_says_what_adapters_begin_with(tmp_path):
    def begin(seed):
        model = tiny_families.make("llama")
        return follow(model, TEN, tmp_path / str(seed), lora_rank=RANK, seed=seed).weights[0]

    one, again, other = begin(1), begin(1), begin(2)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one if "lora_A" in name)


def test_what_was_learned_is_merged_where_training_breaks_off():
    model = tiny_families.make("llama")
    before = weights(model)
    with pytest.raises(KeyError), lora.adapters(model, RANK, 0) as parameters:
        for parameter in parameters:
            parameter.data.fill_(1.0)
        raise KeyError
    name = "model.layers.0.mlp.up_proj.weight"
    added = weights(model)[name] - before[name]
    assert torch.allclose(added, torch.full_like(added, float(lora.ALPHA * RANK)))
