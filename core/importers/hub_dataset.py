"""A data set of the Hugging Face Hub by its name: its files as they are, read by our own readers.

Never through `load_dataset`: Arrow gives every row the keys of all, and what a model learns from that is None.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from core.errors import StudioError
from core.importers.guesses import SPLIT_WORDS
from core.schema.example import Split
from core.settings import Settings

PAGE = "https://huggingface.co/datasets"
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx", ".parquet")
# Files that describe a data set and hold no rows of it.
ABOUT = (
    "dataset_infos.json",
    "dataset_dict.json",
    "dataset_info.json",
    "state.json",
    "config.json",
    "package.json",
)
LARGEST = 500_000_000  # bytes of all files
_WHERE = "Data set"

Progress = Callable[[str, float | None], None]


def fetch(name: str, settings: Settings, on_progress: Progress = lambda text, fraction: None) -> list[Path]:
    """The data files of the data set `owner/name`, downloaded below `settings.home`; those to learn from first.

    Raises StudioError where there is no such data set, it is gated or too large, holds no rows that we read, or the
    Hub cannot be reached.
    """
    from huggingface_hub import HfApi, get_token, hf_hub_download
    from huggingface_hub.errors import HTTPError

    check_name(name)
    token = get_token()
    sent = token or False  # False: never look for a token elsewhere
    folder = settings.home / "imports" / "hub" / name.replace("/", "--")
    try:
        on_progress(f"Asking the Hub for {name}", None)
        siblings = HfApi(token=sent).dataset_info(name, files_metadata=True).siblings or []
        sizes = chosen({file.rfilename: file.size or 0 for file in siblings}, name)
        paths = []
        for place, file in enumerate(sizes):
            on_progress(f"Downloading {file}", place / len(sizes))
            paths.append(Path(hf_hub_download(name, file, repo_type="dataset", token=sent, local_dir=folder)))
    except (HTTPError, OSError) as error:
        raise _explained(error, name, logged_in=bool(token)) from error
    return paths


def check_name(name: str) -> None:
    """Raises StudioError unless `name` is of the form owner/name."""
    if not NAME.fullmatch(name) or ".." in name or "--" in name:
        raise StudioError(
            f"{name[:80]!r} is no name of a data set.", "Write owner/name as it stands on the Hub.", _WHERE
        )


def chosen(sizes: dict[str, int], name: str) -> dict[str, int]:
    """The data files among those of a repository, by name with their size; one kind, where rows come in several.

    Raises StudioError where there are none, or they are too large together.
    """
    found = {file: size for file, size in sizes.items() if _is_data(file)}
    if not found:
        raise StudioError(
            f"{name} holds no files that can be read.", f"Read are {', '.join(ENDINGS)}.", _WHERE
        )
    # A repository that has its rows as text and as Parquet has them twice.
    kinds = [PurePosixPath(file).suffix.lower() for file in found]
    kind = min(kinds, key=ENDINGS.index)
    found = {file: size for file, size in found.items() if file.lower().endswith(kind)}
    if sum(found.values()) > LARGEST:
        raise StudioError(
            f"{name} has {sum(found.values()) / 1e6:,.0f} MB of data; {LARGEST // 1_000_000} MB can be read.",
            "Choose a smaller data set, or import a file with a part of it.",
            _WHERE,
        )
    return dict(sorted(found.items(), key=lambda item: (split_of(Path(item[0])) == "test", item[0])))


def split_of(path: Path) -> Split | None:
    """The part that a file says it is by its name or folder (train, test, validation), if it says so."""
    for part in reversed(path.parts[-2:]):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in SPLIT_WORDS:
                return SPLIT_WORDS[word]
    return None


def _is_data(file: str) -> bool:
    path = PurePosixPath(file)
    hidden = any(part.startswith(".") for part in path.parts) or ".." in path.parts or path.is_absolute()
    return not hidden and path.suffix.lower() in ENDINGS and path.name not in ABOUT


def _explained(error: Exception, name: str, logged_in: bool) -> StudioError:
    """What stands between the user and the data set, said without any secret in it."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    page = f"{PAGE}/{name}"
    if isinstance(error, GatedRepoError):
        hint = f"Open {page}, accept its terms" + (
            " with the account of your token, and try again."
            if logged_in
            else ", then run `hf auth login` or set HF_TOKEN."
        )
        return StudioError(f"{name} asks for terms to be accepted first.", hint, _WHERE)
    if isinstance(error, RepositoryNotFoundError):
        hint = (
            "Check the spelling."
            if logged_in
            else "Check the spelling; for a private one, run `hf auth login`."
        )
        return StudioError(f"The Hub has no data set {name} that you may see.", hint, _WHERE)
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        if status == 401 and logged_in:
            return StudioError(
                "The Hub does not accept your token.", "Run `hf auth login` with a new one.", _WHERE
            )
        return StudioError(f"The Hub answered with status {status} for {name}.", "Try again later.", _WHERE)
    if isinstance(error, OSError) and error.errno is not None and os.strerror(error.errno) in str(error):
        return StudioError(f"{name} could not be saved: {os.strerror(error.errno)}.", "Make space.", _WHERE)
    return StudioError(
        "The Hub cannot be reached.", "Check the network (and HF_HUB_OFFLINE), or import a file.", _WHERE
    )
