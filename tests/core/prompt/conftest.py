"""Tiny tokenizers made on the spot: every byte is a token, so that every text can be written and read."""

import json
from pathlib import Path

import pytest

from core.prompt.functiongemma import TEMPLATE
from core.schema import Tool

CASES = Path(__file__).parents[4] / "shared" / "data" / "functiongemma_render_cases.json"

MARKS = [
    f"<{side}_function_{part}>" for part in ("declaration", "call", "response") for side in ("start", "end")
] + ["<escape>"]

# A template of Qwen's kind.
CHAT = """
{%- if tools %}
    {{- '<|im_start|>system\\nCall tools as <tool_call>{"name": ..., "arguments": ...}</tool_call>.\\n' }}
    {%- for tool in tools %}{{ tool | tojson ~ '\\n' }}{% endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content }}
    {%- for call in message.tool_calls or [] %}
        {{- '<tool_call>\\n{"name": "' ~ call.function.name ~ '", "arguments": ' }}
        {{- call.function.arguments | tojson ~ '}\\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""

# Of Mistral's kind, and of Llama's.
LIST_CHAT = """
{{- bos_token ~ '[AVAILABLE_TOOLS]' ~ tools | default([], true) | tojson ~ '[/AVAILABLE_TOOLS]' }}
{%- for message in messages %}
    {%- if message.tool_calls %}
        {{- '[TOOL_CALLS][' }}
        {%- for call in message.tool_calls %}
            {%- if call.id | length != 9 %}{{ raise_exception('ids have nine characters') }}{% endif %}
            {{- ', ' if not loop.first }}{{ dict(call.function, id=call.id) | tojson }}
        {%- endfor %}
        {{- ']' ~ eos_token }}
    {%- elif message.role == 'assistant' %}{{ message.content ~ eos_token }}
    {%- else %}{{ '[INST]' ~ message.content ~ '[/INST]' }}
    {%- endif %}
{%- endfor %}
"""
BARE_CHAT = """
{{- bos_token ~ tools | default([], true) | tojson }}
{%- for message in messages %}
    {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content }}
    {%- if message.tool_calls and message.tool_calls | length > 1 %}
        {{- raise_exception('one call at a time') }}
    {%- endif %}
    {%- for call in message.tool_calls or [] %}
        {{- '{"name": "' ~ call.function.name ~ '", "parameters": ' }}
        {{- call.function.arguments | tojson ~ '}' }}
    {%- endfor %}
    {{- '<|im_end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""


def _tokenizer(template, special, marks=(), bos=None, eos=None, pad=None):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={letter: id for id, letter in enumerate(letters)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(list(special))
    inner.add_tokens(list(marks))
    if bos:  # as Gemma's does: a text gets a beginning whether it has one or not
        inner.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, inner.token_to_id(bos))]
        )
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token=bos,
        eos_token=eos,
        pad_token=pad,
        additional_special_tokens=list(special),
    )
    made.chat_template = template
    return made


@pytest.fixture(scope="session")
def make_tokenizer():
    """A maker of tokenizers for any chat template, with <|im_start|> and <|im_end|> as special tokens."""

    def make(template, eos="<|im_end|>"):
        special = ["<s>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "[TOOL_CALLS]"]
        return _tokenizer(template, special, ["<tool_call>", "</tool_call>"], "<s>", eos, "<|endoftext|>")

    return make


@pytest.fixture(scope="session")
def gemma():
    """A tokenizer with FunctionGemma's tokens and our template."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    special.append("<start_function_response>")
    marks = [mark for mark in MARKS if mark not in special]
    return _tokenizer(TEMPLATE, special, marks, "<bos>", "<end_of_turn>", "<pad>")


@pytest.fixture(scope="session")
def tagged(make_tokenizer):
    return make_tokenizer(CHAT, "<|endoftext|>")


@pytest.fixture(scope="session")
def listed(make_tokenizer):
    return make_tokenizer(LIST_CHAT)


@pytest.fixture(scope="session")
def bare(make_tokenizer):
    return make_tokenizer(BARE_CHAT)


@pytest.fixture(scope="session")
def cases():
    """Conversations and what FunctionGemma's published template makes of them."""
    if not CASES.exists():
        pytest.skip(f"the shared cases are not here: {CASES}")
    return json.loads(CASES.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tools():
    query = {"type": "string", "description": "what to look for"}
    schema = {"type": "object", "properties": {"query": query}, "required": ["query"]}
    return [Tool("search_docs", "Our documents.", schema), Tool("search_web", "Public pages.", schema)]
