"""What TypeScript and Biome say of the page's script. Skipped where they aren't installed (`make check` tries)."""

import subprocess
from pathlib import Path

import pytest

from report_cli.report.page import SCRIPTS

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "script"
STYLE = ROOT / "templates" / "style"
CHECKS = {
    "tsc": ["-p", str(HERE)],
    "biome": ["lint", "--error-on-warnings", f"--config-path={HERE}", *(str(STYLE / name) for name in SCRIPTS)],
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_checker_finds_no_fault(name: str) -> None:
    """Types fit, nothing is undefined, and no habit is found that the linter knows to go wrong."""
    program = HERE / "node_modules" / ".bin" / name
    if not program.exists():
        pytest.skip(f"{name} isn't installed: npm ci --prefix tests/script")
    try:
        done = subprocess.run([program, *CHECKS[name]], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("node isn't installed")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_script_is_on_the_page() -> None:
    """No file of the page's script is forgotten: the page has all that there are."""
    assert sorted(SCRIPTS) == sorted(path.name for path in STYLE.glob("*.js"))
