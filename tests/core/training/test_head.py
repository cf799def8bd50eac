"""The gradient of head and embedding is the plain one, and only one matrix of that size is made."""

import copy

import pytest
import tiny_families
import torch

from core.training import head

ROWS = torch.tensor([[5, 9, 9, 41, 3], [7, 9, 60, 2, 5]])
AUTOCAST = pytest.mark.parametrize("rounded", [False, True])


def turn(model, rows, rounded):
    with torch.autocast("cpu", torch.bfloat16, enabled=rounded):
        logits = model(rows, use_cache=False).logits
    torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), rows.flatten()).backward()


def gradients(model):
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


@AUTOCAST
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("words", [1 << 20, 7])  # pieces that divide the vocabulary, and pieces that do not
def test_it_is_the_plain_gradient_also_over_several_turns_and_steps(tied, rounded, words, monkeypatch):
    monkeypatch.setattr(head, "WORDS", words)
    judge = tiny_families.make("gemma3", tie_word_embeddings=tied)
    model = copy.deepcopy(judge)
    with head.gradient_in_place(model):
        for _ in range(2):  # the second finds what the first has left
            for one in (judge, model):
                one.zero_grad()
                for row in ROWS:  # turns
                    turn(one, row[None], rounded)
            plain = gradients(judge)
            for name, gradient in gradients(model).items():
                apart = (gradient - plain[name]).norm() / plain[name].norm()
                assert apart < (1e-2 if rounded else 1e-6), name


def test_afterwards_the_model_is_as_it_was():
    model = tiny_families.make("gemma3")
    before = model(ROWS).logits
    with pytest.raises(KeyError), head.gradient_in_place(model):
        turn(model, ROWS, False)
        raise KeyError
    assert not model.get_input_embeddings().sparse
    assert "forward" not in vars(model.get_output_embeddings())
    assert torch.equal(model(ROWS).logits, before)
    model.zero_grad()
    turn(model, ROWS, False)
    assert model.get_input_embeddings().weight.grad.any()


def test_a_forward_that_fails_leaves_the_weight_in_its_place():
    model = tiny_families.make("gemma3")
    with head.gradient_in_place(model):
        with pytest.raises((IndexError, RuntimeError)):
            model(torch.tensor([[10**6]]))
        assert isinstance(model.get_input_embeddings().weight, torch.nn.Parameter)


def test_a_head_that_is_not_trained_is_left_alone():
    model = tiny_families.make("gemma3")
    model.get_output_embeddings().weight.requires_grad_(False)
    with head.gradient_in_place(model):
        assert "forward" not in vars(model.get_output_embeddings())


@AUTOCAST
def test_a_turn_makes_one_matrix_of_its_size_at_most(rounded, monkeypatch):
    """In bfloat16 the rounded weights, in float32 none: the gradient was there before."""
    monkeypatch.setattr(head, "WORDS", 1000)
    model = tiny_families.make("gemma3", vocab_size=20_000)
    size = model.get_output_embeddings().weight.nbytes

    def large():
        with torch.profiler.profile(profile_memory=True) as profile:
            turn(model, ROWS, rounded)
        model.zero_grad()
        made = []

        def look(events):
            for event in events:
                if event.tag.name == "Allocation":
                    made.append(event.typed[1].alloc_size)
                look(event.children)

        look(profile.profiler.kineto_results.experimental_event_tree())
        logits = ROWS.numel() * 20_000 * 4
        assert logits < size / 2
        return sum(nbytes >= size / 2 for nbytes in made)

    assert large() > 1 + rounded
    with head.gradient_in_place(model):
        assert large() == rounded
