"""What nobody foresaw, as a sentence with a remedy."""

import errno

from core.errors import StudioError
from core.settings import Settings

MEMORY = "memory"  # `where` of an error that less memory would mend
LEARNING_RATE = "learning_rate"
_NO_MEMORY = ("can't allocate memory", "out of memory", "CUDA error: out of memory", "bad_alloc")


def explain(problem: Exception) -> StudioError:
    """A failure of a training as a StudioError."""
    text = str(problem)
    if isinstance(problem, MemoryError) or any(words in text for words in _NO_MEMORY):
        return no_memory("There was not enough memory for this training.")
    code = problem.errno if isinstance(problem, OSError) else None
    home = str(Settings.load().home)
    if code in (errno.ENOSPC, errno.EDQUOT) or "No space left" in text or "unexpected pos" in text:
        return StudioError(
            "The disk is full.", "Free some space and resume: what was kept so far is there.", home
        )
    if code in (errno.EROFS, errno.EACCES, errno.EPERM) or "Read-only file system" in text:
        return StudioError(
            "A file could not be written: the folder is read-only.",
            "Make the folder writable and resume.",
            getattr(problem, "filename", None) or home,
        )
    return StudioError(
        f"The training failed: {type(problem).__name__}: {text[:300]}",
        "The log of the run tells more.",
        "log",
    )


def no_memory(sentence: str) -> StudioError:
    return StudioError(
        sentence,
        "Close other programs, or let fewer rows through the model at once. Shorter examples need less too.",
        MEMORY,
    )
