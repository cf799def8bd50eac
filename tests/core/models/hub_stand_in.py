"""A Hub of one process on 127.0.0.1: answers, error codes and headers as huggingface.co sends them."""

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SHA = "a" * 40
GOOD_TOKEN, STRANGER_TOKEN = "hf_goodTokenOfTheTest", "hf_strangerTokenOfTheTest"


@dataclass
class Hub:
    """Repositories by name (data sets as `datasets/owner/name`), the gated ones among them, and what was asked."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    address: str = ""

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.requests]


@contextmanager
def running():
    """A Hub that listens until the end of the block."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: Hub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body: bool):
            path = urlsplit(self.path).path
            token = self.headers.get("Authorization")
            hub.requests.append((self.command, self.path, token))
            parts = path.strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                return self.listing("/".join(parts[2:4]), parts[4:], token, body)
            if parts[:2] == ["api", "datasets"]:
                return self.listing("/".join(parts[1:4]), parts[4:], token, body)
            if parts[0] == "datasets" and len(parts) >= 6 and parts[3] == "resolve":
                return self.file("/".join(parts[:3]), "/".join(parts[5:]), token, body)
            if len(parts) >= 5 and parts[2] == "resolve":
                return self.file("/".join(parts[:2]), "/".join(parts[4:]), token, body)
            return self.refuse(404, "EntryNotFound", "Not found")

        def listing(self, repo, rest, token, body):
            files = hub.repos.get(repo)
            if files is None:
                return self.refuse(404 if token else 401, "RepoNotFound", "Repository not found")
            if rest[:1] == ["tree"]:
                found = [
                    {"type": "file", "path": name, "size": len(data), "oid": _etag(data)}
                    for name, data in files.items()
                ]
                return self.send(json.dumps(found).encode(), "application/json", body)
            siblings = [
                {"rfilename": name, "size": len(data), "blobId": _etag(data)} for name, data in files.items()
            ]
            about = {"_id": "1", "id": repo, "modelId": repo, "sha": SHA, "private": False}
            about |= {"gated": "manual" if repo in hub.gated else False, "siblings": siblings, "tags": []}
            return self.send(json.dumps(about).encode(), "application/json", body)

        def file(self, repo, name, token, body):
            files = hub.repos.get(repo)
            if files is None:
                return self.refuse(404 if token else 401, "RepoNotFound", "Repository not found")
            if repo in hub.gated and token != f"Bearer {GOOD_TOKEN}":
                status = 403 if token else 401
                return self.refuse(status, "GatedRepo", f"Access to model {repo} is restricted.")
            if name not in files:
                return self.refuse(404, "EntryNotFound", "Entry not found")
            return self.send(files[name], "application/octet-stream", body)

        def send(self, data, kind, body):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-Repo-Commit", SHA)
            self.send_header("ETag", f'"{_etag(data)}"')
            self.end_headers()
            if body:
                self.wfile.write(data)

        def refuse(self, status, code, message):
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", message)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


def _etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
