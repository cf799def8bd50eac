"""Of the vocabulary only some words are trained, with the gradient that they would have, and the rest is untouched."""

import copy

import pytest
import tiny_families
import tiny_training
import torch
from tiny_training import CONTROL, follow

from core.training.vocabulary import RATE, words_alone

ROWS = torch.tensor([[5, 9, 17, 41, 4], [7, 4, 60, 2, 5]])
TIED = pytest.mark.parametrize("tied", [True, False])
FAMILIES = pytest.mark.parametrize("family", ["gemma3", "llama"])  # the first multiplies what it looks up


def loss(model):
    logits = model(ROWS, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ROWS.flatten())


@TIED
@FAMILIES
def test_their_gradient_is_that_of_training_all_words_and_so_is_the_rest(family, tied):
    judge = tiny_families.make(family, tie_word_embeddings=tied)
    model = copy.deepcopy(judge)
    loss(judge).backward()
    with words_alone(model, CONTROL) as rows:
        assert len(rows) == (1 if tied else 2)
        assert torch.allclose(loss(model), loss(judge))
        loss(model).backward()
        ends = (judge.get_input_embeddings(), judge.get_output_embeddings())
        for ours, end in zip(rows, ends, strict=False):
            plain = end.weight.grad[CONTROL]
            assert (ours.grad - plain).norm() <= 1e-5 * plain.norm()
        theirs = dict(judge.named_parameters())
        for name, weight in model.named_parameters():
            if name in theirs and weight.grad is not None:
                assert (weight.grad - theirs[name].grad).norm() <= 1e-5 * theirs[name].grad.norm(), name
        assert model.get_input_embeddings().weight.grad is None
        assert model.get_output_embeddings().weight.grad is None


@TIED
def test_a_training_moves_them_and_no_other_word(tied, tmp_path):
    model = tiny_families.make("gemma3", tie_word_embeddings=tied)
    names = {name for name, _ in model.named_parameters()}
    ends = [layer.weight for layer in (model.get_input_embeddings(), model.get_output_embeddings())]
    before = [end.detach().clone() for end in ends]
    others = [word for word in range(tiny_families.WORDS) if word not in CONTROL]
    some = tiny_training.rows(8)
    for row in some:
        row.input_ids[3:6] = CONTROL
    followed = follow(model, some, tmp_path, vocabulary="calls")
    for end, old in zip(ends, before, strict=True):
        assert torch.equal(end[others], old[others])
        assert (end[CONTROL] != old[CONTROL]).any(1).all()
    assert {name for name, _ in model.named_parameters()} == names
    assert all(weight.requires_grad for weight in model.parameters())
    assert (
        not model.get_input_embeddings()._forward_hooks and not model.get_output_embeddings()._forward_hooks
    )
    # Adam's first step is the learning rate, whatever the gradient.
    first, second = followed.weights
    (name,) = [name for name in first if name.endswith("tokens.words")]
    assert float((second[name] - first[name]).abs().max()) == pytest.approx(RATE * 1e-3, rel=1e-2)
    other = "model.norm.weight"
    assert float((second[other] - first[other]).abs().max()) == pytest.approx(1e-3, rel=1e-2)


def test_without_such_words_the_vocabulary_rests(tmp_path):
    model = tiny_families.make("llama")
    before = model.get_input_embeddings().weight.detach().clone()
    with words_alone(model, []) as rows:
        assert rows == [] and not model.get_input_embeddings().weight.requires_grad
        loss(model).backward()
    assert torch.equal(model.get_input_embeddings().weight, before)
    assert model.get_input_embeddings().weight.requires_grad


def test_what_was_learned_stays_where_training_breaks_off():
    model = tiny_families.make("gemma3")
    with pytest.raises(KeyError), words_alone(model, CONTROL) as rows:
        rows[0].data.fill_(3.0)
        raise KeyError
    assert (model.get_input_embeddings().weight[CONTROL] == 3).all()
