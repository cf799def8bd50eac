"""What is rare is loaded when it is needed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_importing_the_importers_loads_no_library_of_a_single_format():
    code = "import sys, core.importers; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    roots = {name.split(".")[0] for name in done.stdout.split()}
    assert "core" in roots and not roots & {"openpyxl", "pyarrow", "huggingface_hub", "mcp", "yaml", "pandas"}
