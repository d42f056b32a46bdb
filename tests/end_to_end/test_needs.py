"""Experiments that need others: order, what is run again, what a failure stops."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli.project import Project
from tests.conftest import Command

CHAIN = """
    from dataclasses import dataclass

    from report_cli.experiment import every_profile, experiment


    @dataclass(frozen=True)
    class Params:
        value: float = 2.0
        noise: int = 0
        fail: bool = False


    PROFILES = every_profile(Params())


    @experiment("base", title="Base", metrics={"value": "v"}, profiles=PROFILES)
    def base(params, data, record):
        import numpy as np

        if params.fail:
            raise RuntimeError("no base")
        record.scalar("value", params.value)
        record.weights({"w": np.full(3, params.value)})


    @experiment("top", title="Top", metrics={"value": "v"}, profiles=PROFILES, needs=("base",))
    def top(params, data, record):
        below = record.need("base")
        record.scalar("value", below.scalars["value"] + float(below.weights()["w"].sum()))
"""


@pytest.fixture
def chain(write: Callable[[str, str], Path]) -> Path:
    return write("experiments/chain.py", CHAIN)


def states(report: Command) -> dict[str, str]:
    return {run["run"]: run["state"] for run in json.loads(report("status", "--json").stdout)}


def test_what_is_needed_runs_first(report: Command, chain: Path) -> None:
    """Asking for an experiment runs what it needs before it, and hands it over with its weights."""
    finished = report("run", "top", "--json")
    assert finished.returncode == 0, finished.stderr
    assert [(r["experiment"], r["scalars"]) for r in json.loads(finished.stdout)] == [
        ("base", {"value": 2.0}),
        ("top", {"value": 8.0}),
    ]
    assert states(report) == {"base": "fresh", "top": "fresh"}


def test_a_change_below_makes_what_needs_it_stale(report: Command, chain: Path) -> None:
    """When what is needed changes, what was computed from it is stale."""
    assert report("run", "top").returncode == 0
    chain.write_text(chain.read_text().replace("value: float = 2.0", "value: float = 3.0"))
    assert states(report) == {"base": "stale", "top": "stale"}


def test_the_same_result_below_runs_nothing_above(report: Command, chain: Path) -> None:
    """Running a need again with the same outcome does not run what used it."""
    assert report("run", "top").returncode == 0
    assert report("run", "base", "--force").returncode == 0
    assert states(report) == {"base": "fresh", "top": "fresh"}
    forced = report("run", "top", "--force")
    assert "base: done" not in forced.stderr, "--force is for what was named, not for what it needs"


def test_a_failed_need_stops_only_what_needs_it(
    report: Command, chain: Path, write: Callable[[str, str], Path]
) -> None:
    """With --keep-going a failure is told once, what needs it is named, and the rest runs."""
    chain.write_text(chain.read_text().replace("fail: bool = False", "fail: bool = True"))
    write("experiments/alone.py", CHAIN.replace('"base"', '"alone"').replace('"top"', '"upon"'))
    finished = report("run", "all", "--keep-going")
    assert finished.returncode == 1
    assert "top needs base, which failed" in finished.stderr
    assert "alone" in finished.stdout
    assert "upon" in finished.stdout


def test_needs_can_depend_on_parameters(report: Command, chain: Path) -> None:
    """An experiment whose parameters make a need superfluous does not run it."""
    text = chain.read_text().replace('needs=("base",)', "needs=choose")
    text = text.replace(
        "PROFILES = every", 'def choose(params):\n    return ("base",) if params.noise else ()\n\n\nPROFILES = every'
    )
    chain.write_text(text)
    finished = report("run", "top", "--dry-run", "--json")
    assert [run["run"] for run in json.loads(finished.stdout)] == ["top"]
    finished = report("run", "top", "--set", "noise=1", "--dry-run", "--json")
    assert [run["run"] for run in json.loads(finished.stdout)] == ["base", "top"]


def test_the_configuration_sets_parameters(report: Command, chain: Path, project: Project) -> None:
    """[tool.report.parameters] changes a project's own parameters, and a mistake in it is named."""
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text() + "[tool.report.parameters.'ba*']\nvalue = 5.0\n")
    finished = report("run", "top", "--json")
    assert [run["scalars"]["value"] for run in json.loads(finished.stdout)] == [5.0, 20.0]
    path.write_text(path.read_text().replace("value = ", "valeu = "))
    wrong = report("run", "top")
    assert wrong.returncode == 2
    assert "unknown parameter of base 'valeu'" in wrong.stderr
