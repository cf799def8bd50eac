"""`python -m core serve`, and the lines to copy, run as a user would run them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from core.schema import read_tool
from core.serving.snippets import KEY, snippets
from core.settings import Settings

ROOT = Path(__file__).parents[3]
WORDS = {"type": "string", "description": "it's \"what\"\nto 'find' $HOME `id` \\n ü"}
TOOLS = [
    read_tool(
        {
            "name": "find",
            "description": "Search. END_OF_JSON",
            "parameters": {"type": "object", "properties": {"q": WORDS}, "required": ["q"]},
        }
    )[0]
]
PROMPT = 'what\'s "new" in $HOME? `id` \\ ü\nEND_OF_JSON'


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(home: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "core", "serve", "--home", str(home), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory, model):
    """A port where a tiny model is served with the key "of mine"."""
    port = free_port()
    process = start(
        tmp_path_factory.mktemp("home"), "--model", model, "--port", str(port), CALLWRIGHT_KEY="of mine"
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=2)
            break
        except httpx.TransportError:
            time.sleep(0.2)
    yield port
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert f"http://127.0.0.1:{port}/v1" in err and "of mine" not in err + out
    assert out.strip() == "Ended."


def texts(model: str, port: int, tmp_path: Path):
    return snippets(model, Path(model), TOOLS, PROMPT, Settings.load(tmp_path / "it's home"), port)


def run(command: list[str], text: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "NO_PROXY": "*", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lines_for_openai_ask_the_host(served, model, tmp_path):
    text = texts(model, served, tmp_path).openai
    assert run([sys.executable, "-"], text, **{KEY: "of mine"}).strip()
    refused = subprocess.run(
        [sys.executable, "-"], input=text, capture_output=True, text=True, env={**os.environ, KEY: "x"}
    )
    assert "AuthenticationError" in refused.stderr  # fmt: skip


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_lines_for_curl_ask_the_host(served, model, tmp_path):
    answer = run(["bash"], texts(model, served, tmp_path).curl, **{KEY: "of mine"})
    assert '"object":"chat.completion"' in answer and '"finish_reason"' in answer


def test_the_lines_for_transformers_answer_alone(served, model, tmp_path):
    """And they say what the host says, for both are greedy."""
    said = run([sys.executable, "-"], texts(model, served, tmp_path).transformers).strip("\n")
    body = {
        "model": model,
        "messages": [{"role": "user", "content": PROMPT}],
        "tools": [tool.declaration() for tool in TOOLS],
    }
    headers = {"Authorization": "Bearer of mine"}
    answer = httpx.post(
        f"http://127.0.0.1:{served}/v1/chat/completions", json=body, headers=headers, timeout=60
    ).json()
    assert said.startswith(answer["callwright"]["text"][:20].strip("\n"))


def test_the_line_that_serves_is_quoted_for_the_shell(tmp_path):
    made = texts("it's; touch x", 1234, tmp_path)
    command = made.serve.splitlines()[1].replace("python -m core serve", "printf '%s\\n'")
    said = run(["bash"], command).splitlines()
    assert said[:2] == ["--model", "it's; touch x"] and said[-1].endswith("it's home")


def test_it_serves_one_computer_and_the_models_it_was_told(served, model):
    url = f"http://127.0.0.1:{served}/v1"
    assert httpx.get(f"{url}/models").status_code == 401
    headers = {"Authorization": "Bearer of mine"}
    assert [one["id"] for one in httpx.get(f"{url}/models", headers=headers).json()["data"]] == [model]
    body = {"model": "starter", "messages": [{"role": "user", "content": "x"}]}
    assert httpx.post(f"{url}/chat/completions", json=body, headers=headers).status_code == 404
    outside = socket.gethostbyname(socket.gethostname())
    if not outside.startswith("127."):
        with pytest.raises(OSError):
            socket.create_connection((outside, served), timeout=2)


def test_a_port_that_is_taken_is_a_sentence(tmp_path, served, model):
    process = start(tmp_path, "--model", model, "--port", str(served), "--key", "shown")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and f"Port {served} of this computer is not free." in err
    assert "CALLWRIGHT_KEY hides it" in err and "Traceback" not in err and not out


def test_a_model_that_is_not_there_is_a_sentence(tmp_path):
    process = start(tmp_path, "--model", str(tmp_path / "nothing"), "--port", "0")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "There is no folder" in err and "Traceback" not in err
