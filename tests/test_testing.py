"""Experiments run by the tests of a project: anew, with the parameters of the test, apart from what is stored."""

from pathlib import Path

import pytest

from report_cli import testing
from report_cli.errors import ReportError, UsageError
from report_cli.project import Project
from tests.conftest import Write

DICE = """
    import numpy as np
    import report_cli as report

    MEAN = {"mean": report.Metric("", "mean")}

    @report.experiment("dice", title="Dice", metrics=MEAN, profiles={"rolls": 10, "sides": 6})
    def dice(params, record):
        record(mean=np.random.default_rng(record.seed).integers(1, params.sides + 1, params.rolls).mean())

    @report.experiment("twice", title="Twice", metrics=MEAN, profiles={}, needs=("dice",))
    def twice(record):
        record(mean=2 * record.need("dice").scalars["mean"])
"""

SUM = """
    from dataclasses import dataclass

    import report_cli as report

    @dataclass(frozen=True)
    class Params:
        numbers: tuple[int, ...] = (1,)
        most: int | None = 1

    @report.experiment("sum", title="Sum", metrics={"sum": report.Metric("", "sum")}, profiles=Params())
    def total(params, record):
        record(sum=sum(params.numbers[: params.most]))
"""


@pytest.fixture
def dice(write: Write, project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    write("experiments/dice.py", DICE)
    monkeypatch.chdir(project.root)
    return project.root


def test_a_run_is_apart_from_what_is_stored(dice: Path, tmp_path: Path) -> None:
    """It has the parameters and seeds of the test, and leaves the project as it was; a later one leaves its results."""
    many = testing.run("dice", tmp_path / "place", rolls=1000, sides=2, seeds=2)
    one = testing.run("dice", tmp_path / "place", sides=1)
    assert [run.parameters["rolls"] for run in many] == [1000, 1000]
    assert all(1.4 < mean < 1.6 for mean in many.metric("mean"))
    assert one.scalars["mean"] == 1
    assert not (dice / "build").exists()


def test_a_parameter_is_given_as_it_is(dice: Path, write: Write, tmp_path: Path) -> None:
    """A tuple and None are parameters like numbers."""
    write("experiments/sum.py", SUM)
    assert testing.run("sum", tmp_path / "place", numbers=(2, 3), most=None).scalars["sum"] == 5


def test_what_it_needs_is_run_with_it(dice: Path, tmp_path: Path) -> None:
    """The runs that an experiment needs lie beside its own."""
    twice = testing.run("twice", tmp_path / "place").scalars["mean"]
    assert twice == 2 * testing.run("dice", tmp_path / "place").scalars["mean"]


def test_mistakes_are_errors_of_the_program(dice: Path, tmp_path: Path) -> None:
    """Parameters and experiments that don't exist are told with near misses, and what an experiment raises is."""
    with pytest.raises(UsageError, match="'rols'"):
        testing.run("dice", tmp_path / "place", rols=1)
    with pytest.raises(UsageError, match="'dise'"):
        testing.run("dise", tmp_path / "place")
    with pytest.raises(ReportError, match=r"dice: experiments/dice.py:\d+: "):
        testing.run("dice", tmp_path / "place", sides=-1)
