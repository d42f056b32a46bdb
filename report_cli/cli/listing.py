"""`report list` and `report status`: what exists, and what is stale and why."""

from pathlib import Path
from typing import Any

from report_cli import clock, fingerprint, planner
from report_cli.cli.console import ProgressListener, emit, emit_json, emit_table
from report_cli.cli.session import open_workspace, wish
from report_cli.experiment import Experiment
from report_cli.plan import Plan, Step
from report_cli.report import build as pages
from report_cli.runner import Runner
from report_cli.workspace import Workspace


def list_all(*, json: bool) -> None:
    """Print the experiments and documents of the project."""
    workspace = open_workspace()
    documents = pages.documents(workspace.project)
    if json:
        emit_json(
            {
                "documents": documents,
                "experiments": [
                    {
                        "name": e.name,
                        "title": e.title,
                        "images": e.images,
                        "needs": e.needs_of(e.params["full"]),
                        "seeds": dict(e.seeds),
                    }
                    for e in workspace.experiments.values()
                ],
            }
        )
        return
    emit_table(
        ["experiment", "images", "quick", "full", "title"],
        [
            (e.name, e.images or "-", clock.words(e.cost_s["quick"]), clock.words(e.cost_s["full"]), e.title)
            for e in workspace.experiments.values()
        ],
    )
    emit("")
    emit_table(["document", "make it with"], [(name, f"report build {name}") for name in documents])


def status(*, profile: str, data: Path | None, json: bool) -> None:
    """Print the state of every run that the profile asks for."""
    workspace = open_workspace()
    made = planned(workspace, list(workspace.experiments.values()), profile, data)
    if json:
        emit_json([state_of(step) for step in made.steps])
        return
    emit_table(["run", "state", "key", "reason"], [(s.label, s.state, s.key, reason(s)) for s in made.steps])


def planned(
    workspace: Workspace, experiments: list[Experiment], profile: str, data: Path | None, settings: tuple[str, ...] = ()
) -> Plan:
    """Return the plan for `experiments`; nothing is run but the reading of images that are new."""
    with Runner(workspace, ProgressListener()) as runner:
        return planner.make(workspace, experiments, wish(workspace, profile, data, settings=settings), runner.read_in)


def state_of(step: Step) -> dict[str, Any]:
    """Return the state of one run for other programs."""
    return {
        "run": step.label,
        "experiment": step.experiment.name,
        "seed": step.seed,
        "profile": step.profile,
        "state": step.state,
        "reason": reason(step),
        "recipe": step.recipe.digest,
        "key": step.run.key if step.run else step.key,
    }


def reason(step: Step) -> str:
    """Return why a run is in its state, and where it was computed when that was elsewhere."""
    if step.run is None or step.run.key == step.key:
        return step.reason
    here, there = fingerprint.environment(), step.run.environment
    differing = [f"{name} {there.get(name)}" for name in here if here[name] != there.get(name)]
    return f"{step.reason}, computed with {', '.join(differing)}"
