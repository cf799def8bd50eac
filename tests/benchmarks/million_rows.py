"""How long a CSV of a million rows takes to stage and to take, in how much memory, and whether others still get a turn.

`python tests/benchmarks/million_rows.py [ROWS]` prints one line of JSON. A thread that wakes every 10 ms stands for
the page: its longest gap is how long a visitor would have waited.
"""

import csv
import json
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.importers import staging
from core.schema import read_tool
from core.settings import Settings
from core.store import open_store, projects

PLACES = ("kitchen", "hall", "bedroom", "garage", "garden")
PROMPTS = "please turn the lamp in the {place} to {level} percent, request number {n}"


def made(folder: Path, rows: int) -> Path:
    """A file of about 90 bytes a row."""
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("prompt", "tool_name", "tool_arguments"))
        for n in range(rows):
            place, level = PLACES[n % len(PLACES)], n % 101
            arguments = json.dumps({"place": place, "level": level}) if n % 10 else ""
            table.writerow(
                (PROMPTS.format(place=place, level=level, n=n), "set_lamp" if n % 10 else "", arguments)
            )
    return path


class Ticker(threading.Thread):
    """Wakes every 10 ms and keeps the longest time it was away."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self.running = True

    def run(self) -> None:
        before = time.perf_counter()
        while self.running:
            time.sleep(0.01)
            now = time.perf_counter()
            self.longest = max(self.longest, now - before)
            before = now


def main(rows: int) -> None:
    schema = {
        "type": "object",
        "properties": {
            "place": {"type": "string", "enum": list(PLACES)},
            "level": {"type": "integer"},
        },
        "required": ["place", "level"],
    }
    tool, _ = read_tool({"name": "set_lamp", "parameters": schema})
    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder), rows)
        settings = Settings.load(Path(folder) / "home")
        with open_store(settings) as db:
            project = projects.create(db, "million").id
            projects.save_tool(db, project, tool)
        ticker = Ticker()
        ticker.start()
        start, cpu = time.perf_counter(), time.process_time()
        staged = staging.stage(settings, project, path, path.name)
        middle = time.perf_counter()
        taken = staging.take(settings, staged.id, project)
        end = time.perf_counter()
        ticker.running = False
        assert (staged.rows, staged.rejected, taken.added) == (rows, 0, rows)
        report = {
            "rows": rows,
            "megabytes": round(path.stat().st_size / 1e6, 1),
            "stage_seconds": round(middle - start, 1),
            "take_seconds": round(end - middle, 1),
            "seconds": round(end - start, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1),
            "rows_per_second": round(rows / (end - start)),
            "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "longest_gap_ms": round(ticker.longest * 1000),
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
