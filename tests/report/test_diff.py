"""`report diff`: what changed between two PDFs, against seed noise, and why."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from report_cli import api
from report_cli.report.diff import ReportChanges
from tests.conftest import edit, run_here
from tests.fault.forging import rewrite
from tests.report.conftest import Desk

PAPER = """
# Results

The network reaches << value("net.accuracy")|percent >>. It takes << value("net.time")|duration >> on this machine.

<< figure("net.curves", caption="A curve.") >>
"""
RECIPE = {"parameters": {"epochs": 3, "rate": 0.03}, "code": {"experiments.net:train": "a" * 64}}


def seeds(desk: Desk, numbers: list[float], time: float = 200.4, **facts: Any) -> None:
    """Store a run for each number."""
    for seed, number in enumerate(numbers):
        metrics = {"accuracy": (number, "fraction"), "time": (time, "s")}
        desk.store("net", metrics, seed=seed, **{"recipe": RECIPE, **facts})


@pytest.fixture
def compared(desk: Desk, tmp_path: Path) -> Callable[[Callable[[], None]], ReportChanges]:
    """Return a function that compares the report before and after something is done."""
    seeds(desk, [0.70, 0.71, 0.72])
    desk.write(PAPER)
    old = tmp_path / "old.pdf"
    shutil.copy(desk.build(formats=("pdf",)).paths[0], old)

    def compare(change: Callable[[], None]) -> ReportChanges:
        change()
        return api.diff(old, desk.build(formats=("pdf",)).paths[0])

    return compare


def test_nothing_differs(compared: Callable[..., ReportChanges]) -> None:
    """A report that was built again differs in nothing."""
    found = compared(lambda: None)
    assert not any((found.values, found.claims, found.figures, found.prose, found.causes))


def test_moved_values_and_their_causes(compared: Callable[..., ReportChanges], desk: Desk) -> None:
    """A moved value says whether seeds explain it, and which parameter, code, package, data and input changed."""
    facts = {
        "recipe": {"parameters": {"epochs": 9, "rate": 0.03}, "code": {"experiments.net:train": "b" * 64}},
        "environment": {"python": "3.11", "package keras": "3.16.0"},
        "inputs": {"files": {"data/a.csv": "c" * 64}, "folders": {}, "variables": {}},
    }
    found = compared(lambda: seeds(desk, [0.80, 0.81, 0.82], **facts))
    (moved,) = found.values
    assert (moved.before, moved.after) == ("71.0\u202f%", "81.0\u202f%")
    assert moved.change == pytest.approx(0.1)
    assert not moved.is_noise
    causes = {
        "parameters: epochs is 9, was 3",
        "code: train in experiments/net.py changed",
        "environment: keras is 3.16.0, was 3.15.1",
        "inputs: data/a.csv changed",
    }
    assert set(moved.causes) == causes
    assert found.causes.keys() == {"parameters", "code", "environment", "inputs"}
    assert not found.prose, "values are told by themselves"


def test_seed_noise(compared: Callable[..., ReportChanges], desk: Desk) -> None:
    """What the seeds explain is called noise."""
    found = compared(lambda: seeds(desk, [0.70, 0.715, 0.725]))
    (moved,) = found.values
    assert moved.is_noise


def test_parts_of_a_comparison_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    """Difference, end of its interval and p are of the same results, and each says which it is."""

    def built(numbers: list[float]) -> Path:
        seeds(desk, numbers)
        return Path(shutil.copy(desk.build(formats=("pdf",)).paths[0], tmp_path / f"{numbers[0]}.pdf"))

    for seed, number in enumerate([0.60, 0.61, 0.62]):
        desk.store("idle", {"accuracy": (number, "fraction")}, seed=seed)
    desk.write(
        '<% set gain = compare("net.accuracy", "idle.accuracy") %>\n'
        "<< gain.difference|percentage >> from << gain.low|percentage >>, << gain.p >>, over << gain.n|integer >>\n"
    )
    found = api.diff(built([0.70, 0.75, 0.72]), built([0.80, 0.86, 0.83]))
    assert [value.part for value in found.values] == ["difference", "difference_end", "p"]


def test_more_seeds_are_told(compared: Callable[..., ReportChanges], desk: Desk) -> None:
    """A mean over more seeds is another value, and the count of seeds is a cause."""
    found = compared(lambda: seeds(desk, [0.70, 0.71, 0.72, 0.79]))
    (moved,) = found.values
    assert (moved.before, moved.after) == ("71.0\u202f%", "73.0\u202f%")
    assert found.causes["runs"] == ["net has 4 seeds, had 3"]
    assert not found.prose


def test_points_of_a_grid_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    """A new point is no change of another one's value."""
    points = (
        '<% for point, value in points("net.accuracy") %>\n- at << point.rate >>: << value|percent >>\n<% endfor %>\n'
    )

    def built(rates: list[float]) -> Path:
        desk.runs.pop("net", None)
        for n, rate in enumerate(rates):
            recipe = {**RECIPE, "parameters": {"epochs": 3, "rate": rate}}
            for seed, number in ((2 * n, rate), (2 * n + 1, rate + 0.02)):
                desk.store("net", {"accuracy": (number, "fraction")}, seed=seed, recipe=recipe, point={"rate": rate})
        return desk.build(formats=("pdf",)).paths[0]

    desk.write(points)
    old = Path(shutil.copy(built([0.1, 0.3]), tmp_path / "old.pdf"))
    found = api.diff(old, built([0.1, 0.2, 0.3]))
    assert not found.values
    assert not [each for each in found.prose if each.what.startswith("value")]
    assert "net has 3 points, had 2" in found.causes["runs"]


def test_exchanged_values_are_told(compared: Callable[..., ReportChanges], desk: Desk) -> None:
    """Another metric in the place of one, and the same one written otherwise, are told with both texts."""
    desk.store("idle", {"accuracy": (0.5, "fraction")})
    other = PAPER.replace('value("net.accuracy")|percent', 'value("net.accuracy")|percent(2)')
    found = compared(lambda: desk.write(other))
    (written,) = found.prose
    assert (written.what, written.before, written.after) == ("value net.accuracy", "71.0\u202f%", "71.00\u202f%")
    exchanged = PAPER.replace('value("net.accuracy")', 'value("idle.accuracy")')
    found = compared(lambda: desk.write(exchanged))
    assert ("value", "71.0\u202f% (net.accuracy)", "50.0\u202f% (idle.accuracy)") in [
        (each.what, each.before, each.after) for each in found.prose
    ]


def test_a_change_far_down_is_shown_there(desk: Desk) -> None:
    """The excerpts of a long passage begin shortly before what differs."""
    long = "so " * 100
    desk.write(f"{PAPER}\nIt goes on {long}to the north.\n")
    old = desk.build(formats=("pdf",)).paths[0].rename(desk.project.root / "old.pdf")
    desk.write(f"{PAPER}\nIt goes on {long}to the south.\n")
    (prose,) = api.diff(old, desk.build(formats=("pdf",)).paths[0]).prose
    assert "north" in prose.before
    assert "south" in prose.after
    assert len(prose.before) <= 201


def test_prose_and_figures(compared: Callable[..., ReportChanges], desk: Desk) -> None:
    """A reworded sentence is told with what it was, a figure that was drawn anew by its label."""

    def change() -> None:
        desk.write(PAPER.replace("on this machine", "on a faster machine"))
        curves = desk.figures["net"]["curves"]
        edit(curves.path("print.svg"), "L120 60", "L120 70")
        desk.figures["net"]["curves"] = structs.replace(curves, sha256={**curves.sha256, "print.svg": "d" * 64})

    found = compared(change)
    (prose,) = found.prose
    assert prose.before == "It takes … on this machine."
    assert prose.after == "It takes … on a faster machine."
    assert [figure.what for figure in found.figures] == ["figure fig-net-curves"]
    assert found.causes == {"page": ["other templates"]}


def test_flipped_claims_and_the_command(desk: Desk, tmp_path: Path) -> None:
    """A claim that flipped is told, where both files have claims; the command prints all of it."""
    desk.write(PAPER)
    new = desk.build(formats=("pdf",)).paths[0]
    old = Path(shutil.copy(new, tmp_path / "old.pdf"))
    for path, verdict in ((old, "holds"), (new, "refuted")):
        rewrite(path, facts=lambda facts, verdict=verdict: facts.update(claims=[{"id": "better", "verdict": verdict}]))
    done = run_here(tmp_path, "diff", str(old), str(new), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["claims"] == [{"what": "claim better", "before": "holds", "after": "refuted"}]
    told = run_here(tmp_path, "diff", str(old), str(new)).stdout
    assert told.strip() == "claim better: refuted\n  was: holds"
    assert run_here(tmp_path, "diff", str(old), str(old)).stdout.strip() == "nothing differs"
    assert run_here(tmp_path, "diff", str(old), str(tmp_path / "none.pdf")).returncode == 1
