"""Many answers at once are the answers one by one."""

import pytest
import tiny_model

from core.evaluation import generate as module
from core.evaluation import sharing
from core.evaluation.generate import generate
from core.models import tree_attention
from core.prompt.family import family_of


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, tokenizer, family_of(tokenizer)


def prompts(tokenizer, *sizes):
    return [tokenizer.encode("<bos>" + chr(97 + n % 26) * n, add_special_tokens=False) for n in sizes]


def test_a_batch_gives_what_each_row_gives_alone(tiny):
    """Also beyond the sliding window of 512 positions, and whatever stands beside a row."""
    model, tokenizer, family = tiny
    rows = prompts(tokenizer, 3, 700, 40, 41, 9)
    alone = [generate(model, tokenizer, family, [row], max_new_tokens=12)[0] for row in rows]
    assert generate(model, tokenizer, family, rows, max_new_tokens=12) == alone
    assert generate(model, tokenizer, family, rows, max_new_tokens=12, batch_size=2) == alone


@pytest.fixture
def unshared(tiny, monkeypatch):
    """No model can pack rows."""
    monkeypatch.setattr(sharing, "_answers", {})
    tiny[0].set_attn_implementation("sdpa")
    monkeypatch.setattr(tree_attention, "visible", lambda *_: 1 / 0)


def test_a_model_that_cannot_share_gives_the_same_in_padded_batches(tiny, unshared, monkeypatch):
    model, tokenizer, family = tiny
    rows = prompts(tokenizer, 3, 700, 40, 41, 9)
    alone = [generate(model, tokenizer, family, [row], max_new_tokens=12)[0] for row in rows]
    monkeypatch.setattr(module, "PADDED", 2)
    told = []
    answers = generate(
        model, tokenizer, family, rows, max_new_tokens=12, progress=lambda *numbers: told.append(numbers)
    )
    assert answers == alone
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_a_kind_of_model_is_asked_once_whether_it_can_share(tiny, monkeypatch):
    import copy

    from transformers import AutoModelForCausalLM

    monkeypatch.setattr(sharing, "_answers", {})
    model, tokenizer, _ = tiny
    rows, asked = prompts(tokenizer, 5, 6), []
    exact = tree_attention.exact
    monkeypatch.setattr(tree_attention, "exact", lambda *given: asked.append(given) or exact(*given))
    twin = AutoModelForCausalLM.from_config(copy.deepcopy(model.config), attn_implementation="sdpa").eval()
    assert sharing.can_share(model, rows) and sharing.can_share(twin, rows) and len(asked) == 1
    assert twin.config._attn_implementation == tree_attention.NAME
    assert sharing.can_share(
        AutoModelForCausalLM.from_config(copy.deepcopy(model.config), attn_implementation="sdpa")
        .bfloat16()
        .eval(),
        rows,
    )
    assert len(asked) == 2


def test_equal_prompts_have_equal_answers_in_their_places(tiny):
    model, tokenizer, family = tiny
    one, two = prompts(tokenizer, 4, 7)
    told = []
    answers = generate(
        model,
        tokenizer,
        family,
        [two, one, two, one],
        max_new_tokens=5,
        guesses=[[9], [8], [7], [6]],
        progress=lambda *numbers: told.append(numbers),
    )
    alone = [generate(model, tokenizer, family, [row], max_new_tokens=5)[0] for row in (two, one)]
    assert answers == alone * 2
    assert told[0] == (0, 2) and told[-1] == (2, 2)


def test_a_penalty_that_comes_with_a_model_changes_nothing(tiny, unshared):
    model, tokenizer, family = tiny
    rows = prompts(tokenizer, 3, 5)
    before = generate(model, tokenizer, family, rows, max_new_tokens=12)
    model.generation_config.repetition_penalty = 3.0
    try:
        assert generate(model, tokenizer, family, rows, max_new_tokens=12) == before
    finally:
        model.generation_config.repetition_penalty = None


def test_nothing_to_answer(tiny):
    assert generate(*tiny, [], max_new_tokens=5) == []


def test_an_answer_is_cut_at_its_stop_token_and_says_whether_it_ended(tiny):
    import torch

    model, tokenizer, family = tiny
    rows = prompts(tokenizer, 5, 6)
    [open_end, _] = generate(model, tokenizer, family, rows, max_new_tokens=3)
    assert (open_end.tokens, open_end.ended) == (3, False)
    stop = family.stop_ids(tokenizer)[0]
    bias = model.get_output_embeddings().weight.data
    kept = bias.clone()
    with torch.no_grad():  # the stop token wins at once
        hidden = model.model(torch.tensor([rows[0]])).last_hidden_state[0, -1]
        bias[stop] = hidden * 100
    [ended, _] = generate(model, tokenizer, family, rows, max_new_tokens=3)
    with torch.no_grad():
        bias.copy_(kept)
    assert (ended.text, ended.tokens, ended.ended) == ("", 0, True)


def test_progress_can_end_the_work(tiny):
    model, tokenizer, family = tiny

    class Enough(Exception):
        pass

    def progress(done, total):
        assert total == 3
        if done >= 2:
            raise Enough

    with pytest.raises(Enough):
        generate(
            model,
            tokenizer,
            family,
            prompts(tokenizer, 3, 4, 5),
            max_new_tokens=2,
            batch_size=2,
            progress=progress,
        )
