"""Checks of a model folder that need no real model."""

import json

import pytest

from core.errors import StudioError
from core.models.model_folder import check_settings, check_weights


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text("{% for tool in tools %}{% endfor %}")
    return tmp_path


def test_a_whole_folder_passes(folder):
    (folder / "model.safetensors").touch()
    check_settings(folder, "it")
    check_weights(folder, "it")


def test_an_adapter_beside_a_model_is_refused(folder):
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "else/where"}')
    with pytest.raises(StudioError, match="mixes a model with an adapter"):
        check_settings(folder, "it")


@pytest.mark.parametrize("template", ["tools", [{"name": "default", "template": "{{ tools }}"}]])
def test_templates_inside_the_settings_count(folder, template):
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    check_settings(folder, "it")


@pytest.mark.parametrize("shard", ["../outside.safetensors", "missing.safetensors", 3])
def test_an_index_names_only_files_of_its_folder(folder, shard):
    (folder.parent / "outside.safetensors").touch()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(StudioError, match="incomplete"):
        check_weights(folder, "it")
    (folder / "here.safetensors").touch()
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "here.safetensors"}}')
    check_weights(folder, "it")


def test_pickled_weights_are_named_as_the_reason(folder):
    with pytest.raises(StudioError, match="holds no weights"):
        check_weights(folder, "it")
    (folder / "pytorch_model.bin").touch()
    with pytest.raises(StudioError, match="pickled"):
        check_weights(folder, "it")
