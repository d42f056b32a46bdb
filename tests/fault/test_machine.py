"""A disk that is full or can't be written: one line says so, for a run as for a page, and nothing is half there."""

import resource
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest

from report_cli.project import Project
from report_cli.store.store import Store
from tests.conftest import Command
from tests.walking import WALK, fill

# Enough for what a run is asked to have free before it starts.
ROOM = "size=210m"
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


def one_line(done: "subprocess.CompletedProcess[str]", hint: str = "free some space") -> str:
    """Return the only error; it is an expected one."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error:"))
    assert f"hint: {hint}" in done.stderr
    return error


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_fills_up_during_the_run(
    walking: Project, mount: Callable[[str], None], report: Command, command: tuple[str, ...]
) -> None:
    """When another program takes the room that was there, the work fails with one line, and no half run is stored."""
    mount(ROOM)
    with (walking.root / "pyproject.toml").open("a") as settings:
        settings.write('[tool.report.parameters.walk]\nfail = "fill"\n')
    assert "No space left on device" in one_line(report(*command))
    complaints: list[str] = []
    list(Store.of(walking, complaints.append).runs("walk"))
    assert complaints == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_is_full_after_the_run(
    walking: Project, report: Command, mount: Callable[[str], None], command: tuple[str, ...]
) -> None:
    """What was stored before stays usable when there is no room for more."""
    mount(ROOM)
    assert report("run", "walk").returncode == 0
    filling = fill(walking.build)
    if command[0] == "run":
        assert "only 0 bytes free in build" in one_line(report(*command, "--force"), hint="report gc")
    else:
        assert "No space left on device" in one_line(report(*command))
    filling.unlink()
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


@pytest.mark.parametrize("command", COMMANDS)
def test_memory_that_runs_out(walking: Project, command: tuple[str, ...]) -> None:
    """A run that asks for more memory than the system gives ends with one line, and is recorded as failed."""
    with (walking.root / "pyproject.toml").open("a") as settings:
        settings.write('[tool.report.parameters.walk]\nfail = "memory"\n')
    done = subprocess.run(
        [sys.executable, "-m", "report_cli", *command],
        cwd=walking.root,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "walk: memory ran out" in one_line(done, hint="take less at once")
    assert not list(walking.runs.glob("walk/*/manifest.json"))
    assert len(list(walking.runs.glob("walk/*.failed.json"))) == 1


def test_room_that_gc_makes(walking: Project, report: Command, mount: Callable[[str], None]) -> None:
    """On a disk without any room left `report gc` works, and what it frees is there."""
    mount(ROOM)
    assert report("run", "walk").returncode == 0
    (run,) = walking.runs.glob("walk/*/manifest.json")
    (run.parent.with_name("1-2.damaged")).mkdir()
    (run.parent.with_name("1-2.damaged") / "x").write_bytes(bytes(5_000_000))
    fill(walking.build)
    done = report("gc")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("freed 5 MB\n")
    assert shutil.disk_usage(walking.build).free >= 5_000_000
