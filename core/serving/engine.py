"""Loaded models, and answers from them."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from core.evaluation.evaluate import read_answer
from core.evaluation.generate import generate
from core.models import hardware, known, loading
from core.prompt.family import Family, Parsed, family_of
from core.prompt.rows import prompt_ids
from core.schema import Tool
from core.settings import Settings

MAX_NEW_TOKENS = 128  # an untouched model often does not come to an end by itself
MAX_MODELS = 2  # base and tuned side by side; the one used longest ago goes first


@dataclass(frozen=True, slots=True)
class Loaded:
    model: Any
    tokenizer: Any
    family: Family


@dataclass(frozen=True, slots=True)
class Reply:
    text: str  # as produced, with its control tokens
    parsed: Parsed
    prompt_tokens: int
    tokens: int
    seconds: float


class Engine:
    """Answers one request at a time; models are loaded when first asked for."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.loaded: OrderedDict[str, Loaded] = OrderedDict()
        self.lock = threading.Lock()

    def answer(self, name: str, messages: list[dict[str, Any]], tools: list[Tool]) -> Reply:
        """A greedy answer of the model `name`. Raises StudioError where it cannot be loaded or asked."""
        with self.lock:
            held = self._hold(name)
            begun = time.monotonic()
            declarations = [tool.declaration() for tool in tools]
            ids = prompt_ids(messages, declarations, held.family, held.tokenizer)
            made = generate(held.model, held.tokenizer, held.family, [ids], max_new_tokens=MAX_NEW_TOKENS)[0]
            parsed = read_answer(made, held.family, tools)
            return Reply(made.text, parsed, len(ids), made.tokens, time.monotonic() - begun)

    def _hold(self, name: str) -> Loaded:
        if name not in self.loaded:
            while len(self.loaded) >= MAX_MODELS:
                self.loaded.popitem(last=False)
            path = known.folder_of(name, self.settings)
            device = hardware.choose_device()
            model, tokenizer = loading.load(path, hardware.choose_dtype("auto", device), device)
            self.loaded[name] = Loaded(model, tokenizer, family_of(tokenizer))
        self.loaded.move_to_end(name)
        return self.loaded[name]
