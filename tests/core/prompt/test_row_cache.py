"""Rows that were checked once: found again exactly, or not at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_model

from core.prompt import Row, row_cache

ROOT = Path(__file__).parents[3]
ROWS = [Row([2, 7, 262143, 9, 1], 3), Row([5, 6], 1)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def model(tiny, tmp_path) -> Path:
    return shutil.copytree(tiny, tmp_path / "model")


def kept(settings) -> Path:
    return settings.home / "cache" / "rows"


def test_rows_come_back_as_they_were_written(settings):
    row_cache.write(settings, "key", ROWS)
    assert row_cache.read(settings, "key", 2048) == ROWS
    assert row_cache.read(settings, "other", 2048) is None


def test_a_row_over_the_limit_of_today_is_not_found_and_stays_for_a_higher_one(settings):
    row_cache.write(settings, "key", ROWS)
    assert row_cache.read(settings, "key", 4) is None
    assert row_cache.read(settings, "key", 5) == ROWS


def test_the_same_files_have_the_same_key_wherever_they_lie(tiny, model):
    assert row_cache.key_of("snapshot", tiny) == row_cache.key_of("snapshot", model)


def test_another_snapshot_has_another_key(model):
    assert row_cache.key_of("snapshot", model) != row_cache.key_of("snapshot 2", model)


@pytest.mark.parametrize(
    "file",
    [
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "config.json",
        "special_tokens_map.json",
        "tokenizer.model",
        "merges.txt",
        "additional_chat_templates/tool_use.jinja",
    ],
)
def test_a_change_of_what_says_how_a_model_is_spoken_to_changes_the_key(model, file):
    before = row_cache.key_of("snapshot", model)
    (model / file).parent.mkdir(exist_ok=True)
    with (model / file).open("a") as content:
        content.write(" ")
    assert row_cache.key_of("snapshot", model) != before


def test_weights_do_not_change_the_key(model):
    before = row_cache.key_of("snapshot", model)
    (model / "model.safetensors").write_bytes(b"others")
    assert row_cache.key_of("snapshot", model) == before


def test_what_stands_in_another_file_changes_the_key(tmp_path):
    contents = ({"a": "xy", "b": "z"}, {"a": "x", "b": "yz"}, {"a": "xy", "c": "z"})
    for number, files in enumerate(contents):
        (tmp_path / str(number)).mkdir()
        for name, text in files.items():
            (tmp_path / str(number) / f"{name}.json").write_text(text)
    keys = {row_cache.key_of("snapshot", tmp_path / str(number)) for number in range(len(contents))}
    assert len(keys) == len(contents)


def test_rows_of_a_template_that_asks_the_clock_are_never_kept(model):
    template = model / "chat_template.jinja"
    template.write_text("{{ strftime_now('%d %b %Y') }}" + template.read_text())
    assert row_cache.key_of("snapshot", model) is None


@pytest.mark.parametrize("changed", ["prompt/messages.py", "prompt/functiongemma.jinja", "schema/call.py"])
def test_a_change_of_the_code_that_makes_rows_changes_the_key(model, tmp_path, changed):
    copy = shutil.copytree(ROOT / "core", tmp_path / "code" / "core")

    def key() -> str:
        program = (
            "import sys; from pathlib import Path; from core.prompt import row_cache;"
            "print(row_cache.key_of('snapshot', Path(sys.argv[1])))"
        )
        command = [sys.executable, "-c", program, str(model)]
        return subprocess.run(
            command, cwd=copy.parent, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    before = key()
    assert before.strip() == row_cache.key_of("snapshot", model)
    with (copy / changed).open("a") as code:
        code.write("\n")
    assert key() != before


@pytest.mark.parametrize("library", ["transformers", "tokenizers", "jinja2"])
def test_another_release_of_a_library_that_makes_tokens_changes_the_key(model, monkeypatch, library):
    before = row_cache.key_of("snapshot", model)
    known = row_cache.metadata.version
    monkeypatch.setattr(row_cache.metadata, "version", lambda name: "0.0" if name == library else known(name))
    row_cache._code.cache_clear()
    try:
        assert row_cache.key_of("snapshot", model) != before
    finally:
        row_cache._code.cache_clear()


def test_damage_is_never_taken_for_rows(settings):
    row_cache.write(settings, "key", ROWS)
    file = kept(settings) / "key"
    whole = file.read_bytes()
    found_out = 0
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        found = row_cache.read(settings, "key", 2048)
        assert found in (None, ROWS), place  # a few bytes of the header say nothing of the content
        assert file.exists() == (found is not None), "what is damaged is deleted"
        found_out += found is None
    assert found_out > len(whole) - 10
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert row_cache.read(settings, "key", 2048) is None
        assert not file.exists()


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"[[1, 2]]", b"[[[1, 2]]]", b"null", b"[[[1], 1]"])
def test_what_is_no_rows_is_deleted(settings, text):
    import gzip

    kept(settings).mkdir(parents=True)
    (kept(settings) / "key").write_bytes(gzip.compress(text))
    assert not row_cache.read(settings, "key", 2048)


def test_the_newest_twenty_are_kept_and_what_is_used_counts_as_new(settings):
    for number in range(row_cache.KEPT):
        row_cache.write(settings, f"key {number}", ROWS)
        os.utime(kept(settings) / f"key {number}", (number, number))
    assert row_cache.read(settings, "key 0", 2048)
    (kept(settings) / "key half.123").write_bytes(b"left by a process that died")
    os.utime(kept(settings) / "key half.123", (1, 1))
    for number in (100, 101):
        row_cache.write(settings, f"key {number}", ROWS)
    names = {file.name for file in kept(settings).iterdir()}
    assert names == {"key 0", "key 100", "key 101", *(f"key {n}" for n in range(3, row_cache.KEPT))}


def test_a_huge_set_is_not_kept(settings):
    row_cache.write(settings, "key", [Row([1] * (row_cache.MOST_TOKENS + 1), 1)])
    assert row_cache.read(settings, "key", 10**9) is None


def test_nothing_half_written_is_ever_found_under_the_key(settings, monkeypatch):
    """The disk is full in the middle of writing."""
    row_cache.write(settings, "key", ROWS)

    def full(self, content):
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        row_cache.write(settings, "key", [Row([1, 2, 3], 1)])
    assert row_cache.read(settings, "key", 2048) == ROWS
