"""Room on the disk: measured before a run starts, told in words."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from report_cli.execution.runner import LEAST_BYTES
from report_cli.project import Project
from tests.conftest import Command, Write
from tests.walking import WALK

Leave = Callable[[int], None]


@pytest.fixture(autouse=True)
def _walk(write: Write) -> None:
    write("experiments/walk.py", WALK.replace('"fail": ""', '"fail": "forget"'))


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Leave:
    """Return a function that sets how many bytes the disk has left."""
    return lambda free: monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))


def started(report: Command) -> bool:
    """Whether a run, which fails by itself, was begun."""
    done = report("run", "walk")
    assert done.returncode == 1
    if "did not record" in done.stderr:
        return True
    assert "free in build" in done.stderr
    assert "hint: report gc" in done.stderr
    assert "not run" in report("status").stdout, "a disk that is too full says nothing about the run"
    return False


def test_the_largest_run_says_what_the_next_one_needs(report: Command, leave: Leave, project: Project) -> None:
    """Where nothing is known the least has to be free; a checkpoint of the experiment asks for thrice its size."""
    leave(LEAST_BYTES - 1)
    assert not started(report)
    assert not project.logs.exists(), "no worker was started"
    for name, begins in (("other/key.used.checkpoint", True), ("walk/key.used.checkpoint", False)):
        path = project.runs / name / "weights.npz"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            file.truncate(100_000_000)
        leave(299_999_999)
        assert started(report) == begins
        shutil.rmtree(path.parent)
        for record in project.runs.glob("walk/*.failed.json"):
            record.unlink()


@pytest.fixture
def narrow(project: Project) -> Iterator[Path]:
    """Put a file system of 11 MiB at `build`; needs root."""
    project.build.mkdir()
    mounted = os.geteuid() == 0 and _quiet("mount", "-t", "tmpfs", "-o", "size=11m", "tmpfs", str(project.build))
    if not mounted:
        pytest.skip("needs the right to mount a small file system")
    yield project.build
    _quiet("umount", "-l", str(project.build))


def _quiet(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_full_disk_is_told_before_anything_is_trained(report: Command, narrow: Path) -> None:
    """With too little room nothing starts, nothing is recorded as failed, and the error says what frees some."""
    assert not started(report)
    assert not list(narrow.glob("logs/*")), "no worker was started"
