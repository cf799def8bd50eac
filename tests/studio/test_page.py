"""The page as a whole: it starts light, skips what has not changed, and never trusts what a browser sends."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest

from core.errors import StudioError
from core.training.recipe import RunConfig, configure
from studio import events
from studio.panels import recipe
from studio.panels.recipe import config_of
from studio.text import ENGLISH, t
from studio.ui import build, unchanged_skipped

ROOT = Path(__file__).parents[2]
STARTUP = """
import sys, app
heavy = {"torch", "transformers", "trl", "datasets", "accelerate", "peft"} & set(sys.modules)
assert not heavy, heavy
import threading, psutil
assert not psutil.Process().children(), "something was started"
from core.settings import Settings
assert not Settings.load().home.exists(), "something was written"
"""


def test_importing_the_app_loads_no_model_library_and_starts_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "CALLWRIGHT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", STARTUP], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_event_of_the_page_is_an_api(tmp_path: Path) -> None:
    from core.settings import Settings

    page = build(Settings(tmp_path))
    public = [fn.api_name for fn in page.fns.values() if fn.api_visibility == "public"]
    assert not public


def test_an_event_lights_at_most_one_output(tmp_path: Path) -> None:
    """Gradio looks up each one that is lit, of all events, whenever one is sent."""
    from core.settings import Settings

    events = [fn.get_config() for fn in build(Settings(tmp_path)).fns.values()]
    lit = [one["outputs"] if one["show_progress_on"] is None else one["show_progress_on"] for one in events]
    assert max(map(len, lit)) == 1


def skipped(value: object) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update" and len(value) == 1


def test_a_tick_sends_only_what_has_changed() -> None:
    first = unchanged_skipped(["a", gr.update(visible=True), "c"], [])
    assert first == ["a", gr.update(visible=True), "c", ["a", gr.update(visible=True), "c"]]
    second = unchanged_skipped(["a", gr.update(visible=True), "d"], first[-1])
    assert [skipped(value) for value in second] == [True, True, False, False]
    third = unchanged_skipped(["a", gr.update(visible=True), "d"], second[-1])
    assert all(map(skipped, third)) and len(third) == 4


def test_our_errors_are_shown_as_sentences_and_escaped() -> None:
    @events.shown
    def handler() -> None:
        raise StudioError("There is no <b>tool</b>.", "Add one.")

    with pytest.raises(gr.Error) as raised:
        handler()
    assert raised.value.message == "There is no &lt;b&gt;tool&lt;/b&gt;. Add one."
    assert not raised.value.print_exception


def test_other_errors_are_logged_and_shown_by_reference_only(caplog: pytest.LogCaptureFixture) -> None:
    @events.shown
    def handler():
        yield 1
        raise RuntimeError("secret path /home/me")

    steps = handler()
    assert next(steps) == 1
    with pytest.raises(gr.Error) as raised:
        next(steps)
    assert "secret" not in raised.value.message
    reference = re.search(r"[0-9a-f]{8}", raised.value.message).group()
    assert reference in caplog.text and "secret path" in caplog.text


def test_every_text_that_is_asked_for_exists() -> None:
    """Keys made of parts (`t(f"state.{run.state}")`) must have at least one text of that form."""
    for path in (ROOT / "studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t"):
                continue
            key = node.args[0]
            if isinstance(key, ast.Constant):
                assert key.value in ENGLISH, f"{path.name}: {key.value}"
            elif isinstance(key, ast.JoinedStr):
                parts = [re.escape(p.value) if isinstance(p, ast.Constant) else r"[\w.]+" for p in key.values]
                form = "".join(parts)
                assert any(re.fullmatch(form, known) for known in ENGLISH), f"{path.name}: {form}"


@pytest.mark.parametrize(("n", "words"), [(0, "0 examples"), (1, "1 example"), (2, "2 examples")])
def test_one_and_many(n: int, words: str) -> None:
    assert t("tools.examples", n=n) == words


GOOD = {
    "epochs": 16,
    "batch_size": 4.0,
    "learning_rate": "1e-05",
    "schedule": "linear",
    "vocabulary": "calls",
    "max_length": 2048,
    "dtype": "auto",
    "seed": 0,
    "average": 1,
    "lora_rank": 0,
    "rows_at_once": 0,
    "patience": 0,
    "watch": "right_tool",
    "checkpoint_every": 1,
    "keep_best": 1,
    "report_to": "none",
}


def test_the_form_gives_the_recipe_that_was_typed() -> None:
    assert config_of(GOOD) == RunConfig()


def test_a_recipe_is_known_by_its_values_and_fills_the_fields() -> None:
    assert recipe.name_of({**GOOD, "seed": 7, "dtype": "float32", "rows_at_once": 1}) == "recommended"
    assert recipe.name_of({**GOOD, "lora_rank": 16}) == "own"
    assert recipe.name_of({**GOOD, "epochs": 13}) == recipe.name_of({**GOOD, "epochs": None}) == "own"
    order = [name for pair in recipe.PAIRS for name in pair]
    mine = {**GOOD, "seed": 7, "max_length": 900, "epochs": 3}
    filled = dict(zip(order, recipe.on_named("guide", *(mine[name] for name in order)), strict=True))
    assert recipe.name_of(filled) == "guide" and (filled["seed"], filled["max_length"]) == (7, 900)
    assert config_of(filled) == configure("guide", {"seed": "7", "max_length": "900"})
    assert recipe.on_named("own", *(mine[name] for name in order)) == [mine[name] for name in order]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("epochs", None, "Passes over your examples: write a number"),
        ("epochs", 2.5, "whole number"),
        ("epochs", 0, "from 1 to 100"),
        ("epochs", float("inf"), "write a number"),
        ("epochs", float("nan"), "write a number"),
        ("learning_rate", "fast", "Size of each change: write a number"),
        ("learning_rate", "1", "from 1e-07 to 0.01"),
        ("dtype", "float16", "Choose one of"),
        ("dtype", ["auto"], "Choose one of"),
        ("schedule", "cosine", "Choose one of"),
        ("seed", "9" * 400, "write a number"),
        ("lora_rank", 300, r"Train small added weights \(LoRA\): Choose a number from 0 to 256"),
        ("rows_at_once", 1.5, "Rows at once: write a whole number"),
    ],
)
def test_a_wrong_setting_is_named_as_the_form_names_it(field: str, value: object, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        config_of({**GOOD, field: value})
