"""Projects that tests make in a temporary folder, and the program run in them."""

import contextlib
import importlib.util
import io
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from report_cli.__main__ import main
from report_cli.execution.isolation import AfterImport
from report_cli.project import Project, Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The engine works in full without the extra `keras`; what trains or looks into networks is not collected then.
NETWORKS = [
    *("training", "interpret", "experiments", "benchmarks/test_checkpoint_cost.py", "datasets/test_weights.py"),
    *("datasets/test_drawn_difficulty.py", "fault/test_malformed_input.py"),
]
collect_ignore = [] if importlib.util.find_spec("keras") else NETWORKS


def _start(keras: ModuleType) -> None:
    from tests.training.memory import start

    start(0)


# TensorFlow takes the number of its threads only before its first operation, whichever test that is in.
sys.meta_path.insert(0, AfterImport({"keras": _start}))

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests out of the user's cache, and the user's images and settings out of the tests."""
    monkeypatch.setenv("REPORT_CACHE", str(tmp_path / "cache"))
    for name in ("REPORT_DATA", "REPORT_DEBUG", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _own_experiments() -> Iterator[None]:
    """Put back this project's own experiments where another project's were loaded in their place."""

    def loaded() -> dict[str, ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "experiments"}

    before = loaded()
    yield
    for name in loaded():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return an empty project."""
    root = tmp_path / "project"
    for folder in ("experiments", "templates/documents", "templates/answers", "templates/sections"):
        (root / folder).mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.report]\nauthor = "A. Student"\ndate = 2026-01-02\n')
    return Project(root, Settings(author="A. Student", date="2026-01-02"))


@pytest.fixture
def write(project: Project) -> Write:
    """Return a function that writes a file of the project from an indented text."""

    def write_file(name: str, text: str) -> Path:
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    return write_file


@pytest.fixture
def report(project: Project) -> Command:
    """Return a function that runs the program in the project, as a person would, within this process."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return run_here(project.root, *arguments, **variables)

    return run


def run_here(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the program in this process, which spares its start; what it runs has a worker process all the same."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["report", *arguments])
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def edit(path: Path, old: str, new: str) -> None:
    """Put `new` in the place of `old`, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A browser. Skipped, with the reason, where no Chromium is found or may be started."""
    from playwright.sync_api import Error, sync_playwright

    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    path = next(found, None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        except Error as error:
            pytest.skip(f"Chromium doesn't start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()
