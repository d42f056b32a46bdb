"""What every command loads, and what it must not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HEAVY = (
    "keras",
    "tensorflow",
    "matplotlib",
    "numpy",
    "weasyprint",
    "pypandoc",
    "typst",
    "PIL",
    "lxml",
    "nh3",
    "pikepdf",
    "rich",
    "scipy",
    "pandas",
)
SCRIPT = f"""
import sys
from report_cli.__main__ import main
sys.argv = ["report", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded:", *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["list"], ["status"], ["why", "theory"], ["gc", "--dry-run"], ["run", "--help"]],
)
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    """Help, list, status and why import no package that trains, draws or renders."""
    finished = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines()[-1].split() == ["loaded:"]


@pytest.mark.parametrize(
    "command", ["build", "run", "list", "status", "show", "why", "accept", "keep", "gc", "new", "doctor", "data"]
)
def test_every_command_has_help(command: str) -> None:
    """Each command says what it does, in a line of its own and in the list of commands."""
    for arguments in (["--help"], [command, "--help"]):
        finished = subprocess.run([sys.executable, "-m", "report_cli", *arguments], capture_output=True, text=True)
        assert finished.returncode == 0
        assert command in finished.stdout


def test_completion_names_experiments() -> None:
    """The shell completes the names of experiments from the project's own files."""
    variables = {**os.environ, "_REPORT_COMPLETE": "complete_bash", "COMP_WORDS": "report run th", "COMP_CWORD": "2"}
    finished = subprocess.run(
        [sys.executable, "-m", "report_cli"], cwd=ROOT, env=variables, capture_output=True, text=True
    )
    assert finished.stdout.split() == ["theory"]
