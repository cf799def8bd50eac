"""Any tokenizer whose chat template takes tools: the template writes the prompt, calls are read as JSON."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import StudioError
from core.prompt import json_calls, json_grammar, neutral, probe
from core.prompt.call_grammar import Grammar
from core.prompt.json_calls import Form
from core.prompt.marks import Marks
from core.prompt.messages import Message, rendered
from core.prompt.parsed import Parsed

# What calls are read by, in many vocabularies no tokens of their own.
TAGS = ("<tool_call>", "</tool_call>", "<think>", "</think>", "[TOOL_CALLS]", "<|python_tag|>")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """The family for one tokenizer."""

    tokenizer: Any
    pattern: re.Pattern[str]  # of the control tokens
    form: Form
    stops: tuple[int, ...]
    endings: tuple[str, ...]  # texts of tokens that may follow an answer
    tokens: tuple[str, ...]  # control tokens
    name: str = "chat template"

    @property
    def marks(self) -> Marks:
        return json_calls.marks(self.form, self.pattern)

    def render(
        self, messages: list[Message], tools: list[dict[str, Any]] | None, add_generation_prompt: bool
    ) -> str:
        return _render(self.tokenizer, self.pattern, messages, tools, add_generation_prompt)

    def parse(self, text: str, tools: Sequence[Any] = ()) -> Parsed:
        return json_calls.parse(text, self.form, self.endings, self.pattern)

    def grammar(
        self, tools: Sequence[Any], symbol: Callable[[str], str], *, required: bool, several: bool
    ) -> Grammar:
        return json_grammar.grammar(
            tools, symbol, self.form, self.pattern, self.tokens, required=required, several=several
        )

    def stop_ids(self, tokenizer: Any) -> list[int]:
        return list(self.stops)

    def control_ids(self, tokenizer: Any) -> list[int]:
        """None: a template that comes with a model is one that it was made for."""
        return []


def speaks(tokenizer: Any) -> ChatTemplate:
    """The family of a tokenizer (StudioError where its template is missing, shows no tools or never ends)."""
    if not tokenizer.chat_template:
        raise StudioError(
            "This model has no chat template, so it cannot be shown tools.", "Choose another model."
        )
    template = tokenizer.get_chat_template(tools=[probe.TOOL.declaration()])
    special = set(tokenizer.all_special_tokens)
    special |= {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    added = [token for token in tokenizer.get_added_vocab() if token in template and len(token.strip()) > 1]
    tokens = tuple(sorted({*special, *added, *TAGS}))
    pattern = neutral.pattern_of(tokens)

    def render(
        messages: list[Message], tools: list[dict[str, Any]] | None, add_generation_prompt: bool
    ) -> str:
        return _render(tokenizer, pattern, messages, tools, add_generation_prompt)

    shown = rendered(render, probe.MESSAGES, [probe.TOOL.declaration()], True)
    if probe.TOOL.name not in shown:
        raise StudioError("This model's chat template does not show it any tools.", "Choose another model.")
    answers = [probe.completion(render, answer) for answer in (probe.ANSWER, probe.SIMPLE)]
    closing = [_closing(tokenizer, answer, special) for answer in answers]
    stops = dict.fromkeys(token for token in (*closing, tokenizer.eos_token_id) if token is not None)
    if not stops:
        raise StudioError(
            "This model has no token that ends an answer, so it would never stop.", "Choose another model."
        )
    ends = [*tokenizer.convert_ids_to_tokens(list(stops)), tokenizer.pad_token]
    form = json_calls.form_of(answers[1])
    endings = tuple(filter(None, dict.fromkeys(ends)))
    return ChatTemplate(tokenizer, pattern, form, tuple(stops), endings, tokens)


def _render(
    tokenizer: Any,
    pattern: re.Pattern[str],
    messages: list[Message],
    tools: list[dict[str, Any]] | None,
    add_generation_prompt: bool,
) -> str:
    return tokenizer.apply_chat_template(
        neutral.neutralise(messages, pattern),
        tools=neutral.neutralise(tools, pattern),
        add_generation_prompt=add_generation_prompt,
        tokenize=False,
    )


def _closing(tokenizer: Any, answer: str, special: set[str]) -> int | None:
    """The id of the special token an answer ends with."""
    last = tokenizer.encode(answer.rstrip(), add_special_tokens=False)[-1]
    return last if tokenizer.convert_ids_to_tokens(last) in special else None
