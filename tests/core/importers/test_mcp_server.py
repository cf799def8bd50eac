"""A live MCP server is asked for its tools: real servers of the mcp package, and things that are none."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import pytest

from core.errors import StudioError
from core.importers import mcp_server
from core.importers.mcp_server import fetch_tools


def described(number: int):
    from mcp.types import Tool

    schema = {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}
    return Tool(name=f"notes.get{number}", description="Reads a note.", input_schema=schema)


@contextmanager
def mcp_running(pages: int, per_page: int = 1, wait: float = 0, endless: bool = False) -> Iterator[str]:
    """A server of the mcp package with so many pages of tools, on a free loopback port."""
    import uvicorn
    from mcp.server.lowlevel import Server
    from mcp.types import ListToolsResult

    async def on_list_tools(context, params):
        await anyio.sleep(wait)
        page = int(params.cursor or 0) if params else 0
        tools = [described(page * per_page + i) for i in range(per_page)]
        following = str(page + 1) if page + 1 < pages or endless else None
        return ListToolsResult(tools=tools, next_cursor=following)

    app = Server("notes", on_list_tools=on_list_tools).streamable_http_app()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def web_running(status: int, headers: dict[str, str] | None = None, body: bytes = b"hello") -> Iterator[str]:
    """A web server that gives every request the same answer, "ID" in it replaced by the number of the request."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("content-length", 0)))
            number = json.loads(asked).get("id") if asked else None
            said = body.replace(b'"ID"', json.dumps(number).encode())
            self.send_response(status)
            for name, value in {"content-type": "text/html", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/mcp"
    finally:
        server.shutdown()
        server.server_close()


def test_all_pages_of_a_server_are_read():
    with mcp_running(pages=3, per_page=2) as url:
        read = fetch_tools(url)
    assert [tool.name for tool in read.tools] == [f"notes_get{n}" for n in range(6)]
    assert read.format == "MCP server"
    assert read.notes == [] and read.rejected == []
    assert [(r.path, r.old) for r in read.renames[:2]] == [("", "notes.get0"), ("notes_get0_type", "type")]


def test_a_thread_that_runs_an_event_loop_may_ask_too():
    async def notebook():
        return fetch_tools("http://127.0.0.1:9/mcp")

    # Not in the tests' own thread, where Playwright may run one.
    with ThreadPoolExecutor(1) as thread, pytest.raises(StudioError, match="Nothing answers"):
        thread.submit(asyncio.run, notebook()).result()


def test_a_name_of_this_machine_may_be_used():
    with mcp_running(pages=1) as url:
        assert len(fetch_tools(url.replace("127.0.0.1", "localhost")).tools) == 1


def test_a_list_without_end_is_cut_and_said():
    with mcp_running(pages=1, endless=True) as url:
        read = fetch_tools(url)
    assert len(read.tools) == 50
    assert "its first 50 tools" in read.notes[0]


def test_very_many_tools_are_cut_and_said():
    with mcp_running(pages=5, per_page=900) as url:
        read = fetch_tools(url)
    assert len(read.tools) == 2000
    assert "its first 2,000 tools" in read.notes[0]


@pytest.mark.parametrize("wait", [20, 0.3], ids=["one slow page", "many slow pages"])
def test_a_slow_server_is_not_waited_for_without_end(wait, monkeypatch):
    monkeypatch.setattr(mcp_server, "TOTAL_SECONDS", 1.0)
    with mcp_running(pages=1, wait=wait, endless=True) as url:
        begun = time.monotonic()
        with pytest.raises(StudioError, match="longer than 1 seconds"):
            fetch_tools(url)
        assert time.monotonic() - begun < 5


def test_a_server_without_tools_says_so():
    with mcp_running(pages=1, per_page=0) as url, pytest.raises(StudioError, match="no tools"):
        fetch_tools(url)


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {}, b"<html>", "is no MCP server"),
        (404, {}, b"", "is no MCP server"),
        (500, {}, b"", "is no MCP server"),
        (200, {"content-type": "application/json"}, b'{"a": 1}', "is no MCP server"),
        (200, {"content-type": "text/event-stream"}, b"data: nothing\n\n", "is no MCP server"),
        (401, {"www-authenticate": "Bearer"}, b"", "asks for authorisation"),
        (302, {"location": "http://example.org/mcp"}, b"", "sends on to another address"),
        (307, {"location": "http://127.0.0.1:1/mcp"}, b"", "sends on to another address"),
        (200, {"content-type": "application/json"}, b" " * 6_000_000, "larger than 5 MB"),
        (200, {"content-type": "application/json", "content-encoding": "gzip"}, b"x", "larger than 5 MB"),
    ],
)
def test_what_is_no_open_mcp_server_is_named(status, headers, body, words, capfd):
    with web_running(status, headers, body) as url, pytest.raises(StudioError, match=words) as caught:
        fetch_tools(url)
    assert caught.value.hint
    assert "Traceback" not in capfd.readouterr().err


def test_tools_that_break_the_rules_of_mcp_are_no_crash():
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "n", "version": "1"},
    }
    answer = {"jsonrpc": "2.0", "id": "ID", "result": {**hello, "tools": [{"name": 5}]}}
    kind = {"content-type": "application/json"}
    with web_running(200, kind, json.dumps(answer).encode()) as url, pytest.raises(StudioError) as caught:
        fetch_tools(url)
    assert "is no MCP server" in caught.value.message


def test_nothing_there_is_said():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(StudioError, match="Nothing answers"):
        fetch_tools(f"http://127.0.0.1:{port}/mcp")


@pytest.mark.parametrize(
    "url",
    ["", "mcp", "127.0.0.1:8000/mcp", "file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://[::1", "http:///mcp",
     "http://127.0.0.1:99999/mcp", "http://127.0.0.1:0/mcp", "http://me:secret@127.0.0.1/mcp", "http://a b/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(StudioError) as caught:
        fetch_tools(url)
    assert "secret" not in caught.value.sentence()


@pytest.mark.parametrize(
    "host",
    ["192.168.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "0.0.0.0", "[::]", "[fe80::1]", "[::ffff:10.0.0.1]",
     "3232235521", "0x0a000001"],
)  # fmt: skip
def test_other_machines_are_not_asked(host, monkeypatch):
    monkeypatch.setattr(mcp_server, "_listed", None)  # asking would fail otherwise than with a StudioError
    with pytest.raises(StudioError, match="not this machine"):
        fetch_tools(f"http://{host}:9/mcp")


def test_a_local_name_that_leads_elsewhere_is_not_asked(monkeypatch):
    def resolved(host, port, **_):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.1", "10.0.0.1")
        ]

    monkeypatch.setattr(mcp_server.socket, "getaddrinfo", resolved)
    with pytest.raises(StudioError, match="not this machine"):
        fetch_tools("http://localhost.example.org:9/mcp")


def test_the_address_that_was_checked_is_the_one_that_is_asked(monkeypatch):
    """A name that means 127.0.0.1 when it is checked, and nothing at all afterwards, still reaches the server."""
    here = socket.getaddrinfo
    lookups = []

    def once(host, port, *rest, **more):
        if host != "rebound.example":
            return here(host, port, *rest, **more)
        lookups.append(host)
        return here("127.0.0.1", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    kind = {"content-type": "application/json"}
    with web_running(200, kind, b"{}") as url, pytest.raises(StudioError, match="is no MCP server"):
        fetch_tools(url.replace("127.0.0.1", "rebound.example"))
    assert lookups == ["rebound.example"]


def test_remote_servers_are_asked_where_that_is_allowed():
    with pytest.raises(StudioError, match=r"Nothing answers|longer than"):
        fetch_tools(
            "http://0.0.0.0:9/mcp", allow_remote=True
        )  # stands for a remote address; nothing listens there
