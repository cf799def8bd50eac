"""A model of a few thousand weights with FunctionGemma's format, for tests of the real thing."""

from pathlib import Path

CONTROL = (
    "<start_function_declaration>",
    "<end_function_declaration>",
    "<start_function_call>",
    "<end_function_call>",
    "<start_function_response>",
    "<end_function_response>",
    "<escape>",
)
SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>")


def tokenizer():
    """A byte-level tokenizer without merges: every text can be written and read back."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from core.prompt.functiongemma import TEMPLATE

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: id for id, token in enumerate((*SPECIAL, *CONTROL, *letters))}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
    )
    wrapped.add_special_tokens(
        {"additional_special_tokens": ["<start_of_turn>", "<end_of_turn>", "<start_function_response>"]}
    )
    wrapped.add_tokens([token for token in CONTROL if token != "<start_function_response>"])
    wrapped.chat_template = TEMPLATE
    return wrapped


def make(folder: Path, *, window: int = 4096, seed: int = 0, width: int = 48, layers: int = 2) -> Path:
    """Save the tiny model to `folder` as plain transformers would; `window` is the longest input it takes."""
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig

    tokens = tokenizer()
    torch.manual_seed(seed)
    config = Gemma3TextConfig(
        vocab_size=len(tokens),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=24,
        sliding_window=512,
        max_position_embeddings=window,
        query_pre_attn_scalar=24,
        layer_types=["sliding_attention", "full_attention"] * (layers // 2),
        bos_token_id=tokens.bos_token_id,
        eos_token_id=tokens.eos_token_id,
        pad_token_id=tokens.pad_token_id,
    )
    model = Gemma3ForCausalLM(config)
    stops = tokens.convert_tokens_to_ids(["<eos>", "<start_function_response>", "<end_of_turn>"])
    model.generation_config = GenerationConfig(
        do_sample=False,
        eos_token_id=stops,
        pad_token_id=tokens.pad_token_id,
        bos_token_id=tokens.bos_token_id,
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder
