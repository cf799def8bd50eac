"""A model's tokenizer without transformers: what the page counts and colours tokens with.

Reads the files that transformers reads, with the library that transformers uses, and has the part of its interface
that `core.prompt` needs. Training itself always goes through transformers.
"""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.prompt.family import Family, family_of
from core.prompt.template import compiled

NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")

KEPT = 2  # tokenizers: one of 262,144 tokens takes 290 MB
_kept: dict[Path, tuple[tuple[int, ...], "LightTokenizer", Family]] = {}
_loading = threading.Lock()


def load(folder: Path) -> tuple["LightTokenizer", Family]:
    """The tokenizer in `folder` and its family, kept as long as the files stay as they are.

    The first time takes up to about a second, in which Python does nothing else. Raises StudioError where the
    folder has no tokenizer.json, or one that cannot be used.
    """
    with _loading:  # two at once would read the same file twice
        if not loaded(folder):
            tokenizer, family = _read(folder)
            _kept.pop(folder, None)
            while len(_kept) >= KEPT:
                del _kept[next(iter(_kept))]
            _kept[folder] = _stamps(folder), tokenizer, family
        return _kept[folder][1:]


def loaded(folder: Path) -> bool:
    """Whether `load` has nothing left to do."""
    return folder in _kept and _kept[folder][0] == _stamps(folder)


def _stamps(folder: Path) -> tuple[int, ...]:
    files = (folder / name for name in FILES)
    return tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)


def _read(folder: Path) -> tuple["LightTokenizer", Family]:
    if not (folder / "tokenizer.json").is_file():
        raise StudioError(
            f"{folder.name} has no tokenizer.json, so its tokens are counted only when it is trained.",
            where="Model",
        )
    try:
        tokenizer = LightTokenizer(folder)
    except Exception as error:  # the library raises bare Exceptions
        raise StudioError(
            f"The tokenizer of {folder.name} cannot be read: {error}.", "Fetch the model anew.", "Model"
        ) from error
    return tokenizer, family_of(tokenizer)


class LightTokenizer:
    """The tokenizer of a folder; its methods do what those of transformers do."""

    def __init__(self, folder: Path):
        from tokenizers import AddedToken, Tokenizer

        self.backend_tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.backend_tokenizer.no_truncation()
        self.backend_tokenizer.no_padding()
        config = _config(folder)
        self.backend_tokenizer.encode_special_tokens = bool(config.get("split_special_tokens"))
        self.backend_tokenizer.add_tokens(
            [AddedToken(**token) for _, token in sorted(config["added_tokens_decoder"].items())]
        )
        extra = config.get("extra_special_tokens") or []
        own = {
            name: text for name, text in config.items() if name.endswith("_token") and isinstance(text, str)
        }
        self.named: dict[str, str] = {**own, **(extra if isinstance(extra, dict) else {})}
        self.all_special_tokens = list(
            dict.fromkeys([*self.named.values(), *(extra if isinstance(extra, list) else [])])
        )
        known = {token.content for token in self.backend_tokenizer.get_added_tokens_decoder().values()}
        self.backend_tokenizer.add_tokens(
            [AddedToken(text, special=True) for text in self.all_special_tokens if text not in known]
        )
        self.chat_template: str | dict[str, str] | None = config["chat_template"]

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        return self.backend_tokenizer.encode(text, add_special_tokens=add_special_tokens).ids

    def decode(
        self,
        ids: Sequence[int],
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool = False,
    ) -> str:
        return self.backend_tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens)

    def convert_tokens_to_ids(self, tokens: Sequence[str]) -> list[int | None]:
        unknown = self.backend_tokenizer.token_to_id(self.named.get("unk_token", ""))
        found = (self.backend_tokenizer.token_to_id(token) for token in tokens)
        return [unknown if id is None else id for id in found]

    def convert_ids_to_tokens(self, ids: int | Sequence[int]) -> Any:
        if isinstance(ids, int):
            return self.backend_tokenizer.id_to_token(ids)
        return [self.backend_tokenizer.id_to_token(id) for id in ids]

    @property
    def added_tokens_decoder(self) -> dict[int, Any]:
        return self.backend_tokenizer.get_added_tokens_decoder()

    def get_added_vocab(self) -> dict[str, int]:
        return {token.content: id for id, token in sorted(self.added_tokens_decoder.items())}

    @property
    def bos_token_id(self) -> int | None:
        return self.backend_tokenizer.token_to_id(self.named.get("bos_token", ""))

    @property
    def eos_token_id(self) -> int | None:
        return self.backend_tokenizer.token_to_id(self.named.get("eos_token", ""))

    @property
    def pad_token(self) -> str | None:
        return self.named.get("pad_token")

    def get_chat_template(self, tools: Any = None) -> str:
        if not isinstance(self.chat_template, dict):
            return self.chat_template or ""
        name = "tool_use" if tools is not None and "tool_use" in self.chat_template else "default"
        return self.chat_template[name]

    def apply_chat_template(
        self,
        messages: Sequence[dict[str, Any]],
        tools: Any = None,
        add_generation_prompt: bool = False,
        tokenize: bool = False,
    ) -> str:
        """The text of a conversation; tokens are for `encode` to make."""
        return compiled(self.get_chat_template(tools)).render(
            messages=[
                {name: value for name, value in message.items() if value is not None} for message in messages
            ],
            tools=tools,
            documents=None,
            add_generation_prompt=add_generation_prompt,
            **self.named,
        )


def _config(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json and the files beside it, special tokens as texts, `chat_template` and
    `added_tokens_decoder` always there."""
    config = _json(folder / "tokenizer_config.json")
    if "added_tokens_decoder" not in config:  # else the older file is not looked at
        config |= _json(folder / "special_tokens_map.json")
    added = config.get("added_tokens_decoder") or {}
    extra = config.get("extra_special_tokens") or config.get("additional_special_tokens") or []
    template = config.get("chat_template")
    if isinstance(template, list):
        template = {entry["name"]: entry["template"] for entry in template}
    if (file := folder / "chat_template.jinja").is_file():
        template = file.read_text(encoding="utf-8")
    return {
        **{name: _text(value) for name, value in config.items()},
        "extra_special_tokens": (
            {name: _text(token) for name, token in extra.items()}
            if isinstance(extra, dict)
            else [_text(token) for token in extra]
        ),
        "added_tokens_decoder": {int(id): _plain(token) for id, token in added.items()},
        "chat_template": template,
    }


def _json(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _text(value: Any) -> Any:
    """A special token as text, in whichever of its two forms it was written."""
    return value["content"] if isinstance(value, dict) and "content" in value else value


def _plain(token: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in token.items() if name != "__type"}
