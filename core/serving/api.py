"""The HTTP face of the engine: /v1/models and /v1/chat/completions, for anyone who holds the key."""

import json
import secrets
import time
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from core.errors import StudioError
from core.models import known
from core.schema import read_tool
from core.serving.engine import Engine

MAX_TEXT = 200_000  # characters of one request's messages


class Message(BaseModel):
    role: str = Field(pattern="^(system|developer|user|assistant|tool)$")
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
                raise StudioError("A tool's result follows no call of it.", where="messages.tool_call_id")
        result.append(entry)
    return result


def _plain_call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict) or not isinstance(function.get("name"), str):
        raise StudioError(
            "A call needs a name, and arguments that are a JSON object.", where="messages.tool_calls"
        )
    return {
        "id": str(call.get("id", "")),
        "type": "function",
        "function": {"name": function["name"], "arguments": arguments},
    }


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1, max_length=200)
    tools: list[dict[str, Any]] = Field(default_factory=list, max_length=200)
    stream: bool = False


def build(engine: Engine, key: str) -> FastAPI:
    """The application; every path asks for `Authorization: Bearer KEY`."""

    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), key.encode()):
            raise HTTPException(401, "This model host needs its key.")
        app.state.last_use = time.monotonic()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(authorised)])
    app.state.last_use = time.monotonic()
    app.state.busy = 0

    @app.exception_handler(StudioError)
    async def refused(request: Request, error: StudioError) -> JSONResponse:
        return JSONResponse({"error": {**error.to_json(), "type": "invalid_request_error"}}, status_code=400)

    @app.exception_handler(HTTPException)
    async def http_refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(
            {"error": {"message": str(error.detail), "type": "invalid_request_error"}}, error.status_code
        )

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        names = known.names(engine.settings)
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}

    @app.post("/v1/chat/completions")
    def complete(request: ChatRequest) -> dict[str, Any]:
        if request.stream:
            raise StudioError("This model host does not stream yet.", "Leave out stream.", "stream")
        messages = plain(request.messages)
        if sum(len(str(message["content"])) for message in messages) > MAX_TEXT:
            raise StudioError(f"The messages are longer than {MAX_TEXT} characters.", where="messages")
        tools = [read_tool(tool)[0] for tool in request.tools]
        app.state.busy += 1
        try:
            reply = engine.answer(request.model, messages, tools)
        finally:
            app.state.busy -= 1
            app.state.last_use = time.monotonic()
        calls = [
            {
                "id": f"call_{i}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for i, call in enumerate(reply.parsed.calls)
        ]
        message: dict[str, Any] = {"role": "assistant", "content": reply.parsed.text or None}
        if calls:
            message["tool_calls"] = calls
        return {
            "id": f"chatcmpl-{secrets.token_hex(8)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
            "usage": {
                "prompt_tokens": reply.prompt_tokens,
                "completion_tokens": reply.tokens,
                "total_tokens": reply.prompt_tokens + reply.tokens,
            },
            # Beside the standard: what was really said, and why it could not be read.
            "callwright": {
                "text": reply.text,
                "malformed": reply.parsed.malformed,
                "seconds": round(reply.seconds, 3),
            },
        }

    return app
