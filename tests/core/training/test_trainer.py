"""What the trainer minimises is the loss on the answers alone, and what it saves loads plainly."""

import copy

import pytest
import tiny_families
import tiny_model
import tiny_training
import torch
from tiny_training import apart, follow, mean_loss, weights

from core.errors import StudioError
from core.prompt.family import family_of
from core.prompt.rows import encode
from core.schema import Example, ToolCall, read_tool
from core.training import head, trainer
from core.training.batches import EvenOrder

TOOLS = [
    read_tool({"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}})[0]
]
EXAMPLES = [
    Example.single("where?", ToolCall("find", {"q": "where"})),
    Example.single("a much longer thing to say than the first", ToolCall("find", {"q": "longer"})),
    Example.single("thanks", reply="You are welcome to it, really."),
]
SEVEN = tiny_training.rows(7)  # two steps of an epoch, the second with three rows
SHARED = pytest.mark.parametrize("shared", [True, False], ids=["packed", "padded"])


def steps_of(rows, size=4, epoch=0, seed=0):
    """The rows of each step."""
    order = EvenOrder(["a" if n % 2 else "b" for n in range(len(rows))], seed)
    order.set_epoch(epoch)
    order = list(order)
    return [[rows[n] for n in order[start : start + size]] for start in range(0, len(order), size)]


@SHARED
@pytest.mark.parametrize("at_once", [4, 2, 1])
def test_the_logged_loss_is_the_mean_over_all_trained_tokens_of_the_step(
    shared, at_once, tmp_path, monkeypatch
):
    """Of every step: also of an incomplete last one, also where the step takes several turns."""
    tiny_training.micro(at_once, SEVEN, monkeypatch)
    judge = tiny_families.make("gemma3")
    followed = follow(copy.deepcopy(judge), SEVEN, tmp_path, shared=shared, epochs=2)
    steps = [*steps_of(SEVEN), *steps_of(SEVEN, epoch=1)]
    assert [len(rows) for rows in steps] == [4, 3, 4, 3]
    assert len(followed.all("loss")) == len(followed.weights) == followed.trained.steps == 4
    for rows, before, logged in zip(steps, followed.weights, followed.all("loss"), strict=True):
        judge.load_state_dict(before, strict=False)
        assert logged == pytest.approx(mean_loss(judge, rows).item(), rel=1e-5)


@SHARED
@pytest.mark.parametrize("at_once", [4, 1])
def test_a_step_goes_against_the_gradient_of_that_loss(shared, at_once, tmp_path, monkeypatch):
    """With plain gradient descent, where the step is the gradient times the learning rate."""
    tiny_training.micro(at_once, SEVEN, monkeypatch)
    judge = tiny_families.make("gemma3")
    plain = {"optim": "sgd", "max_grad_norm": 0.0}
    followed = follow(copy.deepcopy(judge), SEVEN, tmp_path, shared=shared, learning_rate=1e-2, more=plain)
    judge.load_state_dict(followed.weights[1], strict=False)
    mean_loss(judge, steps_of(SEVEN)[1]).backward()
    wanted = {name: weight.detach() - 1e-2 * weight.grad for name, weight in judge.named_parameters()}
    assert apart(weights(followed.model), wanted, followed.weights[1]) < 1e-3  # of small differences


@SHARED
def test_num_tokens_are_those_of_the_plain_rows(shared, tmp_path):
    logged = follow(
        tiny_families.make("gemma3"), SEVEN, tmp_path, shared=shared, test=SEVEN[:2], epochs=2
    ).all("num_tokens")
    one, whole = (sum(len(row.input_ids) for row in rows) for rows in (steps_of(SEVEN)[0], SEVEN))
    assert [logged[0], logged[1], logged[-1]] == [one, whole, 2 * whole]


def test_packed_and_padded_training_arrive_at_the_same_weights(tmp_path):
    start = tiny_families.make("gemma3")
    rows = tiny_training.rows(12)
    packed = follow(copy.deepcopy(start), rows, tmp_path / "a", shared=True, test=rows[:7])
    padded = follow(copy.deepcopy(start), rows, tmp_path / "b", shared=False, test=rows[:7])
    assert packed.trained.steps == 3
    # Adam makes a full step of the smallest gradient, so rounding shows more than in the gradient.
    assert apart(weights(packed.model), weights(padded.model), weights(start)) < 1e-3
    assert packed.all("loss") == pytest.approx(padded.all("loss"), rel=1e-4)
    assert packed.all("eval_loss") == pytest.approx(padded.all("eval_loss"), rel=1e-4)


@SHARED
def test_what_rows_share_is_read_once_where_asked_for(shared, tmp_path):
    model, read = tiny_families.make("gemma3"), []
    model.model.register_forward_pre_hook(
        lambda module, given, named: read.append(named["input_ids"].numel()), with_kwargs=True
    )
    rows = tiny_training.rows(4)
    follow(model, rows, tmp_path, shared=shared)
    longest, plain = max(len(row.input_ids) for row in rows), sum(len(row.input_ids) for row in rows)
    assert read == ([plain - 3 * 15] if shared else [4 * longest])  # they have 15 tokens in common


@SHARED
def test_a_step_of_many_turns_asks_the_device_no_more_often(shared, tmp_path, monkeypatch):
    """A number that is asked for makes a graphics card wait; once a step is enough."""
    rows, asked = tiny_training.rows(8), []
    monkeypatch.setattr(
        torch.Tensor, "item", lambda self, whole=torch.Tensor.item: (asked.append(1), whole(self))[1]
    )

    def times(at_once):
        asked.clear()
        tiny_training.micro(at_once, rows, monkeypatch)
        folder = tmp_path / str(at_once)
        assert follow(tiny_families.make("gemma3"), rows, folder, shared=shared).trained.steps == 2
        return len(asked)

    once = times(4)
    assert 0 < times(1) <= once


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("at_once", [4, 1])
def test_the_gradients_of_embedding_and_head_are_the_plain_ones(tied, at_once, tmp_path, monkeypatch):
    """Though they are made in place: read from a step of plain gradient descent. The model is left as it was."""
    rows = tiny_training.rows(4)
    tiny_training.micro(at_once, rows, monkeypatch)
    monkeypatch.setattr(head, "WORDS", 20)  # several pieces, the last one smaller
    judge = tiny_families.make("gemma3", tie_word_embeddings=tied)
    model = copy.deepcopy(judge)
    follow(model, rows, tmp_path, learning_rate=1.0, more={"optim": "sgd", "max_grad_norm": 0.0})
    mean_loss(judge, rows).backward()
    for part in ("get_input_embeddings", "get_output_embeddings"):
        before, after = getattr(judge, part)().weight, getattr(model, part)()
        step = before.detach() - after.weight.detach()
        assert (step - before.grad).norm() <= 1e-6 * max(before.norm(), before.grad.norm())
        assert not {"forward", "weight"} & vars(after).keys() and not getattr(after, "sparse", False)
        assert not after._forward_hooks and not after._forward_pre_hooks
    unread = set(range(tiny_families.WORDS)) - {word for row in rows for word in row.input_ids}
    assert bool(judge.get_input_embeddings().weight.grad[list(unread)].any()) == tied


def test_a_batch_that_processes_cannot_divide_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(StudioError, match="batch of 4 cannot be divided among 3") as caught:
        follow(tiny_families.make("llama"), SEVEN, tmp_path)
    assert caught.value.where == "batch_size"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def model(folder):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def rows(tokenizer):
    family = family_of(tokenizer)
    return [encode(example, TOOLS, family, tokenizer) for example in EXAMPLES]


@SHARED
def test_training_learns_its_rows_and_what_is_saved_loads_plainly(shared, model, tokenizer, rows, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    followed = follow(model, rows, tmp_path / "t", shared=shared, test=rows[:1], epochs=3, batch_size=2)
    losses = followed.all("loss")
    assert followed.trained.steps == len(losses) == 6 and losses[-1] < losses[0]
    assert len(followed.all("eval_loss")) == 3

    trainer.save(model.bfloat16(), tokenizer, tmp_path / "model")
    assert not (tmp_path / "model.partial").exists()
    assert list((tmp_path / "model").glob("*.safetensors")) and not list((tmp_path / "model").glob("*.bin"))
    assert "callwright" not in (tmp_path / "model" / "config.json").read_text()
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.bfloat16)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))
    assert AutoTokenizer.from_pretrained(tmp_path / "model").chat_template == tokenizer.chat_template
    assert len(GenerationConfig.from_pretrained(tmp_path / "model").eos_token_id) == 3


def test_what_is_longer_than_the_model_reads_is_named(rows):
    longest = max(len(row.input_ids) for row in rows)
    trainer.check_window(EXAMPLES, rows, longest)
    with pytest.raises(StudioError, match=f"needs {longest} tokens") as caught:
        trainer.check_window(EXAMPLES, rows, longest - 1)
    assert "a much longer thing" in caught.value.where


def test_each_epoch_of_a_training_has_its_own_order(tmp_path, monkeypatch):
    seen = []
    whole = EvenOrder.__iter__
    monkeypatch.setattr(EvenOrder, "__iter__", lambda self: (seen.append(self.epoch), whole(self))[1])
    follow(tiny_families.make("llama"), SEVEN, tmp_path, epochs=3)
    assert seen == [0, 1, 2]
