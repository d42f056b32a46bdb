"""Room on the disk: measured before a run starts, told in words."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from report_cli.errors import RunError
from report_cli.execution import space
from report_cli.project import Project
from report_cli.store.store import Store
from tests.conftest import Command
from tests.walking import WALK


@pytest.fixture
def store(project: Project) -> Store:
    return Store.of(project, pytest.fail)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets how many bytes the disk has left."""

    def leave(free_bytes: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))

    return leave


def test_a_small_run_needs_the_least(store: Store, free: Callable[[int], None]) -> None:
    """Where nothing is known of an experiment, the least that any run needs has to be free."""
    free(space.LEAST_BYTES)
    space.check_room(store, "toy")
    free(space.LEAST_BYTES - 1)
    with pytest.raises(RunError, match="only 200 MB free in build, and a run of toy needs about 200 MB") as caught:
        space.check_room(store, "toy")
    assert caught.value.hint == "report gc"


@pytest.mark.parametrize("name", ["key", "key.used.checkpoint"])
def test_a_large_run_needs_three_times_its_size(store: Store, free: Callable[[int], None], name: str) -> None:
    """The largest run or checkpoint of the same experiment says what the next one needs; others say nothing."""
    path = store.own / "toy" / name / "weights.npz"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(100_000_000)
    free(300_000_000)
    space.check_room(store, "toy")
    free(299_999_999)
    space.check_room(store, "other")
    with pytest.raises(RunError, match="needs about 300 MB"):
        space.check_room(store, "toy")


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


def test_a_full_disk_is_told_before_anything_is_trained(
    report: Command, narrow: Path, write: Callable[[str, str], Path]
) -> None:
    """With too little room nothing starts, nothing is recorded as failed, and the error says what frees some."""
    write("experiments/walk.py", WALK)
    refused = report("run", "walk")
    assert refused.returncode == 1
    assert "error: only 12 MB free in build, and a run of walk needs about 200 MB\nhint: report gc" in refused.stderr
    assert not list(narrow.glob("logs/*")), "no worker was started"
    assert "missing" in report("status").stdout


def test_the_check_does_not_need_root(project: Project, write: Callable[[str, str], Path]) -> None:
    """The same holds for what the system says is free, whoever asks."""
    write("experiments/walk.py", WALK)
    script = """
import shutil, sys, types
shutil.disk_usage = lambda _: types.SimpleNamespace(free=12_000_000)
from report_cli.__main__ import main
sys.argv = ["report", "run", "walk"]
main()
"""
    refused = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "only 12 MB free in build" in refused.stderr
    assert not (project.logs).exists()
