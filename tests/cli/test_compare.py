"""`report compare`: experiments against each other in the terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ttest_rel

from tests.conftest import Command


def experiment(name: str, shift: float, seeds: int) -> str:
    return f"""
import report_cli as report


@report.experiment(
    "{name}", title="T", metrics={{"mean": report.Metric("", "a number")}}, profiles={{"shift": {shift}}}, seeds={seeds}
)
def throw(params, record):
    record(mean=params.shift * (1 + [0.03, -0.01, 0.02, 0.0][record.seed]))
"""


def test_experiments_are_compared_seed_by_seed(report: Command, write: Callable[[str, str], Path]) -> None:
    """Difference, interval, p and verdict are those that a template would show."""
    for name, shift in (("one", 1.0), ("two", 2.0)):
        write(f"experiments/{name}.py", experiment(name, shift, 4))
    report("run", "all")
    (found,) = json.loads(report("compare", "two", "one", "--json").stdout)["comparisons"]
    noise = [0.03, -0.01, 0.02, 0.0]
    expected = ttest_rel([2 * (1 + each) for each in noise], [1 + each for each in noise])
    assert abs(found["p"] - expected.pvalue) < 1e-9
    assert (found["verdict"], found["n"], found["over"]) == ("greater", 4, "seeds")
    shown = report("compare", "two", "one").stdout.splitlines()
    assert shown[0].split()[:3] == ["metric", "first", "second"]
    assert "greater" in shown[1]
    assert "4 seeds" in shown[1]


def test_points_of_a_grid_are_compared(report: Command, write: Callable[[str, str], Path]) -> None:
    """A name stands for all points of its grid; parameters behind it, as `report status` writes them, choose some."""
    grid = "seeds=4, grid=report.grid(shift=[1.0, 2.0, 3.0], kind=['plain', 'very odd'])"
    both = experiment("one", 1.0, 4).replace('"shift": 1.0', '"shift": 1.0, "kind": "plain"').replace("seeds=4", grid)
    write("experiments/one.py", both)
    write("experiments/two.py", experiment("two", 2.0, 4))
    report("run", "all")

    def compared(*words: str) -> list[dict[str, Any]]:
        done = report("compare", *words, "--json")
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)["comparisons"]
        return found

    (found,) = compared("one", "shift=3", "kind=plain", "one", "shift=1.0", "kind=very odd")
    assert (found["experiments"], found["verdict"]) == (["one", "one"], "greater")
    assert found["points"] == [{"shift": 3.0, "kind": "plain"}, {"shift": 1.0, "kind": "very odd"}]
    assert compared("one shift=3.0 kind=plain", "one shift=1.0 kind=very odd") == [found]
    assert [each["points"] for each in compared("two", "one", "kind=plain", "shift=2.0")] == [
        [{}, {"shift": 2.0, "kind": "plain"}]
    ]
    assert len(compared("one")) == 6 * 5 / 2
    shown = report("compare", "one", "shift=3.0").stdout.splitlines()[1]
    assert "one shift=3.0 kind=plain  one shift=3.0 kind=very odd" in shown


def test_a_point_that_is_none_is_told(report: Command, write: Callable[[str, str], Path]) -> None:
    """A parameter that the grid hasn't got, a value that no point has, and a single point are errors."""
    grid = "seeds=1, grid=report.grid(shift=[1.0, 2.0])"
    write("experiments/one.py", experiment("one", 1.0, 1).replace("seeds=1", grid))
    report("run", "all")
    assert "unknown parameter in the grid of one 'shaft'" in report("compare", "one", "shaft=1").stderr
    for value in ("4", "much"):
        refused = report("compare", "one", f"shift={value}").stderr
        assert f"one has no point with shift={value}" in refused
        assert "1.0, 2.0" in refused
    assert "two points of a grid" in report("compare", "one", "shift=1").stderr
    assert "one.mean shift=1.0 and one.mean shift=2.0 have one run each" in report("compare", "one").stdout


def test_what_can_not_be_compared_says_why(report: Command, write: Callable[[str, str], Path]) -> None:
    """One run each without predictions, an experiment without results and a single name are told."""
    for name in ("one", "two"):
        write(f"experiments/{name}.py", experiment(name, 1.0, 1))
    refused = report("compare", "one", "two")
    assert refused.returncode == 1
    assert "never run" in refused.stderr
    report("run", "all")
    shown = report("compare", "one", "two").stdout
    assert "not compared: one.mean and two.mean have one run each and no stored predictions" in shown
    assert "two experiments at least" in report("compare", "one").stderr
    assert "unknown metric of them all 'meen'" in report("compare", "one", "two", "-m", "meen").stderr


def test_one_that_can_not_be_compared_keeps_no_others_from_it(
    report: Command, write: Callable[[str, str], Path]
) -> None:
    """Pairs that can be compared are; the others are called so, with their own reason."""
    for name, shift, seeds in (("one", 1.0, 4), ("two", 2.0, 4), ("three", 3.0, 1)):
        write(f"experiments/{name}.py", experiment(name, shift, seeds))
    report("run", "all")
    found = json.loads(report("compare", "one", "two", "three", "--json").stdout)["comparisons"]
    verdicts = {tuple(each["experiments"]): each["verdict"] for each in found}
    assert verdicts == {("one", "two"): "smaller", ("one", "three"): "not compared", ("two", "three"): "not compared"}
    assert [each["reason"] == "" for each in found] == [True, False, False]
    assert "two.mean and three.mean have" in found[2]["reason"]


def test_the_difference_is_that_of_common_seeds(report: Command, write: Callable[[str, str], Path]) -> None:
    """Where one has more seeds, the difference lies within its interval, as in a template."""
    write("experiments/one.py", experiment("one", 1.0, 4))
    write("experiments/two.py", experiment("two", 2.0, 2))
    report("run", "all")
    (found,) = json.loads(report("compare", "two", "one", "--json").stdout)["comparisons"]
    assert found["difference"] == pytest.approx((1.03 + 0.99) / 2)
    assert found["low"] < found["difference"] < found["high"]
    assert found["results"] == pytest.approx([2.02, 1.01])


def test_nothing_in_common_is_told(report: Command, write: Callable[[str, str], Path]) -> None:
    """Experiments without a common metric are an error, not an empty table."""
    write("experiments/one.py", experiment("one", 1.0, 1))
    other = experiment("two", 2.0, 1).replace('"mean"', '"median"').replace("mean=", "median=")
    write("experiments/two.py", other)
    report("run", "all")
    refused = report("compare", "one", "two")
    assert refused.returncode == 2
    assert "one and two have no metric in common" in refused.stderr
