"""Results from another environment: used, told, and with --strict-env computed again."""

import json
from pathlib import Path

import pytest

from report_cli.keys import environment
from report_cli.project import Project
from tests.conftest import Command
from tests.end_to_end.conftest import folders, state, states

DIFFERING = "numpy 1.0, here 9.9"


@pytest.fixture
def there(report: Command, walk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the walk where numpy was of another version."""
    with monkeypatch.context() as patch:
        patch.setattr(environment, "_version", lambda package: "1.0")
        assert report("run", "walk").returncode == 0
    monkeypatch.setattr(environment, "_version", lambda package: "9.9")


@pytest.mark.usefixtures("there")
def test_a_run_from_elsewhere_is_used_and_told(report: Command) -> None:
    """A result of another environment is up to date, and status, why and show say where it differs."""
    run = states(report)["walk"]
    assert run["state"] == "elsewhere"
    assert run["reason"].endswith(DIFFERING)
    assert run["environment"]["package numpy"] == "1.0"
    for command in (["status"], ["why", "walk"], ["show", "walk"]):
        shown = report(*command).stdout
        assert "from another machine" in shown
        assert DIFFERING in shown
    assert "nothing to run" in report("run", "walk").stderr


@pytest.mark.usefixtures("there")
def test_strict_env_runs_it_here(report: Command, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """--strict-env counts only runs of this environment; the other one stays, and is taken where this one is not."""
    word, why = state(report, "--strict-env")
    assert word == "stale"
    assert DIFFERING in why
    again = report("run", "walk", "--strict-env")
    assert again.returncode == 0, again.stderr
    assert "walk: done in" in again.stderr
    assert state(report) == state(report, "--strict-env") == ("fresh", "up to date")
    assert len(folders(project)) == 2
    assert "nothing to run" in report("run", "walk", "--strict-env").stderr
    monkeypatch.setattr(environment, "_version", lambda package: "1.0")
    assert state(report, "--strict-env") == ("fresh", "up to date"), "its own environment comes first"


def test_a_run_that_was_never_computed_is_missing_either_way(report: Command, walk: Path) -> None:
    """--strict-env doesn't change the word for what there is no result of."""
    assert state(report)[0] == state(report, "--strict-env")[0] == "missing"


@pytest.mark.usefixtures("there")
def test_the_page_says_where_its_runs_were_computed(report: Command, paper: Path, project: Project) -> None:
    """The appendix names the environment of the runs, not that of the build; a strict build shows only its own."""
    built = report("build", "paper", "--to", "html")
    assert built.returncode == 0, built.stderr
    assert "numpy 1.0" in (project.reports / "paper.html").read_text()
    refused = report("build", "paper", "--to", "html", "--strict-env", "--no-run")
    assert refused.returncode == 1
    assert DIFFERING in refused.stderr
    strict = report("build", "paper", "--to", "html", "--strict-env")
    assert strict.returncode == 0, strict.stderr
    assert "numpy 9.9" in (project.reports / "paper.html").read_text()


def test_the_environment_has_what_a_run_imports(report: Command, walk: Path) -> None:
    """A run of numpy knows its version, and nothing of keras or a backend."""
    assert report("run", "walk").returncode == 0
    (shown,) = json.loads(report("show", "walk", "--json").stdout)["runs"]
    packages = {name for name in shown["environment"] if name.startswith("package ")}
    assert packages == {"package numpy"}
    assert not {"backend", "onednn", "precision"} & set(shown["environment"])
