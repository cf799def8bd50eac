"""An answer in the form of OpenAI's chat API: whole, or as the events of a stream."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from core.schema import ToolCall
from core.serving.engine import Piece, Reply


class ChatAnswer:
    """One answer to one request; pieces are told as they come, or the reply at the end.

    Beside the standard stands `callwright`: what was really written with its control tokens, and why it could not be
    read.
    """

    def __init__(self, model: str):
        self.head = {"id": f"chatcmpl-{secrets.token_hex(8)}", "created": int(time.time()), "model": model}
        self.calls = 0  # told so far
        self.begun = False

    def whole(self, reply: Reply) -> dict[str, Any]:
        """The reply as one object."""
        message: dict[str, Any] = {"role": "assistant", "content": reply.words or None}
        if reply.calls:
            message["tool_calls"] = [_call(call) for call in reply.calls]
        choice = {"index": 0, "message": message, "finish_reason": _reason(reply), "logprobs": None}
        return {
            **self.head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(reply),
            "callwright": _beside(reply),
        }

    def chunks(self, piece: Piece, with_usage: bool) -> Iterator[dict[str, Any]]:
        """A piece as the objects of a stream."""
        if not self.begun:
            self.begun = True
            yield self._chunk({"role": "assistant", "content": ""})
        if piece.text or piece.grown.words:
            delta = {"content": piece.grown.words} if piece.grown.words else {}
            yield self._chunk(delta, callwright={"text": piece.text})
        for call in piece.grown.calls:
            whole = _call(call)
            function = whole["function"]
            opening = {**whole, "index": self.calls, "function": {**function, "arguments": ""}}
            yield self._chunk({"tool_calls": [opening]})
            arguments = {"index": self.calls, "function": {"arguments": function["arguments"]}}
            yield self._chunk({"tool_calls": [arguments]})
            self.calls += 1
        if piece.reply is not None:
            last = self._chunk({}, _reason(piece.reply), callwright=_beside(piece.reply))
            if not with_usage:
                yield last
                return
            yield {**last, "usage": None}
            yield {**self._chunk({}), "choices": [], "usage": _usage(piece.reply)}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**self.head, "object": "chat.completion.chunk", "choices": [choice], **more}


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        # Nine letters and digits, as Mistral's templates insist when it comes back with the result.
        "id": f"call{secrets.token_hex(3)[:5]}",
        "type": "function",
        "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
    }


def _reason(reply: Reply) -> str:
    return "length" if not reply.ended else "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.tokens,
        "total_tokens": reply.prompt_tokens + reply.tokens,
    }


def _beside(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "calls": [call.to_json() for call in reply.parsed.calls],
        "words": reply.parsed.text,
        "malformed": reply.parsed.malformed,
        "seconds": round(reply.seconds, 3),
        "tokens": reply.tokens,
        "prompt_tokens": reply.prompt_tokens,
    }
