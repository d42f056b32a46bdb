"""A project with a small experiment, and new projects that `report new` makes."""

import functools
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from report_cli.project import Project
from tests.conftest import Command, Write, run_here
from tests.walking import WALK

PAPER = '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end")|decimals(2) >>\n'


@pytest.fixture
def walk(write: Write) -> Path:
    """Write the experiment "walk" into the project, without its figure, and return its file."""
    return write("experiments/walk.py", WALK.replace('figures=("path",),', "").replace("draw=draw,", ""))


@pytest.fixture
def drawn(write: Write) -> Path:
    """Write the experiment "walk" with its figure into the project and return its file."""
    return write("experiments/walk.py", WALK)


@pytest.fixture
def paper(walk: Path, write: Write) -> Path:
    """Write a document that shows one value of the walk."""
    return write("templates/documents/paper.md", PAPER)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new project that was built once."""
    place = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORT_CACHE", str(place / "cache"))
        assert run_here(place, "new", "homework5").returncode == 0
        done = run_here(place / "homework5", "build", "all")
    assert done.returncode == 0, done.stderr
    return place / "homework5"


@pytest.fixture
def folder(tmp_path: Path, built: Path) -> Path:
    """Return a copy of the new project as it was after its first build."""
    shutil.copytree(built, tmp_path / "homework5")
    return tmp_path / "homework5"


@pytest.fixture
def program(folder: Path) -> Command:
    """Return a function that runs the program in the new project."""
    return functools.partial(run_here, folder)


def start(project: Project, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
    """Start the program in a process of its own, to be killed or run beside another one."""
    command = [sys.executable, "-m", "report_cli", *arguments]
    return subprocess.Popen(command, cwd=project.root, stdout=-1, stderr=-1, text=True, **options)


def until_epoch(epoch: int, project: Project, process: "subprocess.Popen[str]") -> None:
    """Wait until a run has a checkpoint of `epoch` or a later one; fail where its process ends before."""
    while not any(int(path.stem.removeprefix("epoch-")) >= epoch for path in project.runs.rglob("epoch-*.npz")):
        assert process.poll() is None, "it ended before that epoch"
        time.sleep(0.01)


def ran(finished: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """Return what `report run --json` printed, by experiment."""
    assert finished.returncode == 0, finished.stderr
    return {run["experiment"]: run for run in json.loads(finished.stdout)["runs"]}


def states(report: Command, *arguments: str) -> dict[str, Any]:
    """Return what `report status` says of each run."""
    done = report("status", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {run["run"]: run for run in json.loads(done.stdout)["runs"]}


def state(report: Command, *arguments: str) -> tuple[str, str]:
    """Return state and reason of the only run."""
    (run,) = states(report, *arguments).values()
    return run["state"], run["reason"]


def folders(project: Project, name: str = "walk") -> list[Path]:
    """Return the folders of the stored runs of an experiment."""
    return sorted(path.parent for path in project.runs.glob(f"{name}/*/manifest.json") if not path.parent.suffix)
