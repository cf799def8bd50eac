"""Both kinds of batches ask for what row by row asks for: the same loss, the same gradient."""

import itertools

import pytest
import tiny_families
import torch

from core.models import tree_attention
from core.prompt.rows import IGNORED
from core.training import batches
from core.training.batches import BLANK, EvenOrder, collate_padded, collate_tree, micro_batch

TOKENS = tiny_families.rows()
EXACT = 1e-5
ANSWER = 3  # trained tokens of a row
SETS = {
    "a project": TOKENS,
    "nothing shared": [[3 + n, *row] for n, row in enumerate(TOKENS)],
    "all the same": [TOKENS[0]] * 3,
    "one row": TOKENS[:1],
    "each begins the next": [TOKENS[0][:n] for n in (6, 12, 18)],
}


def item(ids, kind):
    """`kind`: the loss on the last tokens, on every token, or on two turns with something read between them."""
    labels = list(ids)
    if kind != "every token":
        labels[:-ANSWER] = [IGNORED] * (len(ids) - ANSWER)
    if kind == "two turns":
        labels[2:4] = ids[2:4]
    return {"input_ids": list(ids), "labels": labels}


def loss_of(model, batch):
    """As the trainer computes it, summed."""
    inputs = {
        name: value for name, value in batch.items() if name not in ("labels", "shift_labels", "num_tokens")
    }
    if "nodes" in inputs:
        nodes = inputs.pop("nodes")
        inputs |= tree_attention.arguments(model.config, nodes, nodes)
    logits = model(**inputs, use_cache=False).logits
    assert logits.shape[:2].numel() == batch["labels"].numel()
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED, reduction="sum"
    )


def alone(model, rows):
    """Summed over the rows, by nothing but the model and the definition."""
    total = torch.zeros(())
    for row in rows:
        logits = model(torch.tensor([row["input_ids"]]), use_cache=False).logits[0]
        chance = logits.log_softmax(-1)
        for n in range(1, len(row["labels"])):
            if row["labels"][n] != IGNORED:
                total = total - chance[n - 1, row["labels"][n]]
    return total


def gradient(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


@pytest.mark.parametrize("collate", [collate_tree, collate_padded])
@pytest.mark.parametrize("kind", ["the answer", "every token", "two turns"])
@pytest.mark.parametrize("given", SETS)
def test_loss_and_gradient_are_those_of_row_by_row(given, kind, collate):
    model = tiny_families.make("gemma3")
    rows = [item(ids, kind) for ids in SETS[given]]
    wanted_loss = alone(model, rows)
    wanted = gradient(model, wanted_loss)
    if collate is collate_tree:
        tree_attention.use(model)
    loss = loss_of(model, collate(rows))
    found = gradient(model, loss)
    assert loss.item() == pytest.approx(wanted_loss.item(), rel=EXACT)
    for name in wanted:
        assert (found[name] - wanted[name]).norm() <= EXACT * wanted[name].norm(), name


@pytest.mark.parametrize("collate", [collate_tree, collate_padded])
@pytest.mark.parametrize("kind", ["the answer", "every token", "two turns"])
def test_labels_count_each_trained_token_of_each_row_once(kind, collate):
    rows = [item(ids, kind) for ids in TOKENS]
    batch = collate(rows)
    wanted = [label for row in rows for label in row["labels"][1:] if label != IGNORED]
    found = batch["shift_labels"][batch["shift_labels"] != IGNORED].tolist()
    assert found == wanted
    assert batch["labels"] is batch["shift_labels"]
    assert batch["num_tokens"].tolist() == [sum(map(len, TOKENS))]


def test_a_packed_batch_holds_each_shared_token_once():
    rows = [item(ids, "the answer") for ids in SETS["all the same"]]
    assert collate_tree(rows)["input_ids"].shape == (1, len(TOKENS[0]))
    assert collate_padded(rows)["input_ids"].shape == (3, len(TOKENS[0]))


def test_a_padded_batch_ends_together_and_counts_positions_from_the_first_token():
    batch = collate_padded([item(ids, "the answer") for ids in TOKENS])
    assert batch["input_ids"].shape == batch["attention_mask"].shape == batch["position_ids"].shape
    for i, ids in enumerate(TOKENS):
        n = len(ids)
        assert batch["input_ids"][i, -n:].tolist() == ids
        assert batch["position_ids"][i, -n:].tolist() == list(range(n))
        assert batch["attention_mask"][i].sum() == n
    assert batch["labels"].shape[1] == ANSWER


@pytest.mark.parametrize("collate", [collate_tree, collate_padded])
def test_a_blank_row_adds_nothing_and_a_batch_of_blanks_is_nothing(collate):
    model = tiny_families.make("llama")
    tree_attention.use(model)
    rows = [item(ids, "the answer") for ids in TOKENS]
    plain, filled = collate(rows), collate([*rows, BLANK])
    assert loss_of(model, filled).item() == pytest.approx(loss_of(model, plain).item(), rel=EXACT)
    assert filled["num_tokens"].tolist() == plain["num_tokens"].tolist()
    nothing = collate([BLANK, BLANK])
    assert nothing["num_tokens"].item() == 0 and nothing["shift_labels"].ne(IGNORED).sum() == 0
    assert all((weight == 0).all() for weight in gradient(model, loss_of(model, nothing)).values())


def rows_of(length, trained):
    return [{"input_ids": [5] * length, "labels": [IGNORED] * (length - trained) + [5] * trained}]


def test_a_micro_batch_is_the_whole_batch_where_memory_bears_it():
    for size in (1, 3, 4, 16):
        assert micro_batch(size, rows_of(160, 20), 262_144) == size


@pytest.mark.parametrize(("at_once", "found"), [(0, 12), (12, 12), (256, 12), (6, 6), (5, 4), (1, 1)])
def test_a_micro_batch_holds_no_more_rows_than_were_asked_for(at_once, found):
    assert micro_batch(12, rows_of(100, 20), 1000, at_once) == found


def test_a_micro_batch_divides_the_batch_and_stays_within_memory():
    vocabulary, trained = 262_144, 60
    most = batches.LOGITS_BYTES // (trained * vocabulary * batches.BYTES_PER_LOGIT)
    assert 4 < most < 12
    assert micro_batch(12, rows_of(100, trained), vocabulary) == 6
    assert micro_batch(7, rows_of(100, trained), vocabulary) == 7
    assert micro_batch(13, rows_of(100, trained), vocabulary) == 1  # a prime


def test_a_micro_batch_of_long_rows_is_bounded_by_their_tokens():
    assert micro_batch(8, rows_of(batches.TOKENS // 4, 1), 100) == 4
    assert micro_batch(8, rows_of(batches.TOKENS // 3, 1), 100) == 2
    assert micro_batch(8, rows_of(batches.TOKENS * 2, 1), 100) == 1
    short_and_long = rows_of(10, 1) + rows_of(batches.TOKENS // 2, 1)
    assert micro_batch(8, short_and_long, 100) == 2


def test_every_batch_is_as_mixed_as_the_whole():
    groups = ["docs"] * 10 + ["web"] * 10
    for epoch in range(5):
        order = EvenOrder(groups, seed=3)
        order.set_epoch(epoch)
        rows = list(order)
        assert sorted(rows) == list(range(20))
        for start in range(0, 20, 4):
            assert sorted(groups[row] for row in rows[start : start + 4]) == ["docs", "docs", "web", "web"]


def test_the_order_changes_with_epoch_and_seed_and_with_nothing_else():
    def order(seed, epoch):
        made = EvenOrder(["a", "b", ""] * 5, seed)
        made.set_epoch(epoch)
        return list(made)

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, epoch)) for seed, epoch in itertools.product(range(3), repeat=2)}) == 9


@pytest.mark.parametrize("rows", [1, 7, 8])
def test_an_order_is_filled_up_with_blanks_at_its_end(rows):
    plain, filled = EvenOrder(["a"] * rows, 0), EvenOrder(["a"] * rows, 0, 4)
    assert len(filled) == len(list(filled)) == -(-rows // 4) * 4
    assert list(filled)[:rows] == list(plain)
    assert set(list(filled)[rows:]) <= {rows}
