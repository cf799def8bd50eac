"""A made-up conversation that shows whether a model's calls can be written and read back without loss."""

from typing import Any

from core.errors import StudioError
from core.prompt.messages import Message, Render, called, prompt_and_answer
from core.schema.call import ToolCall, same_calls
from core.schema.tool import Tool

TOOL = Tool(
    "callwright_probe",
    "Shows whether tools are seen.",
    {
        "type": "object",
        "properties": {"text": {"type": "string", "description": "a text"}},
        "required": ["text"],
    },
)
MESSAGES: list[Message] = [{"role": "user", "content": "Hello there"}]

HARD = ToolCall(
    TOOL.name,
    {
        "text": "\"quoted\" 'so', {braces}: [brackets], back\\slash\nline \u00e9\u6f22\U0001f642",
        "marks": "<escape></tool_call>[TOOL_CALLS]",
        "digits": "0042",
        "whole": -7,
        "part": 0.5,
        "small": 1e-07,
        "yes": True,
        "none": [],
        "list": ["a, b", 2, {"deep": ["x"]}],
        "group": {"inner": {"word": "w"}},
    },
)
ANSWER: Message = {"role": "assistant", "content": "Hello to you"}
SIMPLE: Message = called([ToolCall(TOOL.name)])


def completion(render: Render, answer: Message) -> str:
    """What the model would have to write for an answer to the made-up conversation."""
    return prompt_and_answer(render, MESSAGES, answer, [TOOL.declaration()])[1]


def prove(family: Any, tokenizer: Any) -> None:
    """Writes calls, turns them into tokens and back, and reads them (StudioError where anything is lost)."""
    for call in (HARD, ToolCall(TOOL.name)):
        written = completion(family.render, called([call]))
        ids = tokenizer.encode(written, add_special_tokens=False)
        parsed = family.parse(
            tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        )
        if not same_calls(parsed.calls, [call]):
            raise StudioError(
                "The calls of this model cannot be read back as they were written.",
                "Choose another model: its format for calls is not known here.",
                parsed.malformed,
            )
