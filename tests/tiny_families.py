"""Models of a few thousand random weights from the families that people tune, and token rows for them."""

import random
from typing import Any

WORDS = 97
WINDOW = 6
FAMILIES = ("gemma3", "llama", "qwen2", "qwen2 sliding", "qwen3", "mistral")


def make(family: str, *, seed: int = 0, **more: Any) -> Any:
    """A model in float32 whose every weight says something; `more` goes to its config."""
    import torch
    import transformers as hf

    # Sharper than new weights are: attention must choose, or a wrong mask would hardly show.
    common = {
        "vocab_size": WORDS,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.2,
        "pad_token_id": 0,
    }
    kinds = ["sliding_attention", "full_attention", "sliding_attention"]
    chosen = {
        "gemma3": (
            hf.Gemma3ForCausalLM,
            hf.Gemma3TextConfig,
            {
                "head_dim": 8,
                "sliding_window": WINDOW,
                "layer_types": kinds,
                "query_pre_attn_scalar": 8,
            },
        ),
        "llama": (hf.LlamaForCausalLM, hf.LlamaConfig, {}),
        "qwen2": (hf.Qwen2ForCausalLM, hf.Qwen2Config, {}),
        "qwen2 sliding": (
            hf.Qwen2ForCausalLM,
            hf.Qwen2Config,
            {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1},
        ),
        "qwen3": (hf.Qwen3ForCausalLM, hf.Qwen3Config, {"head_dim": 8}),
        "mistral": (hf.MistralForCausalLM, hf.MistralConfig, {"sliding_window": WINDOW}),
        "gemma2": (  # caps the scores of its attention, which no packed row does
            hf.Gemma2ForCausalLM,
            hf.Gemma2Config,
            {
                "head_dim": 8,
                "sliding_window": WINDOW,
                "query_pre_attn_scalar": 8,
                "attn_logit_softcapping": 300.0,  # hardly felt by so small a model
            },
        ),
        "lfm2": (  # convolutions, which reach over a few tokens of one row
            hf.Lfm2ForCausalLM,
            hf.Lfm2Config,
            {"layer_types": ["full_attention", "conv", "conv"]},
        ),
        "bloom": (hf.BloomForCausalLM, hf.BloomConfig, {"n_head": 4}),
    }
    kind, config, own = chosen[family]
    torch.manual_seed(seed)
    return kind(config(**common | own | more, eos_token_id=1, bos_token_id=2)).eval()


def rows(seed: int = 1) -> list[list[int]]:
    """Rows as a project has them: a long common beginning; and every odd case beside them."""
    chance = random.Random(seed)

    def words(n: int) -> list[int]:
        return [chance.randrange(3, WORDS) for _ in range(n)]

    shared = words(20)
    usual = [shared + words(chance.randrange(3, 12)) for _ in range(4)]
    return [
        *usual,
        shared[:9] + words(8),  # leaves the others early
        words(13),  # shares nothing
        list(usual[0]),  # said twice
        list(shared),  # ends where the others go on
    ]
