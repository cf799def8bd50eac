"""Answers whose calls are JSON as a grammar: Hermes and Qwen, Mistral, Llama 3. Thoughts are left out of them."""

import json
import re
from collections.abc import Callable, Sequence

from core.prompt import neutral
from core.prompt.call_grammar import Grammar, Notation, Writer, literal, shortest, without
from core.prompt.json_calls import CLOSE, LIST, OPEN, Form
from core.schema.tool import Tool

_TEXT = r'/([^"\\\x00-\x1f\x7f]|\\["\\\/bfnrt])+/'
# Words begin like no call, with or without its mark.
_WORDS = r"/(?s:.)+/ & ~/\s*[\[{<](?s:.*)/"


def grammar(
    tools: Sequence[Tool],
    symbol: Callable[[str], str],
    form: Form,
    pattern: re.Pattern[str],
    tokens: Sequence[str],
    *,
    required: bool,
    several: bool,
) -> Grammar:
    """Answers that call these tools; `symbol` is a mark as the grammar names it, `tokens` may not occur in words."""
    notation = Notation(
        quote=literal('"'),
        quote_text='"',
        name_quote='"',
        colon='":" SPACE?',
        comma='"," SPACE?',
        null="null",
        text=_TEXT,
        escaped=lambda text: json.dumps(neutral.neutralise(text, pattern), ensure_ascii=False)[1:-1],
        sorted=False,
    )
    writer = Writer(notation)
    colon, comma = notation.colon, notation.comma
    key = writer.rule(writer.name("arguments"), writer.name("parameters"))
    parts = [
        f'"{{" {writer.name("name")} {colon} {writer.name(tool.name)} {comma} {key} {colon} '
        f'{writer.arguments(tool)} "}}"'
        for tool in tools
    ]
    call = writer.rule(*parts) if parts else ""
    match form:
        case "tagged":
            tagged = writer.rule(f"{symbol(OPEN)} SPACE? {call} SPACE? {symbol(CLOSE)}")
            calls = f"{tagged}" + f" (SPACE? {tagged})*" * several
        case "listed":
            calls = f'{symbol(LIST)} SPACE? "[" {call} {f"({comma} {call})*" * several} "]"'
        case "bare":
            calls = call + f' (";" SPACE? {call})*' * several
    words = f"{_WORDS} {without(tokens)}"
    ways = ["WORDS?"] * (not required) + [calls] * bool(tools)
    texts = [
        f'{OPEN}{{"name": "{tool.name}", "arguments": {shortest(tool.parameters, notation)}}}{CLOSE}'
        for tool in tools
    ]
    return Grammar(
        writer.text(" | ".join(ways), f"WORDS: {words}"),
        max(texts, key=len, default=""),
        ('"', "}", "]", ","),
    )
