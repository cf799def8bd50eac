"""Conversations in OpenAI's form, a list of messages with roles, into examples: an answer and what stood before it."""

from typing import Any

from core.importers.answers import marked_calls, read_call
from core.importers.outcome import Refused
from core.prompt.data_marks import read_tools, without_thoughts
from core.schema import Example, ToolCall, Turn
from core.schema.call import dumps
from core.schema.example import Split

AFTER = "Messages after the assistant's last one were left out"
BESIDE = "Words beside a call were left out"
THOUGHTS = "What the assistant thinks before it answers was left out"
LISTED = "A system prompt that lists the tools was left out, since every model is shown them in its own form"
EMPTY = "Answers without a call or a word were left out"
GREETING = "Answers before anybody had asked were left out"
EARLIER = "Calls before the last answer are not taught; choose every answer to teach them too"
REASONING = ("reasoning_content", "reasoning", "thinking")


class Conversation:
    """The turns of one row, what was left out of them, and the tools that its system prompt lists."""

    def __init__(self, messages: list[Any]):
        if not messages:
            raise Refused("There are no messages.")
        self.remarks: list[str] = []
        self.tools: list[Any] = []
        self._waiting: list[tuple[str | None, str]] = []  # id and tool of calls that have no result yet
        self._in_order = False  # whether a result was given to a call only because it was its turn
        self.turns: list[Turn] = []
        for place, message in enumerate(messages, 1):
            self._add(message, place)

    def examples(self, split: Split, every_answer: bool) -> tuple[Example, ...]:
        """The example of the last answer, or one of each. Raises Refused with the reason."""
        places = [place for place, turn in enumerate(self.turns) if turn.role == "assistant"]
        if not places:
            raise Refused("No message is from the assistant, so there is no answer.")
        if places[-1] < len(self.turns) - 1:
            self.remarks.append(AFTER)
        if not every_answer:
            if any(turn.calls for turn in self.turns[: places[-1]]):
                self.remarks.append(EARLIER)
            return (self._example(places[-1], split),)
        filled = [place for place in places if self.turns[place].calls or self.turns[place].content.strip()]
        if len(filled) < len(places) and filled:
            self.remarks.append(EMPTY)
        asked = next((place for place, turn in enumerate(self.turns) if turn.role == "user"), 0)
        answers = [place for place in filled if place > asked]
        if answers != filled and answers:
            self.remarks.append(GREETING)
        answers = answers or places[-1:]
        return tuple(self._example(place, split) for place in answers)

    def _example(self, place: int, split: Split) -> Example:
        before, answer = tuple(self.turns[:place]), self.turns[place]
        said = next((turn.content for turn in reversed(before) if turn.role == "user"), "")
        if not said.strip():
            raise Refused("The prompt is empty.")
        if not answer.calls and not answer.content.strip():
            raise Refused("The assistant's last message is empty.")
        if answer.calls and answer.content.strip():
            self.remarks.append(BESIDE)
        return Example(before, answer.calls, "" if answer.calls else answer.content, split)

    def _add(self, message: Any, place: int) -> None:
        if not isinstance(message, dict):
            raise Refused(f"Message {place} is not an object.")
        content = _content(message.get("content"), place, message.get("role"))
        if message.get("role") not in ("tool", "function"):
            self._all_answered()
        match message.get("role"):
            case "system" | "developer":
                self._system(content)
            case "user":
                self.turns.append(Turn("user", content))
            case "assistant" | "model":
                self._answer(message, content, place)
            case "tool" | "function":
                self.turns.append(Turn("tool", content, name=self._answered(message, place)))
            case role:
                raise Refused(f"Message {place} has no role that is known: {str(role)[:40]!r}.")

    def _all_answered(self) -> None:
        """Without names, some results for more calls could be of any of them. Raises Refused."""
        if self._in_order and self._waiting:
            raise Refused("There are fewer tool results than calls, and of which calls they are is not said.")
        self._in_order = False

    def _system(self, content: str) -> None:
        try:
            tools = read_tools(content)
        except ValueError as error:
            raise Refused(f"The tools in the system prompt cannot be read: {error}.") from error
        if tools is None:
            self.turns.append(Turn("system", content))
        else:
            self.tools += tools
            self.remarks.append(LISTED)

    def _answer(self, message: dict[str, Any], content: str, place: int) -> None:
        words = without_thoughts(content)
        if words != content or any(message.get(name) for name in REASONING):
            self.remarks.append(THOUGHTS)
        raw = message.get("tool_calls") or []
        if message.get("function_call"):
            raw = [message["function_call"]]
        if not isinstance(raw, list):
            raise Refused(f"The tool_calls of message {place} are not a list.")
        calls: tuple[ToolCall, ...] = tuple(read_call(item) for item in raw)
        self._waiting = [(item.get("id"), call.name) for item, call in zip(raw, calls, strict=True)]
        if not calls and ("<" in words or "[" in words):
            calls, words = marked_calls(words)
            self._waiting = [(None, call.name) for call in calls]
        self.turns.append(Turn("assistant", words, calls))

    def _answered(self, message: dict[str, Any], place: int) -> str:
        """The tool that a result is from: named, or by the id of the call, or the call whose turn it is."""
        name, id = message.get("name"), message.get("tool_call_id")
        for waiting in self._waiting:
            if (id is not None and waiting[0] == id) or (id is None and name in (None, "", waiting[1])):
                self._in_order = self._in_order or (id is None and not name)
                self._waiting.remove(waiting)
                return waiting[1]
        if isinstance(name, str) and name:
            return name
        raise Refused(f"Message {place} is a tool's result, but of which tool is not said.")


def _content(content: Any, place: int, role: Any) -> str:
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if role == "tool" and not _parts(content):
        return dumps(content)
    if isinstance(content, list):
        return "".join(_text_part(part, place) for part in content)
    raise Refused(f"The content of message {place} is not text.")


def _parts(content: Any) -> bool:
    return isinstance(content, list) and all(isinstance(p, dict) and "type" in p for p in content)


def _text_part(part: Any, place: int) -> str:
    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise Refused(f"Message {place} holds more than text.")
    return part["text"]
