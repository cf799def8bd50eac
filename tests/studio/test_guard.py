"""Only our own page may talk to the studio: forged Host and Origin headers are refused before anything is read."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from studio.guard import Rules, app_kwargs

LOCAL = Rules.load({})
LAN = Rules.load({"GRADIO_SERVER_NAME": "studio.local"})
SPACE = Rules.load(
    {"SYSTEM": "spaces", "SPACE_HOST": "me-callwright.hf.space", "GRADIO_SERVER_NAME": "0.0.0.0"}
)


def client(rules: Rules) -> TestClient:
    app = FastAPI(**app_kwargs(rules))

    @app.api_route("/", methods=["GET", "POST"])
    def page() -> str:
        return "data"

    return TestClient(app)


def test_only_a_studio_of_this_machine_alone_is_local() -> None:
    assert LOCAL.local
    assert not LAN.local and not SPACE.local
    assert not Rules.load({"GRADIO_SERVER_NAME": "0.0.0.0"}).local
    assert not Rules.load({"SYSTEM": "spaces"}).local


@pytest.mark.parametrize(
    ("rules", "host", "origin", "status"),
    [
        (LOCAL, "127.0.0.1:7860", "", 200),
        (LOCAL, "localhost:7860", "http://localhost:7860", 200),
        (LOCAL, "LOCALHOST:7860", "http://localhost:7860", 200),
        (LOCAL, "[::1]:7860", "http://[::1]:7860", 200),
        (LOCAL, "192.168.1.5:7860", "http://192.168.1.5:7860", 200),
        (LOCAL, "evil.example:7860", "", 400),
        (LOCAL, "evil.example:7860", "http://evil.example:7860", 400),
        (LOCAL, "127.0.0.1.evil.example", "", 400),
        (LOCAL, "localhost.evil.example", "", 400),
        (LOCAL, "evil.example@127.0.0.1:7860", "http://evil.example", 403),
        (LOCAL, "", "", 400),
        (LOCAL, "[", "", 400),
        (LOCAL, "studio.local", "", 400),
        (LAN, "studio.local:7860", "http://studio.local:7860", 200),
        (LOCAL, "127.0.0.1:7860", "http://evil.example", 403),
        (LOCAL, "127.0.0.1:7860", "null", 403),
        (LOCAL, "127.0.0.1:7860", "http://127.0.0.1:8888", 403),
        (LOCAL, "127.0.0.1:7860", "http://127.0.0.1:7860.evil.example", 403),
        (LOCAL, "127.0.0.1:7860", "http://localhost:7860", 403),
        (LOCAL, "127.0.0.1:7860", "https://huggingface.co", 403),
        (LOCAL, "127.0.0.1:7860", "file://", 403),
        (LOCAL, "me-callwright.hf.space", "", 400),
        (SPACE, "me-callwright.hf.space", "https://me-callwright.hf.space", 200),
        (SPACE, "me-callwright.hf.space", "https://huggingface.co", 200),
        (SPACE, "me-callwright.hf.space", "https://evil.hf.space", 403),
        (SPACE, "me-callwright.hf.space", "https://huggingface.co.evil.example", 403),
        (SPACE, "other.hf.space", "", 400),
        (SPACE, "10.0.0.3:7860", "", 200),
        (SPACE, "0.0.0.0:7860", "", 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_forged_headers_are_refused(rules: Rules, host: str, origin: str, status: int, method: str) -> None:
    headers = {"host": host, **({"origin": origin} if origin else {})}
    answer = client(rules).request(method, "/", headers=headers)
    assert answer.status_code == status
    assert ("data" in answer.text) == (status == 200)


def test_a_page_may_be_framed_only_by_itself_or_on_a_space_by_the_hub() -> None:
    local = client(LOCAL).get("/", headers={"host": "localhost"}).headers
    assert local["content-security-policy"] == "frame-ancestors 'self'"
    assert local["x-content-type-options"] == "nosniff"
    space = client(SPACE).get("/", headers={"host": "me-callwright.hf.space"}).headers
    assert space["content-security-policy"] == "frame-ancestors 'self' https://huggingface.co"
