"""Many answers at once are the answers one by one."""

import pytest
import tiny_model

from core.evaluation.generate import generate
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
