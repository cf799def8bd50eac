"""What is trained on in the benchmarks: shapes, rows of random tokens, and the model's folder."""

import argparse
import json
import os
import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from core.models import loading
from core.prompt import Row
from core.settings import Settings

USER_TURN = (19, 20)  # tokens
COMPLETION = 20
FIRST_TOKEN = 10  # those before it mean padding and ends


@dataclass(frozen=True, slots=True)
class Shape:
    """Batches of `batch` rows that begin with `prefix` tokens, the same in all rows or each row's own."""

    prefix: int
    batch: int
    shared: bool = True

    @classmethod
    def read(cls, text: str) -> "Shape":
        found = re.fullmatch(r"(\d+)x(\d+)(:apart)?", text)
        if not found:
            raise argparse.ArgumentTypeError(f"{text} is not like 123x4 or 123x4:apart")
        return cls(int(found[1]), int(found[2]), not found[3])

    def __str__(self) -> str:
        return f"{self.prefix} x {self.batch}" + ("" if self.shared else ", nothing shared")


def random_rows(shape: Shape, batches: int, folder: Path) -> list[Row]:
    """Rows for so many batches, of random words of the model's vocabulary: the same for the same shape."""
    chance = random.Random(str(shape))
    vocabulary = json.loads((folder / "config.json").read_text("utf-8"))["vocab_size"]

    def words(count: int) -> list[int]:
        return [chance.randrange(FIRST_TOKEN, vocabulary) for _ in range(count)]

    prefix = words(shape.prefix)
    rows = []
    for _ in range(shape.batch * batches):
        prompt = (prefix if shape.shared else words(shape.prefix)) + words(chance.choice(USER_TURN))
        rows.append(Row(prompt + words(COMPLETION), len(prompt)))
    return rows


def add_model_options(options: argparse.ArgumentParser) -> None:
    which = options.add_mutually_exclusive_group()
    which.add_argument("--model", default="starter", help="a folder, a Hub id or starter (default)")
    which.add_argument("--random", action="store_true", help="Gemma 3 270M with random weights, no download")
    which.add_argument("--tiny", action="store_true", help="a few thousand weights: whether it works at all")


def model_folder(chosen: argparse.Namespace, scratch: Path) -> tuple[str, Path]:
    """The model's name for the report and its folder, made or converted where needed."""
    if chosen.tiny:
        import tiny_model

        return "tiny, random weights", tiny_model.make(scratch / "model")
    if chosen.random:
        return "Gemma 3 270M, random weights", _random_270m(scratch / "model")
    settings = Settings.load(os.environ.get("CALLWRIGHT_TEST_HOME"))
    folder = loading.resolve(chosen.model, settings)
    return "Gemma 3 270M (the starter)" if chosen.model == "starter" else Path(chosen.model).name, folder


def _random_270m(folder: Path) -> Path:
    import tiny_model
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(
        vocab_size=262144,
        hidden_size=640,
        intermediate_size=2048,
        num_hidden_layers=18,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=256,
        sliding_window=512,
        query_pre_attn_scalar=256,
        dtype="bfloat16",
    )
    torch.manual_seed(0)
    Gemma3ForCausalLM(config).bfloat16().save_pretrained(folder)
    tiny_model.tokenizer().save_pretrained(folder)  # never asked: the rows are tokens already
    return folder
