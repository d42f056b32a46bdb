"""A project with a small experiment, and new projects that `report new` makes."""

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from report_cli.project import Project
from tests.conftest import Command
from tests.walking import WALK


@pytest.fixture
def walk(write: Callable[[str, str], Path]) -> Path:
    """Write the experiment "walk" into the project and return its file."""
    return write("experiments/walk.py", WALK)


def run_in(place: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "report_cli", *arguments]
    return subprocess.run(
        command, cwd=place, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that was built once, for what is kept by content: cut fonts and formulas."""
    place = tmp_path_factory.mktemp("built")
    assert run_in(place, "new", "project").returncode == 0
    assert run_in(place / "project", "build", "all").returncode == 0
    return place / "project"


@pytest.fixture
def folder(tmp_path: Path, built: Path) -> Path:
    """Return a new project that has built nothing but knows the fonts and formulas of another one."""
    assert run_in(tmp_path, "new", "homework5").returncode == 0
    for kept in ("fonts", "math"):
        shutil.copytree(built / "build" / kept, tmp_path / "homework5" / "build" / kept)
    return tmp_path / "homework5"


@pytest.fixture
def program(folder: Path) -> Command:
    """Return a function that runs the program in the new project."""
    return functools.partial(run_in, folder)


def until_epoch(epoch: int, project: Project, process: "subprocess.Popen[Any]") -> None:
    """Wait until a run has a checkpoint of `epoch` or a later one; fail where its process ends before."""
    while not any(int(path.stem.removeprefix("epoch-")) >= epoch for path in project.runs.rglob("epoch-*.npz")):
        assert process.poll() is None, "it ended before that epoch"
        time.sleep(0.01)
