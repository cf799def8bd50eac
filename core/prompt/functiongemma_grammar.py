"""FunctionGemma's answers as a grammar: calls of the form `call:NAME{k:<escape>v<escape>,n:3}` between their marks."""

from collections.abc import Callable, Sequence

from core.prompt import neutral
from core.prompt.call_grammar import Grammar, Notation, Writer, literal, shortest, without
from core.prompt.functiongemma_tokens import CALL, END_CALL, ESCAPE, MARKS, OTHERS, PATTERN
from core.schema.tool import Tool

# In letters that only look like the mark, it would end the text all the same.
_TEXT = f"/(?s:.)+/ {without([ESCAPE])}"
# Words that would be read as a call without its mark, or as a mark in letters, are left out.
_WORDS = rf"/(?s:.)+/ & ~/\s*call[:\s]\s*[A-Za-z0-9_.\-]+\s*\{{(?s:.*)/ {without((*MARKS, *OTHERS))}"


def grammar(tools: Sequence[Tool], symbol: Callable[[str], str], *, required: bool, several: bool) -> Grammar:
    """Answers that call these tools; `symbol` is a control token as the grammar names it."""
    notation = Notation(
        quote=symbol(ESCAPE),
        quote_text=ESCAPE,
        name_quote="",
        colon='":"',
        comma='","',
        null="None",
        text=_TEXT,
        escaped=lambda text: neutral.neutralise(text, PATTERN),
        sorted=True,
    )
    writer = Writer(notation)
    calls = [f"{literal('call:' + tool.name)} {writer.arguments(tool)}" for tool in tools]
    call = writer.rule(f"{symbol(CALL)} {writer.rule(*calls)} {symbol(END_CALL)}") if calls else ""
    ways = ["WORDS?"] * (not required) + [call + "+" * several] * bool(call)
    texts = [f"{CALL}call:{tool.name}{shortest(tool.parameters, notation)}{END_CALL}" for tool in tools]
    return Grammar(
        writer.text(" | ".join(ways), f"WORDS: {_WORDS}"),
        max(texts, key=len, default=""),
        (ESCAPE, END_CALL, "}", "]", ","),
    )
