"""`report show` and `report why`: one experiment, its results, and what its key is made of."""

from typing import TYPE_CHECKING, Any

from report_cli.cli.console import emit, emit_json, emit_table
from report_cli.cli.options import Data, Json, Name, Profile, Settings
from report_cli.cli.run import number
from report_cli.cli.session import open_workspace
from report_cli.cli.status import planned, reason, state, state_of
from report_cli.errors import ReportError, unknown

if TYPE_CHECKING:
    from report_cli.execution.plan import Step
    from report_cli.execution.workspace import Workspace
    from report_cli.experiment import Experiment
    from report_cli.keys.sources import Sources


def show(name: Name, profile: Profile = "", data: Data = None, settings: Settings = None, json: Json = False) -> None:
    """Show an experiment and its results."""
    import inspect

    from report_cli.experiment import PROFILES, parameters

    workspace = open_workspace()
    experiment = _known(workspace, name)
    made = planned(workspace, [experiment], profile, data, settings)
    steps = [s for s in made.steps if s.experiment.name == name]
    if json:
        emit_json([{**state_of(s), "parameters": parameters(s.order.params), "scalars": _scalars(s)} for s in steps])
        return
    emit(f"{experiment.name}: {experiment.title}\n")
    emit(inspect.cleandoc(experiment.doc) + "\n")
    if parameters(experiment.params["quick"]):
        emit_table(
            ["parameter", *PROFILES],
            [
                (p, *(str(parameters(experiment.params[q])[p]) for q in PROFILES))
                for p in parameters(experiment.params["quick"])
            ],
        )
    for step in steps:
        emit(f"\n{step.label} ({step.profile}): {state(step)}, {reason(step)}")
        for metric, value in _scalars(step).items():
            emit(f"  {metric:<24}{number(value):>14}  {experiment.metrics[metric]}")


def why(name: Name, profile: Profile = "", data: Data = None, settings: Settings = None, json: Json = False) -> None:
    """Show why a result is or isn't up to date.

    Names each part of its key that differs from the stored result, and the files the key is made of.
    """
    workspace = open_workspace()
    experiment = _known(workspace, name)
    made = planned(workspace, [experiment], profile, data, settings)
    reports = [_explanation(workspace, step) for step in made.steps if step.experiment.name == name]
    if json:
        emit_json(reports)
        return
    for report in reports:
        emit(f"{report['run']}: {report['state']}, {report['reason']}")
        emit(f"  recipe  {report['recipe']}\n  key     {report['key']}")
        for change in report["differences"]:
            emit(f"  - {change}")
        for accepted in report["accepted"]:
            emit(
                f"  accepted on {accepted['when'][:10]}: {accepted['reason']}; computed as {accepted['former']}, before"
            )
            for change in accepted["changes"]:
                emit(f"  - {change}")
        emit("  made of")
        for path, definitions in report["files"].items():
            emit(f"    {path}: {', '.join(definitions)}")


def _known(workspace: "Workspace", name: str) -> "Experiment":
    if name not in workspace.experiments:
        raise unknown("experiment", name, workspace.experiments)
    return workspace.experiments[name]


def _scalars(step: "Step") -> dict[str, float]:
    stored = step.run.scalars if step.run else {}
    return {name: value for name, value in stored.items() if name in step.experiment.metrics}


def _explanation(workspace: "Workspace", step: "Step") -> dict[str, Any]:
    from report_cli.execution.planner import closest
    from report_cli.keys import difference

    older = None if step.run else closest(workspace, step.experiment, step.profile, step.seed, step.recipe)
    changes = difference.between(older.manifest["recipe"], step.recipe.parts) if older else []
    return {
        **state_of(step),
        "compared_with": older.key if older else None,
        "differences": [change.sentence() for change in changes],
        "files": _files(workspace.snapshot, step.recipe.parts, workspace),
    }


def _files(snapshot: "Sources", parts: Any, workspace: "Workspace") -> dict[str, list[str]]:
    """Return the definitions that are part of the key, by file."""
    code = {**parts["code"], **((parts["images"] or {}).get("code") or {})}
    found: dict[str, list[str]] = {}
    for definition in sorted(code):
        name, _, inner = definition.partition(":")
        module = snapshot.module(name)
        if module is None:
            raise ReportError(f"{name} is part of a key and has no source file")
        root = workspace.project.root
        path = module.path.relative_to(root) if module.path.is_relative_to(root) else name.replace(".", "/") + ".py"
        found.setdefault(str(path), []).append(inner)
    return found
