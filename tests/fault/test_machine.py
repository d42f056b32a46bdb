"""A disk that is full or can't be written: one line says so, for a run as for a page, and nothing is half there."""

import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest

from report_cli.project import Project
from report_cli.store import Store
from tests.conftest import Command
from tests.walking import WALK

COMMANDS = (("run", "walk"), ("build", "paper", "--to", "html"))
PAPER = '+++\ntitle = "A paper"\n+++\nIt ends at << value("walk.end") >>.\n'


@pytest.fixture
def walking(project: Project) -> Project:
    """Return a project with an experiment and a document."""
    (project.experiments / "walk.py").write_text(textwrap.dedent(WALK))
    (project.templates / "documents" / "paper.md").write_text(PAPER)
    return project


@pytest.fixture
def mount(walking: Project) -> Iterator[Callable[[str], None]]:
    """Return a function that puts a small disk in the place of the project's build folder."""
    walking.build.mkdir()

    def put(options: str) -> None:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", walking.build], capture_output=True)
        if done.returncode:
            pytest.skip("only root can mount a disk")

    yield put
    subprocess.run(["umount", walking.build], capture_output=True, check=False)


def one_line(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the only error; it is an expected one."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error:"))
    assert "hint: free some space" in done.stderr
    return error


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk(walking: Project, mount: Callable[[str], None], report: Command, command: tuple[str, ...]) -> None:
    """On a disk with room for a few small files the work fails with one line, and no half run is stored."""
    mount("size=24k")
    assert "No space left on device" in one_line(report(*command))
    complaints: list[str] = []
    list(Store.of(walking, complaints.append).runs("walk"))
    assert complaints == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_is_full_after_the_run(
    walking: Project, report: Command, mount: Callable[[str], None], command: tuple[str, ...]
) -> None:
    """What was stored before stays usable when there is no room for more."""
    mount("size=4m")
    assert report("run", "walk").returncode == 0
    room = os.statvfs(walking.build).f_bavail * os.statvfs(walking.build).f_frsize
    (walking.build / "filling").write_bytes(bytes(room))
    assert "No space left on device" in one_line(report(*command, *(["--force"] if command[0] == "run" else [])))
    (walking.build / "filling").unlink()
    assert report(*command).returncode == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_build_folder_that_is_read_only(
    walking: Project, mount: Callable[[str], None], report: Command, command: tuple[str, ...]
) -> None:
    """Where nothing can be written the line names a place in the build folder, as the person would type it."""
    mount("ro")
    error = one_line(report(*command))
    assert error.startswith("error: build")
    assert "Read-only file system" in error


@pytest.mark.parametrize("command", COMMANDS)
def test_a_limit_on_the_size_of_files(walking: Project, command: tuple[str, ...]) -> None:
    """The same holds where the system lets no file grow (a quota); no rights are needed for this one."""
    done = subprocess.run(
        [sys.executable, "-m", "report_cli", *command],
        cwd=walking.root,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "File too large" in one_line(done)
    assert not list(walking.runs.glob("walk/*/manifest.json"))
