"""What a client of the chat API sends, in OpenAI's form, and what it asks of the engine."""

import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from core.errors import StudioError
from core.evaluation.decoding import Sampling
from core.schema import Tool, read_tool
from core.serving.engine import MAX_NEW_TOKENS, Ask

MAX_TEXT = 200_000  # characters of one request's messages
MAX_TOKENS = 8192  # of an answer
MAX_STOPS = 4  # as OpenAI's


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Any = ""
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    name: str | None = None

    def text(self) -> str:
        """The words of the message; OpenAI clients may send them in parts."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        parts = self.content if isinstance(self.content, list) else [self.content]
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts):
            raise StudioError("Only text can be understood.", "Send the content as text.", "messages.content")
        return "\n".join(part["text"] for part in parts)


class NamedFunction(BaseModel):
    name: str


class NamedTool(BaseModel):
    type: Literal["function"]
    function: NamedFunction


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """One request. What is left out has OpenAI's default, but for `temperature`: without one, answers are greedy."""

    model: str
    messages: list[Message] = Field(min_length=1, max_length=200)
    tools: list[dict[str, Any]] | None = Field(default=None, max_length=200)
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=MAX_TOKENS)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=MAX_TOKENS)
    stop: str | list[str] | None = None
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    n: int | None = None
    logprobs: bool | None = None
    response_format: dict[str, Any] | None = None
    constrained: bool = False  # ours: names and arguments are held to the schema in every call

    def ask(self) -> Ask:
        """What the engine is asked. Raises StudioError whose `where` is the parameter that is wrong."""
        self._check_supported()
        messages = plain(self.messages)
        if sum(len(json.dumps(message)) for message in messages) > MAX_TEXT:
            raise StudioError(
                f"The messages are longer than {MAX_TEXT} characters.", "Send fewer.", "messages"
            )
        tools = self._tools()
        named = self.tool_choice.function.name if isinstance(self.tool_choice, NamedTool) else ""
        if named and named not in {tool.name for tool in tools}:
            raise StudioError(f"The tool {named} is not among the tools.", "Name one of them.", "tool_choice")
        required = bool(named) or self.tool_choice == "required"
        if required and not tools:
            raise StudioError("A call is required, and there are no tools.", "Send tools.", "tool_choice")
        hidden = self.tool_choice == "none"
        return Ask(
            model=self.model,
            messages=messages,
            tools=[] if hidden else tools,
            sampling=Sampling(self.temperature or 0.0, 1.0 if self.top_p is None else self.top_p, self.seed),
            limit=self.max_completion_tokens or self.max_tokens or MAX_NEW_TOKENS,
            stop=self._stop(),
            calls=not hidden,
            several=self.parallel_tool_calls is not False and not named,
            required=required,
            named=named,
            constrained=(self.constrained and not hidden) or required,
        )

    def _check_supported(self) -> None:
        if self.n not in (None, 1):
            raise StudioError("There is one answer for each request.", "Leave out n, or ask again.", "n")
        if self.logprobs:
            raise StudioError("This model host tells no logprobs.", "Leave out logprobs.", "logprobs")
        if self.response_format and self.response_format.get("type") != "text":
            raise StudioError(
                "This model host knows no response_format but text.",
                "For answers of a fixed shape, send a tool and tool_choice.",
                "response_format",
            )

    def _tools(self) -> list[Tool]:
        try:
            tools = [read_tool(tool)[0] for tool in self.tools or []]
        except StudioError as error:
            raise StudioError(error.message, error.hint, f"tools: {error.where}".rstrip(": ")) from error
        names = [tool.name for tool in tools]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise StudioError(f"There are two tools {twice}.", "Rename one of them.", "tools")
        return tools

    def _stop(self) -> tuple[str, ...]:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stop) > MAX_STOPS or not all(stop):
            raise StudioError(f"stop takes up to {MAX_STOPS} texts, none of them empty.", where="stop")
        return tuple(stop)


def plain(messages: list[Message]) -> list[dict[str, Any]]:
    """Messages as chat templates take them: words as one text, arguments as objects, tool results with a name."""
    called: dict[str, str] = {}
    result = []
    for message in messages:
        entry: dict[str, Any] = {"role": message.role, "content": message.text()}
        if message.tool_calls:
            entry["tool_calls"] = [_plain_call(call) for call in message.tool_calls]
            called |= {call["id"]: call["function"]["name"] for call in entry["tool_calls"]}
        if message.role == "tool":
            entry["tool_call_id"] = message.tool_call_id or ""
            entry["name"] = message.name or called.get(entry["tool_call_id"], "")
            if not entry["name"]:
                raise StudioError(
                    "A tool's result follows no call of it.",
                    "Put the call before it, with the same id.",
                    "messages.tool_call_id",
                )
        result.append(entry)
    return result


def _plain_call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict) or not isinstance(function.get("name"), str):
        raise StudioError(
            "A call needs a name, and arguments that are a JSON object.",
            "Send them as they came.",
            "messages.tool_calls",
        )
    return {
        "id": str(call.get("id", "")),
        "type": "function",
        "function": {"name": function["name"], "arguments": arguments},
    }
