"""The text of a PDF, by pypdf, in a process of its own: a file that is made to hang or to swell harms nothing else."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.importers.source import Source

LARGEST = 100_000_000  # bytes of a file
MOST_PAGES = 2000
MOST_CHARACTERS = 20_000_000
SECONDS = 60
MEMORY = 2_000_000_000  # bytes

ROOT = Path(__file__).parents[2]
OTHER_FILE = "Save it as PDF again, or copy its text and paste it."
PICTURES = "Run it through text recognition (OCR) first, or copy its text and paste it."


def pages_of(source: Source) -> tuple[list[str], list[int]]:
    """The text of each page, and the numbers of the pages that could not be read.

    Raises StudioError where the file is too large, damaged, encrypted, takes too long, or holds pictures only.
    """
    if source.size > LARGEST:
        raise StudioError(f"The PDF is larger than {LARGEST / 1e6:.0f} MB.", "Split it.", source.name)
    with source.open() as file:
        data = file.read()
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(
            command,
            input=data,
            cwd=ROOT,
            timeout=SECONDS,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise StudioError(
            f"The PDF could not be read within {SECONDS} seconds.", "Split it.", source.name
        ) from None
    if done.returncode:  # killed, or out of memory
        raise StudioError("The PDF cannot be read.", OTHER_FILE, source.name)
    answer = json.loads(done.stdout)
    if problem := PROBLEMS.get(answer.get("problem", "")):
        raise StudioError(*problem, source.name)
    pages: list[str] = answer["pages"]
    if not any(page.strip() for page in pages):
        raise StudioError("The PDF holds no text, only pictures.", PICTURES, source.name)
    return pages, answer["unread"]


PROBLEMS = {
    "encrypted": (
        "The PDF is protected with a password.",
        "Save it without one, or copy its text and paste it.",
    ),
    "damaged": ("The PDF is damaged, or no PDF.", OTHER_FILE),
    "pages": (f"The PDF has more than {MOST_PAGES:,} pages.", "Split it."),
    "characters": (f"The PDF holds more than {MOST_CHARACTERS / 1e6:.0f} million characters.", "Split it."),
}


def _read(data: bytes) -> dict[str, Any]:
    """In the other process: the pages, or what is wrong, as JSON."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    pages: list[str] = []
    unread: list[int] = []
    try:
        reader = PdfReader(io.BytesIO(data))
        # Many are encrypted with an empty password, so that they cannot be changed but can be read.
        if reader.is_encrypted and not reader.decrypt(""):
            return {"problem": "encrypted"}
        count = len(reader.pages)
    except DependencyError:
        return {"problem": "encrypted"}
    except Exception:  # whatever a damaged or foreign file makes the library raise
        return {"problem": "damaged"}
    if count > MOST_PAGES:
        return {"problem": "pages"}
    for number in range(count):
        try:
            pages.append(reader.pages[number].extract_text())
        except MemoryError:
            raise
        except Exception:  # the same, for one page
            pages.append("")
            unread.append(number + 1)
        if sum(map(len, pages)) > MOST_CHARACTERS:
            return {"problem": "characters"}
    return {"pages": pages, "unread": unread}


def main() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps(_read(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
