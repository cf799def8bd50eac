"""The verb that takes a run out of the studio: export."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from core.export import bundle
from core.settings import Settings


def export(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`export`: write a run's configuration, or a script that trains the same, into a folder."""
    folder = Path(options.out).expanduser().resolve()
    written = bundle.write(settings, options.run, options.to, folder)
    answer = {"run": options.run, "to": options.to, "files": [str(file) for file in written]}
    return answer, "\n".join(answer["files"])
