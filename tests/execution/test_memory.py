"""What commands remember of unchanged texts spares work, and is never a stale answer."""

import ast
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli.execution import memory, registry
from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.walking import WALK

PAPER = '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end")|decimals(2) >>\n'
DAMAGE: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "a byte changed": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "of another form": lambda path: path.write_text('{"sources": {}}'),
    "of another Python": lambda path: memory.write(path, memory.Memory(python="2.7", code={"experiments.walk": b"?"})),
}


@pytest.fixture
def walk(write: Write, report: Command) -> Path:
    """Write an experiment, run it, and return its file."""
    path = write("experiments/walk.py", WALK.replace('figures=("path",),', "").replace("draw=draw,", ""))
    done = report("run", "walk")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def paper(walk: Path, write: Write, report: Command) -> Path:
    """Write a document of the experiment, build it, and return its file."""
    path = write("templates/documents/paper.md", PAPER)
    done = report("build", "paper", "--to", "html")
    assert done.returncode == 0, done.stderr
    return path


def edit_unnoticed(path: Path, old: str, new: str) -> None:
    """Edit a file as no one sees who goes by its size and its time."""
    before = path.stat()
    edit(path, old, new)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_what_is_lost_is_worked_out_again(report: Command, walk: Path, project: Project) -> None:
    """Absent, damaged or of another Python, the memory is made again, and the command says and does the same."""
    first, whole = report("status"), memory.read(project.memory)
    for name, damage in DAMAGE.items():
        damage(project.memory)
        again = report("status")
        assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, first.stderr), name
        assert memory.read(project.memory) == whole, name
    assert whole.code
    assert whole.reached
    assert whole.manifests


def test_an_unchanged_project_is_neither_compiled_nor_parsed(
    report: Command, paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command with nothing to do takes from memory what an earlier one found in the sources."""
    assert report("status").returncode == 0
    monkeypatch.setattr(ast, "parse", lambda *_, **__: pytest.fail("parsed"))
    monkeypatch.setattr(registry, "compile", lambda *_, **__: pytest.fail("compiled"), raising=False)
    assert "up to date" in report("status").stdout
    assert "paper is up to date" in report("build", "paper", "--to", "html").stderr


def test_an_edit_of_equal_size_and_time_is_seen(report: Command, walk: Path, paper: Path, project: Project) -> None:
    """Sources, templates and manifests are known by their content: the listing, the state and the page follow."""
    edit_unnoticed(walk, 'title="A walk"', 'title="A talk"')
    assert "A talk" in report("list").stdout
    assert "wrote paper: " in report("build", "paper", "--to", "html").stderr
    assert "paper is up to date" in report("build", "paper", "--to", "html").stderr
    edit_unnoticed(paper, "decimals(2)", "decimals(3)")
    assert "wrote paper: " in report("build", "paper", "--to", "html").stderr
    (manifest,) = (project.runs / "walk").glob("*/manifest.json")
    edit_unnoticed(manifest, '"seed": 0', '"seed": 1')
    damaged = report("status")
    assert "damaged and not used" in damaged.stderr
    assert "not run" in damaged.stdout
    edit_unnoticed(manifest, '"seed": 1', '"seed": 0')
    assert "up to date" in report("status").stdout
    edit_unnoticed(walk, "STEP = 1.0", "STEP = 2.0")
    assert "out of date" in report("status").stdout


def test_a_module_beside_the_experiments_is_seen(report: Command, project: Project, write: Write) -> None:
    """What lies beside the experiments is known by its content, too."""
    beside = write("tools.py", "def value():\n    return 1\n")
    write(
        "experiments/toy.py",
        """
        import report_cli as report
        import tools


        @report.experiment("toy", title="T", metrics={"x": report.Metric("", "x")}, profiles={})
        def toy(record):
            record(x=tools.value())
        """,
    )
    assert report("run", "toy").returncode == 0
    assert "up to date" in report("status").stdout
    edit_unnoticed(beside, "return 1", "return 2")
    assert "value() in tools.py changed" in report("status").stdout


def test_a_project_that_can_not_be_written_is_listed(
    report: Command, walk: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be remembered, commands work as before."""
    project.memory.unlink()

    def refused(path: Path, content: bytes) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(memory.files, "write_bytes", refused)
    assert "A walk" in report("list").stdout
    assert "up to date" in report("status").stdout
