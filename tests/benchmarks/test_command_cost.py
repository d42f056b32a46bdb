"""What commands with nothing to do take beside a Python that does nothing, and how that grows with the store."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from report_cli import api, files
from report_cli.project import Project
from report_cli.store.manifest import Manifest, Times
from tests.conftest import Write

pytestmark = pytest.mark.benchmark
ROOT = Path(__file__).parents[2]
REPEATS = 20
NOTHING = (sys.executable, "-c", "pass")
MANY, FEW = 1000, 10
TOY = """
    import report_cli as report


    @report.experiment("toy", title="T", metrics={{"x": report.Metric("", "x")}}, profiles={{"a": 1}}, seeds={seeds})
    def toy(params, record):
        record(x=params.a)
"""


def took_s(command: Sequence[str], folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def costs_ms(commands: Mapping[str, Sequence[str]], folder: Path) -> dict[str, float]:
    """Return the least that each command takes beyond Python's start, in turns with it."""
    turns = {"": NOTHING, **{name: (sys.executable, "-m", "report_cli", *each) for name, each in commands.items()}}
    least = dict.fromkeys(turns, float("inf"))
    for _ in range(REPEATS):
        for name, command in turns.items():
            least[name] = min(least[name], took_s(command, folder))
    return {name: 1000 * (least[name] - least[""]) for name in commands}


def show(costs: Mapping[str, float], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write("".join(f"\n{name:34}{cost:7.0f} ms" for name, cost in costs.items()))
        sys.stdout.write(f"\n(beyond python -c pass, least of {REPEATS}, in turns)\n")


def test_cost_of_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints what help, list, status and build take where all is up to date."""
    named = api.documents(api.open_workspace(ROOT), ["all"]).experiments
    for profile in ("quick", "smoke"):
        if all(each.step.state == "fresh" for each in api.status(*named, profile=profile, folder=ROOT)):
            break
    else:
        pytest.skip("there are no results yet: report build all --profile smoke")
    commands = {
        "report --help": ("--help",),
        "report list": ("list",),
        "report status": ("status", "--profile", profile),
        "report build all": ("build", "all", "--profile", profile),
    }
    took_s((sys.executable, "-m", "report_cli", *commands["report build all"]), ROOT)
    show(costs_ms(commands, ROOT), capsys)


def store(project: Project, write: Write, runs: int) -> None:
    """Store a run of the toy for each of so many seeds, as the runner does, but measure nothing."""
    write("experiments/toy.py", TOY.format(seeds=runs))
    workspace = api.open_workspace(project.root)
    for step in api.plan(workspace, workspace.registry.select(["toy"]), api.request_of(workspace)).todo:
        manifest = Manifest(
            experiment="toy",
            recipe=dict(step.recipe.parts),
            recipe_digest=step.recipe.digest,
            environment=step.recipe.environment,
            inputs={"files": {}, "folders": {}, "variables": {}},
            profile=None,
            overrides={},
            point={},
            seed=step.seed,
            data=None,
            needs={},
            behind=[],
            times=Times("", "", 1.0),
            code=None,
            warnings=[],
            unwatched=[],
        )
        with files.scratch_folder(workspace.store.scratch, "toy") as folder:
            files.write_json(folder / "measured.json", {"metrics": {"x": 1}, "history": []})
            workspace.store.commit(folder, manifest)


def test_cost_of_many_runs(project: Project, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints what status takes with few stored runs, half of many and many: it grows with their number."""
    costs = {}
    for runs in (FEW, MANY // 2, MANY):
        store(project, write, runs)
        costs |= costs_ms({f"report status, {runs} runs": ("status",)}, project.root)
    show(costs, capsys)
