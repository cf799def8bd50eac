"""Models by name, against a stand-in for the Hub.

Each question runs in a process of its own, since the Hub's client reads the environment only once.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import StudioError
from core.models.loading import load, resolve
from core.settings import Settings
from tests import tiny_model
from tests.core.models import hub_stand_in

ROOT = Path(__file__).parents[3]
ASK = """
import json, sys
from core.errors import StudioError
from core.models.loading import resolve
from core.settings import Settings
told = []
try:
    found = resolve(sys.argv[1], Settings.load(sys.argv[2]), lambda text, share: told.append(share))
    print(json.dumps({"folder": str(found), "told": told}))
except StudioError as error:
    print(json.dumps({"error": error.sentence()}))
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def files(tiny) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in tiny.iterdir()}


@pytest.fixture
def hub():
    with hub_stand_in.running() as running:
        yield running


@pytest.fixture
def ask(hub, tmp_path):
    """Resolve a name in a fresh process that knows only the stand-in, and keep what it printed."""

    def asked(name: str, token: str | None = None, endpoint: str | None = None, **more: str) -> dict:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE"))}
        environment |= {"HF_ENDPOINT": endpoint or hub.address, "HF_HOME": str(tmp_path / "hf"), **more}
        environment |= {"NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)}
        if token:
            environment["HF_TOKEN"] = token
        command = [sys.executable, "-c", ASK, name, str(tmp_path / "home")]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        asked.output += done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    asked.output = ""
    return asked


def test_a_good_model_is_fetched_once_and_loads(hub, ask, files):
    extra = {
        "pytorch_model.bin": b"pickle",
        "model.pt": b"x",
        "modeling_tiny.py": b"boom",
        "onnx/config.json": b"{}",
    }
    hub.repos["someone/tiny"] = files | extra
    answer = ask("someone/tiny")
    folder = Path(answer["folder"])
    assert {file.name for file in folder.iterdir()} == set(files)
    assert answer["told"][-1] == 1.0
    fetched = [path for path in hub.paths() if "/resolve/" in path]
    assert fetched and not any(name in path for path in fetched for name in extra)

    model, tokenizer = load(folder, "float32", "cpu")
    assert not model.training and str(model.dtype) == "torch.float32" and tokenizer.padding_side == "left"
    assert model.config._attn_implementation == "sdpa"

    hub.requests.clear()
    assert ask("someone/tiny")["folder"] == str(folder)
    assert hub.requests == []  # what is here needs no network


def test_an_interrupted_download_is_completed(hub, ask, files):
    hub.repos["someone/tiny"] = files
    folder = Path(ask("someone/tiny")["folder"])
    (folder / "model.safetensors").unlink()
    assert "folder" in ask("someone/tiny")
    assert (folder / "model.safetensors").read_bytes() == files["model.safetensors"]


def test_a_licence_needs_an_account(hub, ask, files):
    hub.repos["google/gated"], hub.gated = files, {"google/gated"}
    assert "not logged in" in ask("google/gated")["error"]
    stranger = ask("google/gated", hub_stand_in.STRANGER_TOKEN)["error"]
    assert "has not accepted" in stranger and "https://huggingface.co/google/gated" in stranger
    assert "folder" in ask("google/gated", hub_stand_in.GOOD_TOKEN)


def test_the_token_travels_only_in_its_header(hub, ask, files, tmp_path):
    hub.repos["google/gated"], hub.gated = files, {"google/gated"}
    ask("google/gated", hub_stand_in.STRANGER_TOKEN)
    ask("google/gated", hub_stand_in.GOOD_TOKEN)
    tokens = {hub_stand_in.STRANGER_TOKEN, hub_stand_in.GOOD_TOKEN}
    assert {header for _, _, header in hub.requests} == {f"Bearer {token}" for token in tokens}
    assert not any(token in path for path in hub.paths() for token in tokens)
    for token in tokens:
        assert token not in ask.output
        written = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert written and not any(token.encode() in file.read_bytes() for file in written)


def test_pickled_weights_are_refused_before_any_file_is_fetched(hub, ask, files):
    hub.repos["someone/old"] = {k: v for k, v in files.items() if k != "model.safetensors"} | {
        "pytorch_model.bin": b"pickle"
    }
    assert "pickled weights" in ask("someone/old")["error"]
    assert not any("/resolve/" in path for path in hub.paths())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chat_template.jinja": None}, "has no chat template"),
        ({"chat_template.jinja": b"{{ messages }}"}, "no place for tools"),
        ({"config.json": b'{"auto_map": {"AutoModel": "modeling_x.X"}}'}, "program code of its own"),
        (
            {"tokenizer_config.json": b'{"auto_map": {"AutoTokenizer": ["x.X", null]}}'},
            "program code of its own",
        ),
        ({"config.json": b'{"transformers_weights": "adapter_model.bin"}'}, "unusual file"),
        ({"config.json": b'{"quantization_config": {}}'}, "quantised"),
        ({"config.json": b"[1"}, "cannot be read"),
        ({"config.json": None, "adapter_config.json": b"{}"}, "holds no model"),
    ],
)
def test_small_files_decide_before_the_weights_are_fetched(hub, ask, files, changes, words):
    hub.repos["some/one"] = {k: v for k, v in (files | changes).items() if v is not None}
    assert words in ask("some/one")["error"]
    assert not any(path.endswith(".safetensors") for path in hub.paths())


def test_what_is_not_there_is_said(hub, ask):
    assert "no model some/typo" in ask("some/typo")["error"]
    assert "no model some/typo" in ask("some/typo", hub_stand_in.GOOD_TOKEN)["error"]


def test_no_network_is_said(ask):
    assert "cannot be reached" in ask("some/one", endpoint="http://127.0.0.1:9")["error"]
    assert "cannot be reached" in ask("some/one", HF_HUB_OFFLINE="1")["error"]


def test_a_folder_is_checked(tiny, tmp_path):
    settings = Settings.load(tmp_path / "home")
    assert resolve(str(tiny), settings) == tiny.resolve()
    with pytest.raises(StudioError, match="no folder"):
        resolve(str(tmp_path / "nothing"), settings)
    with pytest.raises(StudioError, match="holds no model"):
        resolve(str(tmp_path), settings)


def test_weights_that_lack_a_part_are_not_filled_with_noise(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("model.norm.weight")
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(StudioError, match=r"lacks model\.norm\.weight"):
        load(tmp_path, "float32", "cpu")
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(StudioError, match="cannot be loaded"):
        load(tmp_path, "float32", "cpu")
