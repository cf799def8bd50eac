"""From the name of a model to its folder and into memory; the only networked module of `core.models`.

Only safetensors, JSON and template files are ever fetched or opened, and no code of a model is ever run.
"""

import errno
import gc
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import StudioError
from core.models import read_ahead, starter
from core.models.catalog import HUB, check_name
from core.models.model_folder import check_settings, check_weights, no_safetensors
from core.models.progress import Progress, silent
from core.settings import Settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_WHERE = "Model"
_SMALL = ["*.json", "tokenizer.model", "*.jinja"]
_WEIGHTS = ["model*.safetensors"]
# Folders hold exports for other programs; an adapter file would make transformers fetch a further model.
_UNWANTED = ["*/*", "adapter_*"]
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def resolve(model: str, settings: Settings, progress: Progress = silent) -> Path:
    """The local folder of `model` ("starter", a folder or a Hub id), made or downloaded where needed.

    Raises StudioError with the one thing to do where the model cannot be had or must not be loaded.
    """
    name = model.strip()
    kind = check_name(name)
    if kind == "starter":
        return starter.path(settings, progress)
    if kind == "hub":
        return cached(name) or _download(name, progress)
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise StudioError(f"There is no folder {folder}.", "Check the path.", _WHERE)
    _check(folder, name)
    return folder


def load(path: Path, dtype: str, device: str) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """Model and tokenizer of the folder `path`, ready to generate, in the torch dtype named `dtype`.

    Raises StudioError where the folder is unsafe or damaged, or memory runs out.
    """
    read_ahead.begin(path)
    tokenizer = load_tokenizer(path)
    return load_model(path, dtype, device), tokenizer


def load_tokenizer(path: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of the folder `path`, padding on the left. Raises StudioError as `load`."""
    from transformers import AutoTokenizer

    with _loading(path):
        return AutoTokenizer.from_pretrained(path, local_files_only=True, padding_side="left")


def load_model(path: Path, dtype: str, device: str) -> "PreTrainedModel":
    """The model of the folder `path`, ready to generate, in the torch dtype named `dtype`.

    Costs next to nothing where the weights on the disk have this dtype: they are mapped, not copied. Raises
    StudioError as `load`.
    """
    import torch
    from transformers import AutoModelForCausalLM

    with _loading(path):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            path,
            dtype=getattr(torch, dtype),
            attn_implementation="sdpa",
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        model, report = loaded
        if lost := sorted(report["missing_keys"]):  # transformers would fill them with random numbers
            raise StudioError(
                f"{path.name} is incomplete: it lacks {lost[0]}.", "Fetch the model anew.", _WHERE
            )
        return model.to(device).eval()


@contextmanager
def _loading(path: Path) -> Iterator[None]:
    """Check the folder, and tell as StudioError what goes wrong with it."""
    import torch

    _check(path, path.name)
    collecting = gc.isenabled()
    # A vocabulary is millions of objects that all stay; looking for garbage among them costs as much as reading it.
    gc.disable()
    try:
        yield
    except StudioError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise StudioError(
            f"{path.name} does not fit into the memory of this machine.",
            "Close other models or runs.",
            _WHERE,
        ) from error
    except Exception as error:  # whatever a foreign file makes the libraries raise
        first_line = str(error).strip().split("\n")[0]
        raise StudioError(
            f"{path.name} cannot be loaded: {first_line or type(error).__name__}",
            "Choose another model.",
            _WHERE,
        ) from error
    finally:
        if collecting:
            gc.enable()


def _check(folder: Path, name: str) -> None:
    check_settings(folder, name)
    check_weights(folder, name)


def cached(repo: str) -> Path | None:
    """The complete copy of `repo` on this machine, found without the network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                repo, allow_patterns=_SMALL + _WEIGHTS, ignore_patterns=_UNWANTED, local_files_only=True
            )
        )
    except LocalEntryNotFoundError:
        return None
    try:
        check_weights(folder, repo)
    except StudioError:  # an interrupted download: the network can complete it
        return None
    check_settings(folder, repo)
    return folder


def _download(repo: str, progress: Progress) -> Path:
    from huggingface_hub import HfApi, get_token, snapshot_download
    from huggingface_hub.errors import HTTPError

    token = get_token()
    sent = token or False  # False: never look for a token elsewhere
    progress(f"Asking the Hub for {repo}", None)
    try:
        siblings = HfApi(token=sent).model_info(repo, files_metadata=True).siblings or []
        sizes = {file.rfilename: file.size or 0 for file in siblings}
        _check_listing(repo, sizes)
        # The small files decide whether the large ones are worth fetching.
        folder = Path(snapshot_download(repo, token=sent, allow_patterns=_SMALL, ignore_patterns=_UNWANTED))
        check_settings(folder, repo)
        total = sum(size for file, size in sizes.items() if _wanted(file, _WEIGHTS))
        _check_space(repo, total, folder)
        bar = _reporter(repo, total, progress)
        folder = Path(
            snapshot_download(
                repo, token=sent, allow_patterns=_SMALL + _WEIGHTS, ignore_patterns=_UNWANTED, tqdm_class=bar
            )
        )
    except (HTTPError, OSError) as error:
        raise _explained(error, repo, logged_in=bool(token)) from error
    _check(folder, repo)
    return folder


def _wanted(file: str, patterns: list[str]) -> bool:
    return any(fnmatch(file, pattern) for pattern in patterns) and not any(
        fnmatch(file, p) for p in _UNWANTED
    )


def _check_listing(repo: str, sizes: dict[str, int]) -> None:
    """Refuse a repository for the names of its files, before anything is downloaded."""
    if any(_wanted(file, _WEIGHTS) for file in sizes):
        return
    if any(fnmatch(file, pattern) for file in sizes for pattern in _PICKLED):
        raise no_safetensors(repo)
    what = (
        "an adapter, not a whole model"
        if "adapter_config.json" in sizes
        else "no model with safetensors weights"
    )
    raise StudioError(f"{repo} holds {what}.", "Choose another model.", _WHERE)


def _check_space(repo: str, needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StudioError(
            f"{repo} needs {needed / 1e9:.1f} GB on disk, and {free / 1e9:.1f} GB are free.",
            "Make space, or point HF_HOME to another disk.",
            _WHERE,
        )


def _reporter(repo: str, total: int, progress: Progress) -> type:
    """A progress bar class for the Hub client that shows nothing and tells `progress` instead."""
    from tqdm import tqdm

    furthest = 0

    class Reporter(tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **(kwargs | {"file": io.StringIO()}))

        def update(self, n=1):
            nonlocal furthest
            super().update(n)
            if self.unit == "B" and total and self.n > furthest:
                furthest = self.n
                progress(f"Downloading {repo} ({total / 1e6:.0f} MB)", min(1.0, furthest / total))

    return Reporter


def _explained(error: Exception, repo: str, logged_in: bool) -> StudioError:
    """What stands between the user and `repo`, said without any secret in it."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    page = f"{HUB}/{repo}"
    if isinstance(error, GatedRepoError) and logged_in:
        return StudioError(
            f"{repo} asks for a licence that your account has not accepted, or that your token may not use.",
            f"Open {page}, accept the licence with the account of your token, and try again.",
            _WHERE,
        )
    if isinstance(error, GatedRepoError):
        return StudioError(
            f"{repo} asks for a licence, and this machine is not logged in to Hugging Face.",
            f"Accept the licence at {page}, then run `hf auth login` or set HF_TOKEN.",
            _WHERE,
        )
    if isinstance(error, RepositoryNotFoundError):
        hint = (
            "Check the spelling."
            if logged_in
            else "Check the spelling; for a private model, run `hf auth login`."
        )
        return StudioError(f"The Hub has no model {repo} that you may see.", hint, _WHERE)
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        if status == 401 and logged_in:
            return StudioError(
                "The Hub does not accept your token.", "Run `hf auth login` with a new one.", _WHERE
            )
        return StudioError(f"The Hub answered with status {status} for {repo}.", "Try again later.", _WHERE)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return StudioError(
            f"The disk is full; {repo} could not be saved.", "Make space and try again.", _WHERE
        )
    if isinstance(error, PermissionError):
        return StudioError(
            f"{repo} could not be saved: no access to the cache folder.", "Check HF_HOME.", _WHERE
        )
    return StudioError(
        f"{repo} is not on this machine and the Hub cannot be reached.",
        "Check the network (and HF_HUB_OFFLINE), or use the starter model, which needs none.",
        _WHERE,
    )
