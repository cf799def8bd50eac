"""The loss on the answers alone is the loss of the whole, with the whole thrown away."""

from dataclasses import replace

import pytest
import tiny_model

from core.errors import StudioError
from core.prompt.family import family_of
from core.prompt.rows import IGNORED, encode
from core.schema import Example, ToolCall, read_tool
from core.training.batches import EvenOrder, collate
from core.training.recipe import RunConfig

TOOLS = [
    read_tool({"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}})[0]
]
EXAMPLES = [
    Example.single("where?", ToolCall("find", {"q": "where"})),
    Example.single("a much longer thing to say than the first", ToolCall("find", {"q": "longer"})),
    Example.single("thanks", reply="You are welcome to it, really."),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def model(folder):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def rows(tokenizer):
    family = family_of(tokenizer)
    return [encode(example, TOOLS, family, tokenizer) for example in EXAMPLES]


def item(row):
    return {"input_ids": row.input_ids, "labels": row.labels}


def test_a_batch_ends_together_and_keeps_every_label(rows):
    batch = collate([item(row) for row in rows])
    assert batch["input_ids"].shape == batch["attention_mask"].shape == batch["position_ids"].shape
    for i, row in enumerate(rows):
        n = len(row.input_ids)
        assert batch["input_ids"][i, -n:].tolist() == row.input_ids
        assert batch["position_ids"][i, -n:].tolist() == list(range(n))
        assert batch["attention_mask"][i].sum() == n
        taught = [label for label in batch["labels"][i].tolist() if label != IGNORED]
        assert taught == row.input_ids[row.prompt_length :]
    assert batch["labels"].shape[1] == max(len(row.input_ids) - row.prompt_length for row in rows)


def test_loss_and_gradient_are_those_of_each_row_alone(model, tokenizer, rows, tmp_path):
    """Against plain transformers, one unpadded row at a time, summed over all taught tokens."""
    import torch

    from core.training.trainer import _arguments, _trainer_class

    taught = sum(len(row.input_ids) - row.prompt_length for row in rows)
    total = 0.0
    for row in rows:
        logits = model(torch.tensor([row.input_ids])).logits[0, :-1]
        loss = torch.nn.functional.cross_entropy(
            logits, torch.tensor(row.labels[1:]), ignore_index=IGNORED, reduction="sum"
        )
        (loss / taught).backward()
        total += loss.item() / taught
    wanted = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()

    from datasets import Dataset

    config = replace(RunConfig(), dtype="float32")
    trainer = _trainer_class()(
        order=EvenOrder([""] * len(rows), 0),
        model=model,
        args=_arguments(config, tmp_path, False),
        train_dataset=Dataset.from_list([item(row) for row in rows]),
        processing_class=tokenizer,
        data_collator=collate,
    )
    loss = trainer.compute_loss(model, collate([item(row) for row in rows]), num_items_in_batch=taught)
    loss.backward()
    assert loss.item() == pytest.approx(total, rel=1e-5)
    for name, parameter in model.named_parameters():
        if name in wanted:
            assert torch.allclose(parameter.grad, wanted[name], rtol=1e-3, atol=1e-6), name


def test_training_learns_its_rows_and_what_is_saved_loads_plainly(model, tokenizer, rows, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, TrainerCallback

    from core.training import trainer

    losses = []

    class Listen(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **kwargs):
            losses.append(logs)

    config = RunConfig(epochs=3, batch_size=2, learning_rate=1e-3, dtype="float32")
    trained = trainer.train(
        model, tokenizer, rows, ["a", "a", ""], rows[:1], config, tmp_path / "t", [Listen()]
    )
    steps = [log["loss"] for log in losses if "loss" in log]
    assert trained.steps == len(steps) == 6 and steps[-1] < steps[0]
    assert sum("eval_loss" in log for log in losses) == 3

    trainer.save(model.bfloat16(), tokenizer, tmp_path / "model")
    assert not (tmp_path / "model.partial").exists()
    assert list((tmp_path / "model").glob("*.safetensors")) and not list((tmp_path / "model").glob("*.bin"))
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.bfloat16)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))
    assert AutoTokenizer.from_pretrained(tmp_path / "model").chat_template == tokenizer.chat_template
    assert len(GenerationConfig.from_pretrained(tmp_path / "model").eos_token_id) == 3


def test_what_is_longer_than_the_model_reads_is_named(rows):
    from core.training.trainer import check_window

    longest = max(len(row.input_ids) for row in rows)
    check_window(EXAMPLES, rows, longest)
    with pytest.raises(StudioError, match=f"needs {longest} tokens") as caught:
        check_window(EXAMPLES, rows, longest - 1)
    assert "a much longer thing" in caught.value.where


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
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


def test_each_epoch_of_a_training_has_its_own_order(model, tokenizer, rows, tmp_path, monkeypatch):
    from core.training import trainer

    seen = []
    whole = EvenOrder.__iter__
    monkeypatch.setattr(EvenOrder, "__iter__", lambda self: (seen.append(self.epoch), whole(self))[1])
    config = RunConfig(epochs=3, batch_size=4, dtype="float32")
    trainer.train(model, tokenizer, rows, ["a", "a", ""], [], config, tmp_path, [])
    assert seen == [0, 1, 2]


def test_what_is_kept_is_the_average_of_the_last_steps(model, tokenizer, rows, tmp_path):
    import torch
    from transformers import TrainerCallback

    from core.training import trainer

    path = []

    class Follow(TrainerCallback):
        def on_step_end(self, args, state, control, model=None, **kwargs):
            path.append([weight.detach().clone() for weight in model.parameters()])

    config = RunConfig(epochs=5, batch_size=4, dtype="float32", average=3, learning_rate=1e-3)
    trainer.train(model, tokenizer, rows, ["a", "a", ""], [], config, tmp_path, [Follow()])
    wanted = path[0]
    for n, weights in enumerate(path[1:], 2):
        share = 1 / min(n, 3)
        wanted = [old + (new - old) * share for old, new in zip(wanted, weights, strict=True)]
    assert len(path) == 5
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(model.parameters(), wanted, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(model.parameters(), path[-1], strict=True))


def test_an_average_over_one_step_is_the_last_step(model, tokenizer, rows, tmp_path):
    import torch
    from transformers import TrainerCallback

    from core.training import trainer

    last = []

    class Follow(TrainerCallback):
        def on_step_end(self, args, state, control, model=None, **kwargs):
            last[:] = [weight.detach().clone() for weight in model.parameters()]

    config = RunConfig(epochs=2, batch_size=4, dtype="float32", average=1)
    trainer.train(model, tokenizer, rows, ["a", "a", ""], [], config, tmp_path, [Follow()])
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), last, strict=True))
