"""Experiments that need others: order, what is run again, what a failure stops, which runs are handed over."""

import json
import subprocess
from pathlib import Path

import pytest

from report_cli import api
from report_cli.execution.plan import Plan
from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.end_to_end.conftest import ran, states

CHAIN = """
    import numpy as np

    import report_cli as report

    PROFILES = {"value": 2.0, "noise": 0, "fail": False}
    VALUE = {"value": report.Metric("", "v")}


    @report.experiment("base", title="Base", metrics=VALUE, profiles=PROFILES)
    def base(params, record):
        if params.fail:
            raise RuntimeError("no base")
        record(value=params.value)
        record.weights({"w": np.full(3, params.value)})


    @report.experiment("top", title="Top", metrics=VALUE, profiles=PROFILES, needs=("base",))
    def top(params, record):
        below = record.need("base")
        record(value=below.scalars["value"] + below.weights()["w"].sum())
"""
# Experiments over seeds and points, each of which records what it was handed.
SWEEP = """
    from matplotlib.figure import Figure

    import report_cli as report

    SUM = {"sum": report.Metric("", "s")}
    THREE = {"smoke": 1, "quick": 2, "full": 5}


    def draw(results, figures):
        figures.add("all", Figure(figsize=(1, 1)), alt=" ".join(f"{value:g}" for value in results.metric("sum")))


    @report.experiment(
        "grid", title="Grid", metrics=SUM, profiles={"a": 1, "b": 10}, seeds=THREE,
        grid=report.grid(a=[1, 2], b=[10, 20]), figures=("all",), draw=draw,
    )
    def grid(params, record):
        record(sum=params.a + params.b + 100 * record.seed)


    @report.experiment("paired", title="Paired", metrics=SUM, profiles={"x": 0}, seeds=THREE, needs=("grid",))
    def paired(params, record):
        record(sum=sum(record.need("grid").metric("sum")))


    @report.experiment("whole", title="Whole", metrics=SUM, profiles={"x": 0}, needs=("grid",))
    def whole(params, record):
        below = record.need("grid")
        assert [run.seed for run in below if run.point == {"a": 2, "b": 20}] == list(range(len(below) // 4))
        record(sum=below.run(seed=0, a=2, b=20).scalars["sum"])
        record.table("below", [{"seed": run.seed, **run.point} for run in below])


    @report.experiment("single", title="Single", metrics=SUM, profiles={"x": 0}, needs=("grid",))
    def single(params, record):
        record(sum=record.need("grid").scalars["sum"])
"""


@pytest.fixture
def chain(write: Write) -> Path:
    return write("experiments/chain.py", CHAIN)


def words(report: Command) -> dict[str, str]:
    return {name: run["state"] for name, run in states(report).items()}


def planned(finished: "subprocess.CompletedProcess[str]") -> list[str]:
    return [run["run"] for run in json.loads(finished.stdout)["runs"]]


def test_what_is_needed_runs_first(report: Command, chain: Path) -> None:
    """Asking for an experiment runs what it needs, with its weights; one with another outcome makes it stale."""
    runs = ran(report("run", "top", "--json"))
    assert {name: run["metrics"]["value"] for name, run in runs.items()} == {"base": 2.0, "top": 8.0}
    assert list(runs) == ["base", "top"]
    assert words(report) == {"base": "fresh", "top": "fresh"}
    forced = report("run", "base", "top", "--force")
    assert "base: done" in forced.stderr
    assert words(report) == {"base": "fresh", "top": "fresh"}, "the same outcome below changes nothing above"
    assert "base: done" not in report("run", "top", "--force").stderr, "--force is for what was named"
    edit(chain, '"value": 2.0', '"value": 3.0')
    assert words(report) == {"base": "stale", "top": "stale"}


def test_a_need_that_is_run_again_with_the_same_outcome_runs_nothing_above(report: Command, chain: Path) -> None:
    """An edit below that changes no number leaves what needs it as it is, except for its recipe."""
    assert report("run", "top").returncode == 0
    edit(chain, "np.full(3, params.value)", "np.full(3, 1 * params.value)")
    assert words(report) == {"base": "stale", "top": "stale"}


def test_a_failed_need_stops_only_what_needs_it(report: Command, chain: Path, write: Write) -> None:
    """With --keep-going a failure is told once, what needs it is named, and the rest runs."""
    edit(chain, '"fail": False', '"fail": True')
    write("experiments/alone.py", CHAIN.replace('"base"', '"alone"').replace('"top"', '"upon"'))
    finished = report("run", "all", "--keep-going")
    assert finished.returncode == 1
    assert finished.stderr.count(": no base") == 1
    assert "top needs base, which failed" in finished.stderr
    assert "alone" in finished.stdout
    assert "upon" in finished.stdout


def test_needs_can_depend_on_parameters(report: Command, chain: Path) -> None:
    """An experiment whose parameters make a need superfluous does not run it."""
    edit(chain, 'needs=("base",)', 'needs=lambda params: ("base",) if params.noise else ()')
    assert planned(report("run", "top", "--dry-run", "--json")) == ["top"]
    assert planned(report("run", "top", "--set", "noise=1", "--dry-run", "--json")) == ["base", "top"]


def test_the_configuration_sets_parameters(report: Command, chain: Path, project: Project) -> None:
    """[tool.report.parameters] changes a project's own parameters, and a mistake in it is named."""
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text() + "[tool.report.parameters.'ba*']\nvalue = 5.0\n")
    runs = ran(report("run", "top", "--json"))
    assert [run["metrics"]["value"] for run in runs.values()] == [5.0, 20.0]
    edit(path, "value = ", "valeu = ")
    wrong = report("run", "top")
    assert wrong.returncode == 2
    assert "parameter of base 'valeu'" in wrong.stderr


def test_experiments_that_need_each_other_are_refused(report: Command, chain: Path) -> None:
    """A circle of needs is one error that names it."""
    edit(chain, '"base", title="Base",', '"base", title="Base", needs=("top",),')
    refused = report("run", "top")
    assert refused.returncode == 2
    assert "top -> base -> top" in refused.stderr


def plan(project: Project, *names: str, profile: str = "quick", seeds: int | None = None) -> Plan:
    workspace = api.open_workspace(project.root)
    asked = api.request_of(workspace, profile=profile, seeds=seeds)
    return api.plan(workspace, workspace.registry.select(names), asked)


def test_a_plan_has_every_point_and_seed(project: Project, write: Write) -> None:
    """Points are in the order of the grid, each with its seeds, and a need stands before what needs it."""
    write("experiments/sweep.py", SWEEP)
    steps = plan(project, "paired", "whole").steps
    points = [(step.params.a, step.params.b, step.seed) for step in steps if step.experiment.name == "grid"]
    assert points == [(a, b, seed) for a in (1, 2) for b in (10, 20) for seed in (0, 1)]
    assert [step.label for step in steps][-3:] == ["paired seed 0", "paired seed 1", "whole"]
    assert steps[0].label == "grid a=1 b=10 seed 0"
    needs = {step.label: len(step.needs["grid"]) for step in steps if step.needs}
    assert needs == {"paired seed 0": 4, "paired seed 1": 4, "whole": 8}


def test_seeds_pair_by_what_the_full_profile_asks(project: Project, write: Write) -> None:
    """Two experiments that both have several seeds in full are paired in every profile, one that hasn't takes all."""
    write("experiments/sweep.py", SWEEP)
    for profile, seeds, count in (("smoke", None, 1), ("quick", 3, 3), ("full", None, 5)):
        steps = plan(project, "paired", "whole", profile=profile, seeds=seeds).steps
        pairs = [{name[2] for name in step.needs["grid"]} for step in steps if step.experiment.name == "paired"]
        assert pairs == [{seed} for seed in range(count)]
        (whole,) = [step for step in steps if step.label == "whole"] or [steps[-1]]
        assert len(whole.needs["grid"]) == 4 * count


def test_a_sweep_is_handed_over_drawn_and_read_back(report: Command, project: Project, write: Write) -> None:
    """`need` and `draw` get the runs of all points and seeds; another seed draws the figure anew and runs no other."""
    path = write("experiments/sweep.py", SWEEP)
    done = report("run", "paired", "whole", "--json")
    runs = [r for r in json.loads(done.stdout)["runs"] if r["experiment"] != "grid"]
    assert [(r["experiment"], r["seed"], r["metrics"]["sum"]) for r in runs] == [
        ("paired", 0, 66),
        ("paired", 1, 466),
        ("whole", 0, 22),
    ]
    results = api.results("grid", folder=project.root)
    assert results.metric("sum") == [11, 111, 21, 121, 12, 112, 22, 122]
    assert results.where(a=1).metric("sum") == [11, 111, 21, 121]
    frame = results.to_pandas()
    assert list(frame[(frame.a == 2) & (frame.seed == 1)]["sum"]) == [112, 122]
    assert list(frame.profile) == [None] * 8 or frame.profile.isna().all()
    (whole,) = api.results("whole", folder=project.root)
    assert whole.table("below")[:2] == [{"seed": 0, "a": 1, "b": 10}, {"seed": 1, "a": 1, "b": 10}]

    assert report("run", "grid").returncode == 0
    (before,) = project.figures.glob("grid/*")
    more = report("run", "grid", "--seeds", "3")
    assert more.returncode == 0, more.stderr
    assert "[4/4] grid a=2 b=20 seed 2" in more.stderr
    assert "drawing the figures of grid" in more.stderr
    assert len(list(project.figures.glob("grid/*"))) == 2
    assert "nothing to run" in report("run", "grid").stderr
    assert "drawing" not in report("run", "grid").stderr
    edit(path, "a=[1, 2]", "a=[1, 2, 3]")
    assert len(plan(project, "grid").todo) == 4, "a new point leaves the others as they are"
    assert before.is_dir()


def test_one_of_several_runs_is_named(report: Command, write: Write) -> None:
    """What takes one run of several fails, and the error says how to name one."""
    write("experiments/sweep.py", SWEEP)
    failed = report("run", "single", "--profile", "smoke")
    assert failed.returncode == 1
    assert "grid has 4 runs" in failed.stderr
    assert ".run(a=1, b=10, seed=0)" in failed.stderr
