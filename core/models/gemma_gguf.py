"""Turning a Gemma 3 GGUF file into a model folder that speaks FunctionGemma's format.

FunctionGemma's seven control tokens sit in slots 46 to 52, which Gemma 3 left unused, so renaming these makes
a Gemma 3 checkpoint fit the format. Their rows in the weights are noise, which the first steps of a training would
pay for with large changes everywhere; so each begins as the mean of tokens that play its part in ordinary text.
Weights are written as bfloat16: Google publishes them so, the values here come from 4 to 8 bits each, and a
float32 copy would double the disk space and the loading time for digits that carry nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.models import gguf_file
from core.models.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

CONTROL_TOKENS = {
    46: "<start_function_declaration>",
    47: "<end_function_declaration>",
    48: "<start_function_call>",
    49: "<end_function_call>",
    50: "<start_function_response>",
    51: "<end_function_response>",
    52: "<escape>",
}
# What plays the part of a control token in text: an escape mark is a quote, the end of an answer the end of a text.
# Always two, so that none begins as the double of a token it would then compete with.
_LIKE = {
    46: ("{", "\n"),
    47: ("}", "\n"),
    48: ("call", "```"),
    49: (")", "\n"),
    50: ("<eos>", "\n"),
    51: ("]", "\n"),
    52: ('"', "`"),
}
_SPECIAL = 50  # the one control token that FunctionGemma marks special: decoding may leave it out
_STOP_TOKENS = [1, 50, 106]  # <eos>, <start_function_response>, <end_of_turn>
_CONTEXT = 32768
_CONTROL, _USER_DEFINED = 3, 4  # kinds of token in a GGUF file
_ROWS = 8192

_CONFIG = {
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
}
_WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
_IN_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(source: Path, folder: Path, template: str, progress: Progress) -> None:
    """Write model, tokenizer and generation settings of the GGUF file `source` into `folder`.

    Raises ValueError for a file that is not the Gemma 3 this was written for.
    """
    progress("Reading the model file", 0.1)
    file = gguf_file.read(source)
    if file.metadata.get("general.architecture") != "gemma3":
        raise ValueError(f"{source.name} is not a Gemma 3 model")
    progress("Building the tokenizer", 0.15)
    tokenizer = write_tokenizer(file, folder, template)
    _write_model(file, tokenizer, folder, progress)


def write_tokenizer(file: gguf_file.GgufFile, folder: Path, template: str) -> "PreTrainedTokenizerBase":
    """Write the tokenizer alone into `folder`; only the header of the file is needed."""
    tokenizer = _tokenizer(file.metadata, template)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _tokenizer(metadata: dict[str, Any], template: str) -> "PreTrainedTokenizerBase":
    from tokenizers import AddedToken
    from transformers import GemmaTokenizer

    # The file spells runs of spaces as they are; the vocabulary knows them as runs of U+2581.
    tokens = ["\u2581" * len(t) if t and not t.strip(" ") else t for t in metadata["tokenizer.ggml.tokens"]]
    kinds = list(metadata["tokenizer.ggml.token_type"])
    for position, name in CONTROL_TOKENS.items():
        tokens[position] = name
        kinds[position] = _CONTROL if position == _SPECIAL else _USER_DEFINED
    vocabulary = {token: position for position, token in enumerate(tokens)}
    merges: Any = _merges(tokens, vocabulary)  # the class takes pairs, whatever its annotation says
    tokenizer = GemmaTokenizer(
        vocab=vocabulary,
        merges=merges,
        padding_side="left",
        add_bos_token=True,  # without it the model answers nonsense
        model_max_length=_CONTEXT,
        chat_template=template,
        extra_special_tokens={"sfr_token": CONTROL_TOKENS[_SPECIAL]},
    )
    # Whole tokens must be known as such, or the text of a control token would be cut into pieces.
    tokenizer.add_tokens(
        [
            AddedToken(token, normalized=False, special=kind == _CONTROL)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind in (_CONTROL, _USER_DEFINED)
        ]
    )
    _check(tokenizer)
    return tokenizer


def _merges(tokens: list[str], vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Every way to join two tokens into a third, best first.

    A GGUF file of a SentencePiece model lists no merges. For Gemma the rank of a merge is the id of what it
    makes (its scores say the same only in part); among equals the longer left half comes first.
    """
    return [
        (token[:cut], token[cut:])
        for token in tokens
        for cut in range(len(token) - 1, 0, -1)
        if token[:cut] in vocabulary and token[cut:] in vocabulary
    ]


def _check(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Prove each control token before anything is written: a newer library may build tokenizers otherwise."""
    for position, name in CONTROL_TOKENS.items():
        if (
            tokenizer.encode(name, add_special_tokens=False) != [position]
            or tokenizer.decode([position]) != name
        ):
            raise ValueError(f"the installed tokenizer library does not keep {name} as token {position}")


def _write_model(
    file: gguf_file.GgufFile, tokenizer: "PreTrainedTokenizerBase", folder: Path, progress: Progress
) -> None:
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig

    fields = {ours: file.metadata[f"gemma3.{theirs}"] for theirs, ours in _CONFIG.items()}
    vocabulary = len(file.metadata["tokenizer.ggml.tokens"])
    config = Gemma3TextConfig(**fields, vocab_size=vocabulary, eos_token_id=_STOP_TOKENS, dtype="bfloat16")
    with torch.device("meta"):  # shapes and names only; the values come from the file
        model = Gemma3ForCausalLM(config)
    weights = {}
    for done, tensor in enumerate(file.tensors):
        progress("Unpacking the weights", 0.3 + 0.5 * done / len(file.tensors))
        weights[_name(tensor.name)] = _weight(file, tensor)
    _begin_control_tokens(weights["model.embed_tokens.weight"], tokenizer)
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    model.load_state_dict(weights, strict=True, assign=True)
    model.tie_weights()
    model.generation_config = GenerationConfig(
        bos_token_id=2, eos_token_id=_STOP_TOKENS, pad_token_id=0, do_sample=False
    )
    progress("Writing the model", 0.85)
    model.save_pretrained(folder)


def _begin_control_tokens(rows: "Tensor", tokenizer: "PreTrainedTokenizerBase") -> None:
    """Set the embedding of each control token, [vocabulary, hidden], to the mean of its likes at the length it had."""
    import torch

    for position, words in _LIKE.items():
        likes = [tokenizer.encode(word, add_special_tokens=False)[0] for word in words]
        mean = rows[likes].float().mean(dim=0)
        length = torch.linalg.vector_norm(rows[position].float())
        rows[position] = mean * (length / torch.linalg.vector_norm(mean))


def _name(stored: str) -> str:
    """The transformers name of the tensor that a GGUF file calls `stored`."""
    stem, _, suffix = stored.rpartition(".")
    if stem in _WHOLE:
        return f"{_WHOLE[stem]}.{suffix}"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{_IN_LAYER[part]}.{suffix}"


def _weight(file: gguf_file.GgufFile, tensor: gguf_file.StoredTensor):
    import torch

    # llama.cpp stores a norm as the factor itself, transformers as the difference from one.
    shift = 1.0 if "norm" in tensor.name else 0.0
    weight = torch.empty(tensor.shape, dtype=torch.bfloat16)
    first = 0
    for values in gguf_file.slices(file, tensor, _ROWS):
        weight[first : first + len(values)] = torch.from_numpy(values - shift if shift else values)
        first += len(values)
    return weight
