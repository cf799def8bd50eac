"""The verb on the database: check."""

from argparse import Namespace
from typing import Any

from core.settings import Settings
from core.store import repair


def check(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`check`: whether the database is whole; what is damaged is repaired, and the damaged file is kept.

    Raises StudioError where it cannot be checked, or not be repaired now.
    """
    done = repair.check(settings)
    if done is None:
        return {"state": "ok", "database": str(settings.database)}, "The database is whole."
    told = done.notice()
    lines = [told.message, *(f"  {problem}" for problem in done.problems)]
    lines += [
        f"  {table.table}: {table.read} read, {table.from_backup} from the backup, {table.stood_in} stood in for, "
        f"{table.dropped} dropped"
        for table in done.tables
        if not table.whole or table.stood_in or table.dropped
    ]
    lines.append(f"The damaged file is in {done.kept}")
    answer = {"state": "repaired", "database": str(settings.database), **repair.report(done)}
    return answer, "\n".join(lines)
