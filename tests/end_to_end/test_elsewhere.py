"""Results from another environment: used, told, and with --strict-env computed again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from report_cli.project import Project
from tests.conftest import Command

# A part of the environment that a test can change without another machine.
THERE = {"TF_ENABLE_ONEDNN_OPTS": "0"}
DIFFERING = "onednn 0, here default"


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)


@pytest.fixture
def paper(walk: Path, write: Callable[[str, str], Path]) -> Path:
    """Write a document that shows one value of the walk."""
    return write("templates/documents/paper.md", '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end") >>\n')


def status(report: Command, *arguments: str) -> Any:
    (run,) = json.loads(report("status", "--json", *arguments).stdout)
    return run


def test_a_run_from_elsewhere_is_used_and_told(report: Command, walk: Path) -> None:
    """A result of another environment is up to date, and status, why and show say where it differs."""
    assert report("run", "walk", **THERE).returncode == 0
    run = status(report)
    assert run["state"] == "elsewhere"
    assert run["reason"] == f"up to date, computed with {DIFFERING}"
    assert run["environment"]["onednn"] == "0"
    for command in (["status"], ["why", "walk"], ["show", "walk"]):
        told = report(*command).stdout
        assert "elsewhere" in told
        assert DIFFERING in told
    assert "nothing to run" in report("run", "walk").stderr


def test_strict_env_runs_it_here(report: Command, walk: Path, project: Project) -> None:
    """--strict-env counts only runs of this environment; the other one stays where it is."""
    assert report("run", "walk", **THERE).returncode == 0
    strict = status(report, "--strict-env")
    assert strict["state"] == "stale"
    assert f"computed elsewhere ({DIFFERING})" in strict["reason"]
    again = report("run", "walk", "--strict-env")
    assert again.returncode == 0, again.stderr
    assert "walk: done in" in again.stderr
    assert status(report)["state"] == status(report, "--strict-env")["state"] == "fresh"
    assert len([p for p in (project.runs / "walk").iterdir() if p.is_dir()]) == 2
    assert "nothing to run" in report("run", "walk", "--strict-env").stderr


def test_a_run_that_was_never_computed_is_missing_either_way(report: Command, walk: Path) -> None:
    """--strict-env doesn't change the word for what there is no result of."""
    assert status(report)["state"] == status(report, "--strict-env")["state"] == "missing"


def test_the_page_says_where_its_runs_were_computed(report: Command, paper: Path, project: Project) -> None:
    """The appendix names the environment of the runs, not that of the build, also where all runs share it."""
    assert report("run", "walk", **THERE).returncode == 0
    built = report("build", "paper", "--to", "html")
    assert built.returncode == 0, built.stderr
    page = (project.reports / "paper.html").read_text()
    assert "All runs were computed with" in page
    assert "onednn 0" in page
    strict = report("build", "paper", "--to", "html", "--strict-env")
    assert strict.returncode == 0, strict.stderr
    assert "onednn default" in (project.reports / "paper.html").read_text()


def test_strict_env_shows_nothing_from_elsewhere(report: Command, paper: Path) -> None:
    """Without running, a strict build refuses what was computed elsewhere and says so."""
    assert report("run", "walk", **THERE).returncode == 0
    refused = report("build", "paper", "--to", "html", "--strict-env", "--no-run")
    assert refused.returncode == 1
    assert f"computed elsewhere ({DIFFERING}), and --strict-env asks for a run from here" in refused.stderr
