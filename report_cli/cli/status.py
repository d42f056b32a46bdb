"""`report list` and `report status`: what exists, and what is stale and why."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from report_cli import wording
from report_cli.cli.console import ProgressListener, emit, emit_json, emit_table
from report_cli.cli.session import open_workspace, wish
from report_cli.execution import planner
from report_cli.execution.plan import Plan, Step
from report_cli.execution.runner import Runner
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.report import build as pages


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
                        "images": e.data and e.data.name,
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
            (
                e.name,
                e.data.name if e.data else "-",
                wording.words(e.cost_s["quick"]),
                wording.words(e.cost_s["full"]),
                e.title,
            )
            for e in workspace.experiments.values()
        ],
    )
    emit("")
    emit_table(["document", "make it with"], [(name, f"report build {name}") for name in documents])


def status(*, profile: str, data: Path | None, strict_env: bool, json: bool) -> None:
    """Print the state of every run that the profile asks for."""
    workspace = open_workspace()
    made = planned(workspace, list(workspace.experiments.values()), profile, data, strict_env=strict_env)
    if json:
        emit_json([state_of(step) for step in made.steps])
        return
    emit_table(["run", "state", "key", "reason"], [(s.label, state(s), key(s), reason(s)) for s in made.steps])


def planned(
    workspace: Workspace,
    experiments: list[Experiment],
    profile: str,
    data: Path | None,
    settings: tuple[str, ...] = (),
    *,
    strict_env: bool = False,
) -> Plan:
    """Return the plan for `experiments`; nothing is run but the reading of images that are new."""
    with Runner(workspace, ProgressListener()) as runner:
        wanted = wish(workspace, profile, data, settings=settings, strict_env=strict_env)
        return planner.make(workspace, experiments, wanted, runner.read_in)


def state_of(step: Step) -> dict[str, Any]:
    """Return the state of one run for other programs."""
    return {
        "run": step.label,
        "experiment": step.experiment.name,
        "seed": step.seed,
        "profile": step.profile,
        "state": state(step),
        "reason": reason(step),
        "recipe": step.recipe.digest,
        "key": key(step),
        "accepted": [asdict(acceptance) for acceptance in step.run.accepted] if step.run else [],
        "environment": dict(step.run.environment) if step.run else None,
    }


def state(step: Step) -> str:
    """Return the state of one run in a word; up to date and computed in another environment is "elsewhere"."""
    return "elsewhere" if step.state == "fresh" and step.elsewhere else step.state


def key(step: Step) -> str:
    """Return the key of the run that answers, or of the one that would."""
    return step.run.key if step.run else step.key


def reason(step: Step) -> str:
    """Return why a run is in its state; where it was computed when that was elsewhere, and why it was accepted."""
    parts = [step.reason]
    if step.state == "fresh" and step.run is not None:
        parts = [f"accepted: {step.run.accepted[-1].reason}"] if step.run.accepted else parts
        parts += [f"computed with {step.elsewhere}"] if step.elsewhere else []
    return ", ".join(parts)
