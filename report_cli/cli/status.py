"""`report list` and `report status`: what exists, and what is stale and why."""

from typing import TYPE_CHECKING, Any

from report_cli import wording
from report_cli.cli.console import ProgressListener, emit, emit_json, emit_table
from report_cli.cli.options import Data, Json, Profile, StrictEnv
from report_cli.cli.session import open_request, open_workspace

if TYPE_CHECKING:
    from report_cli.api import Status


def list_all(json: Json = False) -> None:
    """List the experiments and documents."""
    from report_cli.report.text import templates

    workspace = open_workspace()
    documents = templates.documents(workspace.project)
    experiments = workspace.experiments.values()
    if json:
        listed = [
            {
                "name": e.name,
                "title": e.title,
                "data": e.data and e.data.name,
                "needs": e.needs_of(e.params["full"]),
                "seeds": dict(e.seeds),
                "points": len(e.grid["full"]),
            }
            for e in experiments
        ]
        emit_json({"documents": documents, "experiments": listed})
        return
    rows = [
        (e.name, e.data.name if e.data else "-", *(wording.duration(e.cost_s[p]) for p in ("quick", "full")), e.title)
        for e in experiments
    ]
    emit_table(["experiment", "data", "quick", "full", "title"], rows)
    emit("")
    emit_table(["document", "make it with"], [(name, f"report build {name}") for name in documents])


def status(profile: Profile = "", data: Data = None, strict_env: StrictEnv = False, json: Json = False) -> None:
    """Show what is up to date, stale, missing or failed.

    fresh: up to date. elsewhere: up to date, computed with other versions or on another machine; it is used, and the
    report says so. stale: something it depends on changed. missing: never run. failed: the last try failed.
    """
    from report_cli import api

    workspace, request = open_request(profile, data, strict_env=strict_env)
    made = api.plan(workspace, list(workspace.experiments.values()), request, ProgressListener())
    states = [api.Status(step) for step in made.steps]
    if json:
        emit_json([facts(state) for state in states])
        return
    emit_table(["run", "state", "key", "reason"], [(s.step.label, s.state, s.key, s.reason) for s in states])


def facts(status: "Status") -> dict[str, Any]:
    """Return the state of one run for other programs."""
    import msgspec

    step = status.step
    return {
        "run": step.label,
        "experiment": step.experiment.name,
        "seed": step.seed,
        "point": dict(step.point),
        "profile": step.profile,
        "state": status.state,
        "reason": status.reason,
        "recipe": step.recipe.digest,
        "key": status.key,
        "accepted": msgspec.to_builtins(step.run.manifest.accepted) if step.run else [],
        "environment": dict(step.run.manifest.environment) if step.run else None,
        "inputs": dict(step.run.manifest.inputs) if step.run else None,
    }
