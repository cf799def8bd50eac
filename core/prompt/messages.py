"""Our records as messages in OpenAI's form, the one that chat templates and servers take."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from core.errors import StudioError
from core.schema.call import ToolCall
from core.schema.example import Example, Turn

Message = dict[str, Any]
Render = Callable[[list[Message], list[dict[str, Any]], bool], str]


def messages_of(example: Example) -> list[Message]:
    """The turns before the answer (StudioError where no model could be asked after them)."""
    writer = _Writer(place_of(example))
    for turn in example.turns:
        writer.add(turn)
    writer.ends()
    return writer.messages


def misplaced(turns: Sequence[Turn]) -> tuple[int, StudioError] | None:
    """The place of the first turn that cannot stand where it does, and why; the last one where the end is wrong."""
    writer = _Writer("")
    try:
        for turn in turns:
            writer.add(turn)
        writer.ends()
    except StudioError as error:
        return max(0, min(len(writer.messages), len(turns) - 1)), error
    return None


def answer_of(example: Example) -> Message:
    """The answer that is taught."""
    if not example.calls:
        return {"role": "assistant", "content": example.answer}
    made = sum(len(turn.calls) for turn in example.turns)
    return called(example.calls, "", made)


def called(calls: Iterable[ToolCall], content: str = "", made: int = 0) -> Message:
    """An assistant's message of calls, `made` calls having been made before in the conversation."""
    entries = [
        {
            "id": _id(made + n),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for n, call in enumerate(calls)
    ]
    return {"role": "assistant", "content": content, "tool_calls": entries}


def rendered(
    render: Render,
    messages: list[Message],
    tools: list[dict[str, Any]],
    add_generation_prompt: bool,
    where: str = "",
) -> str:
    """The text of a conversation (StudioError where the template cannot show it)."""
    try:
        return render(messages, tools, add_generation_prompt)
    except Exception as error:  # a foreign template can raise anything
        raise StudioError(
            f"The model's chat template cannot show this conversation: {error}",
            "Change the conversation, or choose another model.",
            where,
        ) from error


def prompt_and_answer(
    render: Render, messages: list[Message], answer: Message, tools: list[dict[str, Any]], where: str = ""
) -> tuple[str, str]:
    """What the model is given and what it should write, as text.

    Raises StudioError, with `where` as its place, where the template cannot show the conversation, or shows
    its beginning otherwise once it is answered.
    """
    prompt = rendered(render, messages, tools, True, where)
    whole = rendered(render, [*messages, answer], tools, False, where)
    if not whole.startswith(prompt):
        raise StudioError(
            "The model's chat template changes the prompt once the answer is there, so it cannot be taught.",
            "Choose another model.",
            where,
        )
    return prompt, whole[len(prompt) :]


def place_of(example: Example) -> str:
    """How an example is named in an error."""
    if example.id is not None:
        return f"example {example.id}"
    said = example.prompt
    return f'example "{said if len(said) <= 40 else said[:37] + "..."}"'


def _id(number: int) -> str:
    return f"call{number:05}"  # Mistral's templates insist on nine letters and digits


class _Writer:
    """Messages so far, and the calls that wait for a result."""

    def __init__(self, where: str):
        self.where = where
        self.messages: list[Message] = []
        self.waiting: deque[tuple[str, str]] = deque()  # id and name of a call
        self.made = 0

    def add(self, turn: Turn) -> None:
        if turn.role == "tool":
            return self.result(turn)
        self.answered()
        if turn.role != "assistant" and self.last == "tool":
            raise StudioError(
                "After a tool's result the assistant answers, before anybody else speaks.",
                "Put the assistant's answer in between.",
                self.where,
            )
        if not turn.calls:
            self.messages.append({"role": turn.role, "content": turn.content})
            return None
        message = called(turn.calls, turn.content, self.made)
        self.messages.append(message)
        self.made += len(turn.calls)
        self.waiting.extend((entry["id"], entry["function"]["name"]) for entry in message["tool_calls"])
        return None

    def result(self, turn: Turn) -> None:
        call = next((entry for entry in self.waiting if entry[1] == turn.name), None)
        if call is None:
            raise StudioError(
                f"A result of the tool {turn.name!r} follows no call of it.",
                "Put the call before it.",
                self.where,
            )
        self.waiting.remove(call)
        self.messages.append(
            {"role": "tool", "tool_call_id": call[0], "name": turn.name, "content": turn.content}
        )

    def ends(self) -> None:
        self.answered()
        if self.last not in ("user", "tool"):
            raise StudioError(
                "Before the answer there must be something a user said, or a tool's result.", where=self.where
            )

    def answered(self) -> None:
        if self.waiting:
            raise StudioError(
                f"A call of {self.waiting[0][1]} has no result, but the conversation goes on.",
                "Add what the tool returned.",
                self.where,
            )

    @property
    def last(self) -> str:
        return self.messages[-1]["role"] if self.messages else ""
