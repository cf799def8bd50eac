"""The HTTP face of the engine: /v1/models and /v1/chat/completions, for anyone who holds the key."""

import json
import logging
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.exceptions import HTTPException as AnyHTTPException

from core.errors import StudioError
from core.serving.chat_answer import ChatAnswer
from core.serving.chat_request import ChatRequest
from core.serving.engine import Answering, Engine
from core.serving.shelf import NoMemory, NoModel

log = logging.getLogger("callwright.serving")


def build(engine: Engine, key: str) -> FastAPI:
    """The application; every path asks for `Authorization: Bearer KEY`. Errors have the form of OpenAI's API."""

    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), key.encode()):
            raise HTTPException(401, "This model host needs its key.")
        app.state.last_use = time.monotonic()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(authorised)])
    app.state.last_use = time.monotonic()

    @app.exception_handler(StudioError)
    async def refused(request: Request, error: StudioError) -> JSONResponse:
        status, body = as_error(error)
        return JSONResponse(body, status)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse(_error(f"{where}: {first['msg']}." if where else first["msg"], where), 400)

    @app.exception_handler(AnyHTTPException)
    async def http_refused(request: Request, error: AnyHTTPException) -> JSONResponse:
        code = {401: "invalid_api_key", 404: "not_found"}.get(error.status_code)
        return JSONResponse(_error(str(error.detail), code=code), error.status_code)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        status, body = as_error(error)
        return JSONResponse(body, status)

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(name) for name in engine.models()]}

    @app.get("/v1/models/{name:path}")
    def model(name: str) -> dict[str, Any]:
        if name not in engine.models():
            raise NoModel(f"There is no model {name!r} here.", where="model")
        return _model(name)

    @app.post("/v1/chat/completions")
    async def complete(body: ChatRequest, request: Request) -> Response:
        ask = body.ask()
        answering = await run_in_threadpool(engine.answer, ask)
        answer = ChatAnswer(body.model)
        if body.stream:
            with_usage = bool(body.stream_options and body.stream_options.include_usage)
            return StreamingResponse(_events(answering, answer, with_usage), media_type="text/event-stream")
        return await _whole(answering, answer, request)

    return app


async def _whole(answering: Answering, answer: ChatAnswer, request: Request) -> Response:
    """The answer at its end, or nothing as soon as nobody waits for it any more."""
    try:
        async for piece in iterate_in_threadpool(answering):
            if piece.reply is not None:
                return JSONResponse(answer.whole(piece.reply))
            if await request.is_disconnected():
                break
    finally:
        answering.close()
    return Response(status_code=499)


async def _events(answering: Answering, answer: ChatAnswer, with_usage: bool) -> AsyncIterator[str]:
    """The answer as server-sent events; the server stops asking for them when the client is gone."""
    try:
        async for piece in iterate_in_threadpool(answering):
            for chunk in answer.chunks(piece, with_usage):
                yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    except Exception as error:  # the status is sent already
        yield f"data: {json.dumps(as_error(error)[1], ensure_ascii=False)}\n\n"
    finally:
        answering.close()
    yield "data: [DONE]\n\n"


def as_error(error: Exception) -> tuple[int, dict[str, Any]]:
    """Status and body of an error in OpenAI's form; what we do not know is logged, and told without details."""
    if isinstance(error, NoModel):
        return 404, _error(error.message, "model", "model_not_found", error)
    if isinstance(error, NoMemory):
        return 503, _error(error.message, None, "no_memory", error, "server_error")
    if isinstance(error, StudioError):
        return 400, _error(error.message, error.where, None, error)
    log.error("unexpected", exc_info=error)
    return 500, _error("The model host failed. Its log tells why.", None, None, None, "server_error")


def _error(
    message: str,
    param: str | None = None,
    code: str | None = None,
    told: StudioError | None = None,
    type: str = "invalid_request_error",
) -> dict[str, Any]:
    more = {"hint": told.hint, "where": told.where} if told else {}
    return {"error": {"message": message, "type": type, "param": param or None, "code": code, **more}}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "callwright"}
