"""`report compare`: experiments against each other in the terminal."""

import json
from collections.abc import Callable
from pathlib import Path

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
