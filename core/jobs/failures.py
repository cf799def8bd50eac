"""What nobody foresaw, as a sentence with a remedy."""

import errno
from dataclasses import replace

from core.errors import StudioError
from core.settings import Settings
from core.store.runs import Kind
from core.training import lora
from core.training.recipe import LIMITS, RunConfig

MEMORY = "memory"  # `where` of an error that less memory would mend
LEARNING_RATE = "learning_rate"
_NO_SPACE = ("No space left", "file write failed", "unexpected pos")  # the last two are PyTorch's
_NO_MEMORY = ("can't allocate memory", "out of memory", "CUDA error: out of memory", "bad_alloc")


def explain(problem: Exception, kind: Kind = "train") -> StudioError:
    """A failure of a run of this kind as a StudioError."""
    text = str(problem)
    what = {"train": "training", "evaluate": "evaluation"}[kind]
    if isinstance(problem, MemoryError) or any(words in text for words in _NO_MEMORY):
        return no_memory(f"There was not enough memory for this {what}.", kind)
    code = problem.errno if isinstance(problem, OSError) else None
    home = str(Settings.load().home)
    if code in (errno.ENOSPC, errno.EDQUOT) or any(words in text for words in _NO_SPACE):
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
        f"The {what} failed: {type(problem).__name__}: {text[:300]}",
        "The log of the run tells more.",
        "log",
    )


def no_memory(sentence: str, kind: Kind = "train") -> StudioError:
    hint = (
        "Close other programs, or let fewer rows through the model at once. Shorter examples need less too."
    )
    return StudioError(sentence, hint if kind == "train" else "Close other programs and go on.", MEMORY)


def remedy(where: str, config: RunConfig) -> tuple[str, RunConfig] | None:
    """A field and settings that differ in it, with which a run that failed at `where` may work; None if unknown."""
    if where == LEARNING_RATE:
        lower = max(config.learning_rate / 4, LIMITS["learning_rate"][0])
        return LEARNING_RATE, replace(config, learning_rate=lower)
    if where == MEMORY:
        if config.rows_at_once != 1 and config.batch_size > 1:
            return "rows_at_once", replace(config, rows_at_once=1)
        if config.vocabulary == "all":
            return "vocabulary", replace(config, vocabulary="calls")
        if not config.lora_rank:
            return "lora_rank", replace(config, lora_rank=lora.ADVISED)
    return None
