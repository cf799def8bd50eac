"""Many rows in one growing tree get the tokens that plain generation gives each of them alone."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation import greedy
from core.models import tree_attention

SHAPE = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "initializer_range": 0.4,  # generous, so that no two tokens come close
}
STOPS = [1, 2, 3, 4, 5]
LIMIT = 12
WINDOW = 6


def built(family, implementation="sdpa"):
    import torch
    import transformers as library

    torch.manual_seed(0)
    layers = ["sliding_attention", "full_attention", "sliding_attention"]
    config = {
        "gemma3": lambda: library.Gemma3TextConfig(
            **SHAPE, head_dim=8, sliding_window=WINDOW, layer_types=layers, query_pre_attn_scalar=8
        ),
        "llama": lambda: library.LlamaConfig(**SHAPE),
        "qwen2": lambda: library.Qwen2Config(**SHAPE),
        "qwen3": lambda: library.Qwen3Config(**SHAPE, head_dim=8),
    }[family]()
    return library.AutoModelForCausalLM.from_config(config, attn_implementation=implementation).eval()


def one_by_one(model, rows, limit=LIMIT):
    """What plain transformers write after each row, with the stop token."""
    import torch
    from transformers import GenerationConfig

    config = GenerationConfig(do_sample=False, max_new_tokens=limit, eos_token_id=STOPS, pad_token_id=0)
    written = []
    with torch.inference_mode():
        for row in rows:
            ids = torch.tensor([row])
            whole = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config
            )
            written.append(whole[0, len(row) :].tolist())
    return written


def together(model, rows, guesses=None, limit=LIMIT, at_once=64, tell=lambda done: None):
    tree_attention.use(model)
    found = greedy.answer(model, rows, guesses or [()] * len(rows), STOPS, limit, at_once, tell)
    return [one.tokens for one in found]


def drawn(seed=0):
    """Rows that share something: much, little and nothing; long and short ones; one that begins others."""
    numbers = random.Random(seed)

    def some(count):
        return tuple(numbers.randrange(6, 61) for _ in range(count))

    prefix = some(11)
    rows = [prefix + some(numbers.randrange(1, 7)) for _ in range(6)]
    rows += [prefix, prefix[:5], prefix[:5] + some(3), prefix + some(40), some(2), some(1), some(29)]
    return sorted(set(rows))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Models as small as these only lose by sharing their work out."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=["gemma3", "llama", "qwen2", "qwen3"])
def case(request):
    """A model, rows and what it answers one by one, as sdpa and as eager attention have it."""
    rows = drawn()
    answers = one_by_one(built(request.param), rows)
    assert one_by_one(built(request.param, "eager"), rows) == answers
    return built(request.param), rows, answers


def test_the_cases_hold_what_they_should(case):
    _, rows, answers = case
    assert min(map(len, rows)) < WINDOW < max(map(len, rows))
    ended = [answer[-1] in STOPS for answer in answers]
    assert not all(ended) and all(
        len(answer) == LIMIT for answer, end in zip(answers, ended, strict=True) if not end
    )
    assert len({len(answer) for answer in answers}) > 1, "no row ends before another"


@pytest.mark.parametrize("at_once", [64, 5, 1])
def test_together_as_one_by_one(case, at_once):
    model, rows, answers = case
    assert together(model, rows, at_once=at_once) == answers


def test_a_single_row(case):
    model, rows, answers = case
    assert together(model, rows[3:4]) == answers[3:4]


def test_memory_bounds_change_nothing(case, monkeypatch):
    """Few tokens at once, and everything let go as soon as no row sees it."""
    model, rows, answers = case
    monkeypatch.setattr(greedy, "TOKENS", 80)
    monkeypatch.setattr(greedy, "STALE", 0)
    assert together(model, rows) == answers


@pytest.mark.parametrize(("bound", "at_once"), [("TOKENS", 64), ("at_once", 2)])
def test_what_is_held_is_bounded_by_tokens_and_by_rows(case, monkeypatch, bound, at_once):
    """Were nothing let go, it would be everything that is read; rows that share little wait for others."""
    model, rows, _ = case
    monkeypatch.setattr(greedy, "TOKENS", 100 if bound == "TOKENS" else 10_000)
    sizes = []
    take = greedy.Held.take

    def watched(held, reads):
        best = take(held, reads)
        sizes.append(held.nodes.shape[1])
        assert all(layer.keys.shape[2] == sizes[-1] for layer in held.cache.layers)
        return best

    monkeypatch.setattr(greedy.Held, "take", watched)
    together(model, rows, at_once=at_once)
    assert max(sizes) < 1.4 * 100  # a quarter may be stale


@pytest.mark.parametrize("seed", range(3))
def test_guesses_change_nothing(case, seed):
    """Right ones, wrong ones, and those that are right here and there, as tokens come and go."""
    model, rows, answers = case
    numbers = random.Random(seed)

    def spoilt(answer):
        guess = list(answer)
        for _ in range(numbers.randrange(4)):
            place = numbers.randrange(len(guess) + 1)
            guess[place : place + numbers.randrange(3)] = [
                numbers.randrange(61) for _ in range(numbers.randrange(3))
            ]
        return guess

    assert together(model, rows, [spoilt(answer) for answer in answers]) == answers
    assert together(model, rows, [spoilt(numbers.choice(answers)) for _ in answers], at_once=4) == answers


def test_right_guesses_save_steps(case):
    model, rows, answers = case
    steps = []
    assert together(model, rows, answers, tell=steps.append) == answers
    assert len(steps) <= 4


def test_it_tells_how_many_are_answered_and_can_be_stopped(case):
    model, rows, _ = case
    told = []
    together(model, rows, at_once=4, tell=told.append)
    assert told[0] == 0 and told == sorted(told) and max(told) < len(rows)
    assert len(told) >= LIMIT

    class Enough(Exception):
        pass

    def stop(done):
        if done:
            raise Enough

    with pytest.raises(Enough):
        together(model, rows, tell=stop)


TOKEN = st.integers(6, 11)  # few, so that rows share their beginnings


@settings(max_examples=25, deadline=None)
@given(rows=st.sets(st.lists(TOKEN, min_size=1, max_size=12).map(tuple), min_size=1, max_size=6))
def test_whatever_the_rows_share(small, rows):
    model, plain = small
    rows = sorted(rows)
    assert together(model, rows, limit=4, at_once=3) == one_by_one(plain, rows, limit=4)


@pytest.fixture(scope="module")
def small():
    return built("gemma3"), built("gemma3")
