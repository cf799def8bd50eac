"""Whether a folder holds a model that is safe to load and can call tools; reads only small text files."""

import json
from pathlib import Path
from typing import Any

from core.errors import StudioError

_WHERE = "Model"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def check_settings(folder: Path, name: str) -> None:
    """Refuse a model for what its small files say; the weights need not be there yet.

    Raises StudioError: no config, own code, an adapter, quantised weights, no tool-calling chat template.
    """
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            raise StudioError(
                f"{name} is an adapter, not a whole model.", "Merge it into its base model first.", _WHERE
            )
        raise StudioError(
            f"{name} holds no model: config.json is missing.", "Choose the folder of a model.", _WHERE
        )
    if (folder / "adapter_config.json").exists():
        # transformers would fetch and load whatever base model that file names
        raise StudioError(
            f"{name} mixes a model with an adapter.", "Remove adapter_config.json or merge it.", _WHERE
        )
    config, tokenizer = _json(folder / "config.json", name), _json(folder / "tokenizer_config.json", name)
    if "auto_map" in config or "auto_map" in tokenizer:
        raise StudioError(
            f"{name} brings program code of its own, and Callwright never runs code from a model.",
            "Choose a model that transformers knows by itself.",
            _WHERE,
        )
    if "transformers_weights" in config:
        raise StudioError(f"{name} names an unusual file for its weights.", "Choose another model.", _WHERE)
    if "quantization_config" in config:
        raise StudioError(
            f"The weights of {name} are quantised and cannot be trained.",
            "Choose the original model.",
            _WHERE,
        )
    _check_template(folder, tokenizer, name)


def check_weights(folder: Path, name: str) -> None:
    """Refuse a folder without complete safetensors weights (StudioError)."""
    index = folder / "model.safetensors.index.json"
    if (folder / "model.safetensors").is_file():
        return
    if index.is_file():
        shards = set(_json(index, name).get("weight_map", {}).values())
        lost = sorted(str(shard) for shard in shards if not _is_shard(folder, shard))
        if shards and not lost:
            return
        raise StudioError(
            f"{name} is incomplete: {', '.join(lost) or 'all weights'} missing.", "Fetch it anew.", _WHERE
        )
    if any(file.suffix in _PICKLED for file in folder.iterdir()):
        raise no_safetensors(name)
    raise StudioError(
        f"{name} holds no weights: model.safetensors is missing.", "Choose another folder.", _WHERE
    )


def no_safetensors(name: str) -> StudioError:
    """The error for a model without safetensors weights."""
    return StudioError(
        f"{name} has only pickled weights, which can run code when they are opened.",
        "Choose a model with model.safetensors, or convert it.",
        _WHERE,
    )


def _is_shard(folder: Path, shard: Any) -> bool:
    return isinstance(shard, str) and Path(shard).name == shard and (folder / shard).is_file()


def _check_template(folder: Path, tokenizer: dict[str, Any], name: str) -> None:
    if not any((folder / file).is_file() for file in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise StudioError(f"{name} has no tokenizer.", "Choose the folder of a whole model.", _WHERE)
    template = _template(folder, tokenizer, name)
    if not template:
        raise StudioError(
            f"{name} has no chat template, so it does not say how tools are described to it.",
            'Choose an instruction-tuned model (its name often ends in "-it" or "-instruct").',
            _WHERE,
        )
    if "tools" not in template:
        raise StudioError(
            f"The chat template of {name} has no place for tools.", "Choose a tool-calling model.", _WHERE
        )


def _template(folder: Path, tokenizer: dict[str, Any], name: str) -> str:
    """The text of the chat template; the file wins over the tokenizer's settings, as in transformers."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8", errors="replace")
    found = (
        tokenizer.get("chat_template")
        or _json(folder / "chat_template.json", name).get("chat_template")
        or ""
    )
    if isinstance(found, list):  # several named templates
        return "\n".join(str(entry.get("template", "")) for entry in found if isinstance(entry, dict))
    return str(found)


def _json(file: Path, name: str) -> dict[str, Any]:
    """The object in `file`, empty where there is no such file; StudioError where it is damaged."""
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StudioError(
            f"{file.name} of {name} cannot be read.", "Fetch the model anew.", _WHERE
        ) from error
    if not isinstance(found, dict):
        raise StudioError(f"{file.name} of {name} is not a JSON object.", "Fetch the model anew.", _WHERE)
    return found
