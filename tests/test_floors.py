"""Which part of the package may import which."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_imports_go_down() -> None:
    """Every contract of pyproject.toml holds: floors, the two wings, and who uses the workshop."""
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program, "import-linter is among the development packages"
    finished = subprocess.run([program, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout


def test_no_import_is_excepted() -> None:
    """A contract that ignores an import is none."""
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text()
