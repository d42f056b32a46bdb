"""`report list` and `report status`: what exists, and what is out of date and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from report_cli import wording
from report_cli.cli.console import emit, emit_json, emit_table
from report_cli.cli.options import All, Data, Json, Profile, SomeNames, StrictEnv
from report_cli.cli.progress import ProgressListener
from report_cli.cli.session import open_request, open_workspace

if TYPE_CHECKING:
    from report_cli.api import Status
    from report_cli.execution.status import StoredRun


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
        emit_json(documents=documents, experiments=listed)
        return
    rows = [
        (e.name, e.data.name if e.data else "-", *(wording.duration(e.cost(p)) for p in ("quick", "full")), e.title)
        for e in experiments
    ]
    emit_table(["experiment", "data", "quick", "full", "title"], rows)
    emit("")
    emit_table(["document", "make it with"], [(name, f"report build {name}") for name in documents])


def status(
    names: SomeNames = None,
    profile: Profile = "",
    data: Data = None,
    strict_env: StrictEnv = False,
    every: All = False,
    json: Json = False,
) -> None:
    """Show what is up to date, out of date, not run or failed.

    out of date: something that it depends on changed. from another machine: up to date, but computed there or with
    other versions; it is used, and the report says so. failed: the last try failed. Seeds and points of a grid are one
    line, except for experiments that are named in full.
    """
    from report_cli import api

    workspace, request = open_request(profile, data, strict_env=strict_env)
    chosen = workspace.registry.select(names or ["all"])
    made = api.plan(workspace, chosen, request, ProgressListener())
    states = [api.Status(step) for step in made.steps if step.experiment in chosen]
    if json:
        emit_json(runs=[facts(state) for state in states])
        return
    rows = []
    for alike in folded(states, () if every else names or ("*",)):
        state, count = alike[0], sum(each.step.experiment is alike[0].step.experiment for each in states)
        one = len(alike) == 1
        label = state.step.label if one else f"{state.step.experiment.name}  {_of(len(alike), count)}"
        rows.append((label, state.words, state.key if one else "", state.reason if state.reason != state.words else ""))
    emit_table(["run", "state", "key", "reason"], rows)


def runs(names: SomeNames = None, json: Json = False) -> None:
    """List the stored runs, also those of --set, other profiles and other data.

    Example: report runs cifar-control
    """
    from report_cli import api

    stored = api.stored(open_workspace(), names or ["all"])
    if json:
        emit_json(runs=[_stored_facts(each) for each in stored])
        return
    columns = ["experiment", "profile", "with", "state", "finished", "where", "key"]
    rows = []
    for each in stored:
        run, manifest = each.run, each.run.manifest
        where, finished = "kept" if each.kept else "own", wording.moment(manifest.times.finished)
        rows.append((run.experiment, manifest.profile or "any", each.setting, each.words, finished, where, run.key))
    emit_table(columns, rows)


def _stored_facts(stored: "StoredRun") -> dict[str, Any]:
    run, manifest = stored.run, stored.run.manifest
    return {
        "experiment": run.experiment,
        "key": run.key,
        "profile": manifest.profile,
        "seed": run.seed,
        "point": dict(run.point),
        "overrides": dict(manifest.overrides),
        "finished": manifest.times.finished,
        "kept": stored.kept,
        "outdated": stored.outdated,
        "metrics": run.scalars,
    }


def folded(states: "Sequence[Status]", names: Sequence[str]) -> "list[list[Status]]":
    """Return runs of one experiment with one state and reason together; each alone where `names` has the experiment."""
    groups: dict[object, list[Status]] = {}
    for state in states:
        name = state.step.experiment.name
        alone = not names or name in names
        groups.setdefault(state.step.name if alone else (name, state.words, state.reason), []).append(state)
    return list(groups.values())


def _of(part: int, whole: int) -> str:
    return f"({whole} runs)" if part == whole else f"({part} of {whole} runs)"


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
