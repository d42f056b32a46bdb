"""Projects and stores that tests make in a temporary folder."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from report_cli.project import Project, Settings

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests out of the user's cache, and the user's images out of the tests."""
    monkeypatch.setenv("REPORT_CACHE", str(tmp_path / "cache"))
    for name in ("REPORT_DATA", "REPORT_DEBUG", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _own_experiments() -> Iterator[None]:
    """Take back what loading another project's experiments leaves behind: its finder, and modules of the same name."""

    def loaded() -> dict[str, ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "experiments"}

    finders, modules = sys.meta_path[:], loaded()
    yield
    if sys.meta_path != finders:
        sys.meta_path[:] = finders
        for name in loaded():
            del sys.modules[name]
        sys.modules.update(modules)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return an empty project."""
    root = tmp_path / "project"
    for folder in ("experiments", "templates/documents", "templates/answers", "templates/sections"):
        (root / folder).mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.report]\nauthor = "A. Student"\ndate = 2026-01-02\n')
    return Project(root, Settings(author="A. Student", date="2026-01-02"))


@pytest.fixture
def write(project: Project) -> Callable[[str, str], Path]:
    """Return a function that writes a file of the project from an indented text."""

    def write_file(name: str, text: str) -> Path:
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    return write_file


@pytest.fixture
def report(project: Project) -> Command:
    """Return a function that runs the program in the project, as a person would."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "report_cli", *arguments],
            cwd=project.root,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
