"""How much memory a training needs at its peak, told before it starts and without torch.

What is kept through the whole training: the process, the weights in float32, the two moments of Adam, the average, the
gradient of the head (`core.training.head`). On top of that comes the larger of two moments of a step: all activations
and logits as the way back begins, or all gradients at its end. Activations are what autograd keeps, counted layer by
layer on models of several shapes. `tests/benchmarks/results/memory.md` compares with measured peaks; on CUDA it is the
same arithmetic with the context of the driver for the process, and has not been measured.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.models.tree import common
from core.prompt.rows import Row

PROCESS = 525_000_000  # Python with torch, transformers and TRL, before any model
PER_TOKENIZER_BYTE = 15  # of tokenizer.json, once transformers has read it
CONTEXT = 500_000_000  # of the CUDA driver; not measured
NORM = 8  # bytes per number that a norm takes in: the input in float32, and the result
UNREADABLE = (OSError, ValueError, KeyError, TypeError)  # what `read` raises for models of an unusual build
BLOCK = 256  # queries whose attention weights are kept together (`core.models.tree_attention`)


@dataclass(frozen=True, slots=True)
class Model:
    """The sizes of a causal language model that memory depends on, in numbers, not in bytes."""

    parameters: int
    vocabulary: int
    width: int
    inner: int  # width between the two products of a layer's perceptron
    layers: int
    sliding: int  # layers of them that see `window` tokens at most
    window: int
    heads: int
    groups: int  # heads of keys and values
    head: int  # width of one
    norms: int  # of `width`, in a layer
    normed: bool  # whether queries and keys have norms of their own
    tied: bool  # embedding and head are one matrix
    tokenizer: int  # bytes of its file


GEMMA_270M = Model(
    parameters=268_098_176,
    vocabulary=262_144,
    width=640,
    inner=2048,
    layers=18,
    sliding=15,
    window=512,
    heads=4,
    groups=1,
    head=256,
    norms=4,
    normed=True,
    tied=True,
    tokenizer=33_378_298,
)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens: shared by all rows at their beginning, of the longest row, and trained in the row with the most."""

    prefix: int
    longest: int
    trained: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Lengths":
        """Those of rows as they are trained; at least one row."""
        ends = min(rows, key=lambda row: row.input_ids), max(rows, key=lambda row: row.input_ids)
        return cls(
            common(ends[0].input_ids, ends[1].input_ids),
            max(len(row.input_ids) for row in rows),
            max(len(row.input_ids) - row.prompt_length for row in rows),
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes at the peak, and of what: the parts add up to it."""

    peak: int
    parts: dict[str, int]


def read(folder: Path) -> Model:
    """The sizes of the model in `folder`, from config.json and the headers of its safetensors files.

    Raises one of UNREADABLE where these are missing or say too little.
    """
    config = dict(json.loads((folder / "config.json").read_text("utf-8")))
    config = config.get("text_config", config)
    shapes = {name: shape for file in folder.glob("*.safetensors") for name, shape in _header(file)}
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    width = config["hidden_size"]
    norms = [shape for name, shape in shapes.items() if ".layers.0." in name and name.endswith("norm.weight")]
    tied = config.get("tie_word_embeddings", "lm_head.weight" not in shapes)
    kinds = config.get("layer_types") or []
    window = config.get("sliding_window") or 0
    return Model(
        parameters=sum(_product(shape) for name, shape in shapes.items() if not (tied and "lm_head" in name)),
        vocabulary=config["vocab_size"],
        width=width,
        inner=config["intermediate_size"],
        layers=layers,
        sliding=kinds.count("sliding_attention") if kinds else layers * bool(window),
        window=window,
        heads=heads,
        groups=config.get("num_key_value_heads") or heads,
        head=config.get("head_dim") or width // heads,
        norms=norms.count([width]),
        normed=len(norms) > norms.count([width]),
        tied=tied,
        tokenizer=(folder / "tokenizer.json").stat().st_size if (folder / "tokenizer.json").is_file() else 0,
    )


def estimate(
    model: Model,
    lengths: Lengths,
    *,
    rows_at_once: int,
    dtype: str,
    average: bool,
    vocabulary: bool = True,
    lora_rank: int = 0,
    device: str = "cpu",
    shared: bool = True,
    turns: bool = False,
) -> Estimate:
    """The peak of a training whose micro-batches hold `rows_at_once` rows as long as the longest.

    `turns`: whether a step takes several of them. `dtype` is that of the arithmetic, "float32" or "bfloat16";
    `average`: whether the weights are averaged; `vocabulary`: whether all words of embedding and head are trained;
    `lora_rank`: of the adapters that are trained instead of the layers; `shared`: whether what rows have in common is
    computed once.
    """
    prefix = lengths.prefix if shared else 0
    tokens = prefix + rows_at_once * (lengths.longest - prefix)
    head = model.vocabulary * model.width
    words = head * (1 if model.tied else 2)
    added = lora_rank * _adapter(model)
    trained = (added if lora_rank else model.parameters - words) + words * vocabulary
    rounded = dtype == "bfloat16"
    kept = {
        "process": CONTEXT if device == "cuda" else PROCESS + PER_TOKENIZER_BYTE * model.tokenizer,
        "weights": 4 * (model.parameters + added),
        "optimizer": 8 * trained,
        "average": 4 * trained * average,
        "head": 4 * head * vocabulary,
    }
    forward = {
        "copies": 2 * (model.parameters - head * (not model.tied)) * rounded,
        "activations": model.layers * tokens * (_per_token(model, rounded) + _thin(lora_rank, rounded)),
        "attention": _attention(model, lengths, rows_at_once, rounded) if device != "cuda" and shared else 0,
        # The way back through the softmax holds them three times over in float32, beside those of the head.
        "logits": rows_at_once * lengths.trained * model.vocabulary * (14 if rounded else 16),
    }
    gradients = 4 * (trained - head * vocabulary)
    if turns:
        forward["gradients"] = gradients  # of the turn before
    elif device != "cuda":
        # Half of them come before the holes that activations leave are large enough for them (measured).
        forward["gradients"] = gradients // 2
    parts = kept | max(forward, {"gradients": gradients}, key=lambda moment: sum(moment.values()))
    return Estimate(sum(parts.values()), parts)


def _per_token(model: Model, rounded: bool) -> int:
    """Bytes of activations that a layer keeps for a token."""
    size = 2 if rounded else 4
    queries, keys = model.heads * model.head, model.groups * model.head
    stream = model.width * (NORM * model.norms + (10 if rounded else 8))
    products = size * (4 * model.inner + 3 * queries + 2 * keys)
    return stream + products + NORM * model.normed * (queries + keys)


def _adapter(model: Model) -> int:
    """Numbers in all adapters of rank 1: beside each product of a layer, one for its inputs and outputs each."""
    queries, keys = model.heads * model.head, model.groups * model.head
    attention = 2 * (model.width + queries) + 2 * (model.width + keys)
    return model.layers * (attention + 3 * (model.width + model.inner))


def _thin(lora_rank: int, rounded: bool) -> int:
    """Bytes of what a layer's adapters keep of a token between their two matrices."""
    return 7 * lora_rank * (2 if rounded else 4)


def _attention(model: Model, lengths: Lengths, rows: int, rounded: bool) -> int:
    """Bytes of the attention weights that all layers keep."""
    full = _pairs(lengths, rows, 0)
    near = _pairs(lengths, rows, model.window) if model.sliding else 0
    pairs = (model.layers - model.sliding) * full + model.sliding * near
    return model.heads * pairs * (2 if rounded else 4)


def _pairs(lengths: Lengths, rows: int, window: int) -> int:
    """Queries times the keys that their block meets, of a prefix and the rows that branch off it."""
    branch = lengths.longest - lengths.prefix
    total = lengths.prefix + rows * branch
    pairs = 0
    for start in range(0, total, BLOCK):
        end = min(total, start + BLOCK)
        # A branch begins before its block does; the tokens above it are those of the prefix.
        reach = (
            end
            if start < lengths.prefix
            else lengths.prefix + min(end - start + branch, end - lengths.prefix)
        )
        pairs += (end - start) * min(reach, window + end - start if window else reach)
    return pairs


def _header(file: Path) -> list[tuple[str, list[int]]]:
    with file.open("rb") as weights:
        size = int.from_bytes(weights.read(8), "little")
        if size > file.stat().st_size:
            raise ValueError(f"{file} is no safetensors file.")
        header: dict[str, Any] = json.loads(weights.read(size))
    return [(name, tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"]


def _product(shape: Sequence[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
