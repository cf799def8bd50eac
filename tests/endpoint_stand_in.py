"""A server on this machine that speaks the HTTP of OpenAI's chat completions."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def called(name="find", arguments='{"what": "x"}'):
    return {
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}]
    }


def said(message, end="stop", **more):
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": end}
    return 200, {"choices": [choice], "usage": {"completion_tokens": 5}, **more}


class StandIn(ThreadingHTTPServer):
    """Speaks the HTTP of chat completions; `answers` gives status and body for the last thing said."""

    daemon_threads = True

    def __init__(self, answers):
        self.answers, self.asked, self.keys = answers, [], []
        self.now = self.most = 0
        self.counting = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.counting:
            self.server.asked.append(body)
            self.server.keys.append(self.headers.get("authorization"))
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        status, answer = self.server.answers(body["messages"][-1]["content"])
        with self.server.counting:
            self.server.now -= 1
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if status in (301, 307):
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def standing_in(answers):
    server = StandIn(answers)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
