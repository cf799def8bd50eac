"""A packed tree against its rows one by one: the same logits and the same gradient, in every family."""

import pytest
import tiny_families
import torch

from core.models import tree_attention
from core.models.tree import Tree

ROWS = tiny_families.rows()
EXACT = 1e-5  # of the norm of what is compared; float32


def row_by_row(model):
    """The logits [tokens, words] of all rows, asked alone and in order."""
    return torch.cat([model(torch.tensor([row]), use_cache=False).logits[0] for row in ROWS])


def packed(model):
    """The same, asked at once."""
    tree_attention.use(model)
    tree = Tree.of(ROWS)
    given = tree_attention.arguments(model.config, tree.nodes, tree.nodes)
    logits = model(tree.tokens[None], use_cache=False, **given).logits[0]
    return logits[torch.cat(tree.paths)]


def gradient(model, logits):
    """Of the loss over every next token of every row, by name of the parameter."""
    ends = torch.tensor([len(row) for row in ROWS]).cumsum(0) - 1
    follows = torch.tensor([token for row in ROWS for token in [*row[1:], -100]])
    assert (follows[ends] == -100).all()
    model.zero_grad()
    torch.nn.functional.cross_entropy(logits.float(), follows, reduction="sum").backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


def apart(one, other):
    return ((one - other).float().norm() / other.float().norm()).item()


@pytest.mark.parametrize("block", [1, 7, 256])
@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_logits_and_every_gradient_are_those_of_row_by_row(family, block, monkeypatch):
    monkeypatch.setitem(tree_attention.BLOCK, "cpu", block)
    model = tiny_families.make(family)
    alone = row_by_row(model)
    wanted = gradient(model, alone)
    together = packed(model)
    found = gradient(model, together)
    assert apart(together, alone) <= EXACT
    assert found.keys() == wanted.keys()
    assert all(weight.norm() > 0 for weight in wanted.values())
    worst = max(wanted, key=lambda name: apart(found[name], wanted[name]))
    assert apart(found[worst], wanted[worst]) <= EXACT, worst


@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_the_kernel_for_graphics_cards_is_exact_too(family, monkeypatch):
    """It is plain torch, so it runs here as well."""
    monkeypatch.setattr(tree_attention, "_kernel", lambda device, whole=tree_attention._kernel: whole("cuda"))
    model = tiny_families.make(family)
    wanted = gradient(model, alone := row_by_row(model))
    found = gradient(model, together := packed(model))
    assert apart(together, alone) <= EXACT
    assert max(apart(found[name], wanted[name]) for name in wanted) <= EXACT


@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_weights_in_bfloat16_differ_by_their_rounding_alone(family):
    model = tiny_families.make(family)
    wanted = gradient(model, row_by_row(model))
    model.bfloat16()
    alone = gradient(model, row_by_row(model))
    found = gradient(model, packed(model))
    for name in wanted:  # as near to float32 as row by row is, which is some percent
        assert apart(found[name], wanted[name]) <= 2 * apart(alone[name], wanted[name]) + 0.02, name


@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_without_a_tree_the_model_attends_as_before(family):
    model = tiny_families.make(family)
    mask = torch.ones(2, 12, dtype=torch.long)
    mask[0, :5] = 0
    ids = torch.tensor([ROWS[0][:12], ROWS[5][:12]])
    where = (mask.cumsum(1) - 1).clamp(min=0)
    assert model.config._attn_implementation == "sdpa"
    before = model(ids, attention_mask=mask, position_ids=where).logits
    alone = model(ids[:1]).logits
    tree_attention.use(model)
    assert torch.equal(model(ids, attention_mask=mask, position_ids=where).logits, before)
    assert torch.equal(model(ids[:1]).logits, alone)


def test_blocks_hold_what_is_seen_and_nothing_that_no_query_sees(monkeypatch):
    monkeypatch.setitem(tree_attention.BLOCK, "cpu", 4)
    nodes = Tree.of(ROWS).nodes
    for window in (None, 3):
        whole = torch.zeros(nodes.shape[1], nodes.shape[1], dtype=torch.bool)
        cut = tree_attention.blocks(nodes, nodes, window)
        for block in cut:
            keys = torch.arange(nodes.shape[1])[block.keys]
            assert block.mask.shape == (len(whole[block.queries]), len(keys))
            assert block.mask.any(0).float().mean() > 0.9
            whole[block.queries, keys] = block.mask
        assert torch.equal(whole, tree_attention.visible(nodes, nodes, window))


@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_a_model_that_can_says_so_and_is_ready(family):
    model = tiny_families.make(family)
    assert tree_attention.exact(model, ROWS)
    assert model.config._attn_implementation == tree_attention.NAME
    assert tree_attention.exact(model, ROWS[:1])  # asked again, and about a single row
    assert tree_attention.exact(model, [[5]])


class Deaf(torch.nn.Module):
    """Stands for attention that a model computes by itself, causal, whatever else it is told."""

    def __init__(self, model):
        super().__init__()
        self.model, self.config = model, model.config
        self.device = model.device
        self.set_attn_implementation = model.set_attn_implementation

    def forward(self, input_ids, logits_to_keep=0, **ignored):
        return self.model(input_ids, logits_to_keep=logits_to_keep, use_cache=False)


@pytest.mark.parametrize("family", ["gemma2", "lfm2", "bloom", "deaf"])
def test_a_model_that_cannot_says_so_and_is_left_as_it_was(family):
    model = Deaf(tiny_families.make("llama")) if family == "deaf" else tiny_families.make(family)
    ids = torch.tensor([ROWS[0]])
    implementation, before = model.config._attn_implementation, model(ids).logits
    assert not tree_attention.exact(model, ROWS)
    assert model.config._attn_implementation == implementation != tree_attention.NAME
    assert torch.equal(model(ids).logits, before)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_window_that_is_off_by_one_is_noticed(off, monkeypatch):
    model = tiny_families.make("mistral")
    right = tree_attention.visible
    monkeypatch.setattr(
        tree_attention, "visible", lambda q, k, window=None: right(q, k, window and window + off)
    )
    assert not tree_attention.exact(model, ROWS)
