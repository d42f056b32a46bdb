"""`report show`, `report why`, `report logs`: results of an experiment, what its key is made of, what it printed."""

from typing import TYPE_CHECKING

from report_cli.cli.console import ProgressListener, emit, emit_json, emit_table
from report_cli.cli.options import Data, Json, Name, Profile, Settings
from report_cli.cli.run import number
from report_cli.cli.session import open_request, open_workspace
from report_cli.cli.status import facts
from report_cli.errors import ReportError, unknown

if TYPE_CHECKING:
    from report_cli.api import Status
    from report_cli.execution.workspace import Workspace
    from report_cli.experiment import Experiment


def show(name: Name, profile: Profile = "", data: Data = None, settings: Settings = None, json: Json = False) -> None:
    """Show an experiment and its results."""
    import inspect

    from report_cli.experiment import PROFILES, parameters

    workspace, states = _states(name, profile, data, settings)
    experiment = workspace.experiments[name]
    if json:
        rows = [{**facts(s), "parameters": parameters(s.step.params), "metrics": _metrics(s)} for s in states]
        emit_json(rows)
        return
    emit(f"{experiment.name}: {experiment.title}\n")
    emit(inspect.cleandoc(experiment.doc) + "\n")
    by_profile = [parameters(experiment.params[profile]) for profile in PROFILES]
    if by_profile[0]:
        emit_table(["parameter", *PROFILES], [(p, *(str(each[p]) for each in by_profile)) for p in by_profile[0]])
    for state in states:
        emit(f"\n{state.step.label} ({state.step.profile}): {state.state}, {state.reason}")
        for metric, value in _metrics(state).items():
            emit(f"  {metric:<24}{number(value):>14}  {experiment.metrics[metric].words}")
        if state.step.run and (unwatched := state.step.run.manifest.unwatched):
            emit(f"  not watched: {', '.join(unwatched)}")


def why(name: Name, profile: Profile = "", data: Data = None, settings: Settings = None, json: Json = False) -> None:
    """Show why a result is or isn't up to date.

    Names each part of its key that differs from the stored result, and the files the key is made of.
    """
    import msgspec

    from report_cli import api

    workspace, states = _states(name, profile, data, settings)
    explained = [(state, api.explain(workspace, state.step)) for state in states]
    if json:
        emit_json([{**facts(state), **msgspec.structs.asdict(explanation)} for state, explanation in explained])
        return
    for state, explanation in explained:
        step = state.step
        emit(f"{step.label}: {state.state}, {state.reason}")
        emit(f"  recipe  {step.recipe.digest}\n  key     {state.key}")
        for change in explanation.differences:
            emit(f"  - {change}")
        for accepted in step.run.manifest.accepted if step.run else ():
            emit(f"  accepted on {accepted.when[:10]}: {accepted.reason}; computed as {accepted.former}, before")
            for change in accepted.changes:
                emit(f"  - {change}")
        emit("  made of")
        for path, definitions in explanation.files.items():
            emit(f"    {path}: {', '.join(definitions)}")
        for kind, noted in (step.run.manifest.inputs if step.run else {}).items():
            for name_ in noted:
                emit(f"    {name_} ({kind})")


def logs(name: Name) -> None:
    """Print what the newest run of an experiment printed."""
    workspace = open_workspace()
    _known(workspace, name)
    # A run's log is named by the digest of its recipe; the figures have one, too.
    written = list(workspace.project.logs.glob(f"{name}-{'[0-9a-f]' * 16}-*.log"))
    if not written:
        raise ReportError(f"there is no log of {name}", f"report run {name}")
    emit(max(written, key=lambda path: path.stat().st_mtime).read_text(encoding="utf-8", errors="replace").rstrip())


def _states(name: str, profile: str, data: Data, settings: Settings) -> "tuple[Workspace, list[Status]]":
    from report_cli import api

    workspace, request = open_request(profile, data, settings=settings)
    made = api.plan(workspace, [_known(workspace, name)], request, ProgressListener())
    return workspace, [api.Status(step) for step in made.steps if step.experiment.name == name]


def _known(workspace: "Workspace", name: str) -> "Experiment":
    if name not in workspace.experiments:
        raise unknown("experiment", name, workspace.experiments)
    return workspace.experiments[name]


def _metrics(status: "Status") -> dict[str, float]:
    run, declared = status.step.run, status.step.experiment.metrics
    return {name: value for name, value in run.scalars.items() if name in declared} if run else {}
