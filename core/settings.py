"""Where Callwright keeps its files; the only module that reads the environment for settings."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders of one installation, all below `home`."""

    home: Path

    @classmethod
    def load(cls, home: str | Path | None = None) -> "Settings":
        """Settings for `home`, else for CALLWRIGHT_HOME, else for `.callwright` in the user's home folder."""
        chosen = home or os.environ.get("CALLWRIGHT_HOME") or Path.home() / ".callwright"
        return cls(Path(chosen).expanduser().resolve())

    @property
    def database(self) -> Path:
        return self.home / "callwright.db"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def host(self) -> Path:
        """Address, key and log of the running model host."""
        return self.home / "host"

    def run_folder(self, run: str) -> Path:
        """The folder of one run: its log and its model. Run ids are minted by us and hold no path signs."""
        return self.runs / run


def serving_key() -> str:
    """The key for `python -m core serve`, where one was chosen."""
    return os.environ.get("CALLWRIGHT_KEY", "")


def machine_name() -> str:
    """What tells this machine from others that see the same files; a Space is one, whatever container it gets."""
    return os.environ.get("SPACE_ID") or platform.node()
