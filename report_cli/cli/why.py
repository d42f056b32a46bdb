"""`report show`, `report why`, `report logs`: results of an experiment, what its key is made of, what it printed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from report_cli import wording
from report_cli.cli.console import emit, emit_json, emit_paragraphs, emit_table
from report_cli.cli.options import All, Data, Json, Names, Profile, Settings
from report_cli.cli.progress import ProgressListener
from report_cli.cli.run import number
from report_cli.cli.session import open_request, open_workspace
from report_cli.cli.status import facts, folded
from report_cli.errors import ReportError

if TYPE_CHECKING:
    from report_cli.api import Explanation, Status
    from report_cli.execution.workspace import Workspace
    from report_cli.experiment import Experiment


def show(
    names: Names,
    profile: Profile = "",
    data: Data = None,
    settings: Settings = None,
    every: All = False,
    json: Json = False,
) -> None:
    """Show experiments and their results.

    Several runs of one are a table; --all tells all of each.
    """
    from report_cli.experiment import parameters

    _, states = _states(names, profile, data, settings)
    if json:
        rows = [{**facts(s), "parameters": parameters(s.step.params), "metrics": _metrics(s)} for s in states]
        emit_json(runs=rows)
        return
    of: dict[str, list[Status]] = {}
    for state in states:
        of.setdefault(state.step.experiment.name, []).append(state)
    for number_, runs in enumerate(of.values()):
        if number_:
            emit("")
        _introduce(runs[0].step.experiment)
        if len(runs) > 1 and not every:
            _tabulate(runs)
        else:
            _detail(runs)


def _introduce(experiment: "Experiment") -> None:
    import inspect

    from report_cli.experiment import PROFILES, parameters

    emit(f"{experiment.name}: {experiment.title}\n")
    emit_paragraphs(inspect.cleandoc(experiment.doc) + "\n")
    by_profile = [parameters(experiment.params[profile]) for profile in PROFILES]
    if by_profile[0]:
        emit_table(["parameter", *PROFILES], [(p, *(str(each[p]) for each in by_profile)) for p in by_profile[0]])


def _detail(states: "list[Status]") -> None:
    for state in states:
        step = state.step
        emit(f"\n{step.label} ({step.profile}): {state.told}")
        for metric, value in _metrics(state).items():
            emit(f"  {metric:<24}{number(value):>14}  {step.experiment.metrics[metric].words}")
        if step.run and (unwatched := step.run.manifest.unwatched):
            emit(f"  not watched: {', '.join(unwatched)}")


def _tabulate(states: "list[Status]") -> None:
    """Print a line for each run, with as many metrics as fit beside each other: of test images first."""
    metrics = sorted({m: None for state in states for m in _metrics(state)}, key=lambda m: not m.startswith("test_"))
    shown = metrics[:4]
    rows = []
    for state in states:
        label, measured = state.step.label.removeprefix(f"{state.step.experiment.name} "), _metrics(state)
        rows.append((label, state.words, *(number(measured[m]) if m in measured else "" for m in shown)))
    emit("")
    emit_table(["run", "state", *shown], rows, right=shown)
    if len(metrics) > len(shown):
        emit(f"{len(metrics) - len(shown)} more metrics with --all")


def why(
    names: Names,
    profile: Profile = "",
    data: Data = None,
    settings: Settings = None,
    every: All = False,
    json: Json = False,
) -> None:
    """Show why results are or aren't up to date.

    Names each part of their keys that differs from the stored result, and the files the keys are made of; the keys come
    last. Without --all runs of one experiment that have one reason are told once.
    """
    import msgspec

    from report_cli import api

    workspace, states = _states(names, profile, data, settings)
    if json:
        explained = [(state, api.explain(workspace, state.step)) for state in states]
        emit_json(runs=[{**facts(s), **msgspec.structs.asdict(explanation)} for s, explanation in explained])
        return
    for number_, alike in enumerate(folded(states, () if every else ("*",))):
        if number_:
            emit("")
        _explain(alike, api.explain(workspace, alike[0].step))


def _explain(alike: "Sequence[Status]", explanation: "Explanation") -> None:
    """Print why runs of one state and reason have them, what the first is made of, and its keys."""
    state, step, more = alike[0], alike[0].step, len(alike) - 1
    told, manifest = state.told, step.run.manifest if step.run else None
    if told == "up to date" and manifest:
        told += f": nothing that it rests on changed since it was run {wording.moment(manifest.times.finished)}"
    others = f" and {more} more {'run' if more == 1 else 'runs'}" if more else ""
    emit(f"{step.label}{others}: {told}")
    for change in explanation.differences:
        if change not in told:
            emit(f"  - {change}")
    for accepted in manifest.accepted if manifest else ():
        emit(f"  accepted on {accepted.when[:10]}: {accepted.reason}; computed as {accepted.former}, before")
        for change in accepted.changes:
            emit(f"  - {change}")
    emit("  made of")
    for path, definitions in explanation.files.items():
        emit(f"    {path}: {', '.join(definitions)}")
    for kind, noted in (manifest.inputs if manifest else {}).items():
        for name in noted:
            emit(f"    {name} ({kind})")
    emit(f"  recipe  {step.recipe.digest}\n  key     {state.key}")


def logs(names: Names, json: Json = False) -> None:
    """Print what the newest run of each experiment printed."""
    workspace = open_workspace()
    chosen = [experiment.name for experiment in workspace.registry.select(names)]
    # A run's log is named by the digest of its recipe; the figures have one, too.
    logs = workspace.project.logs
    written = {name: list(logs.glob(f"{name}-{'[0-9a-f]' * 16}-*.log")) for name in chosen}
    if not any(written.values()):
        raise ReportError(f"there is no log of {wording.listing(chosen, 'or')}", f"report run {' '.join(chosen)}")
    newest = {name: max(paths, key=lambda path: path.stat().st_mtime) for name, paths in written.items() if paths}
    texts = {name: path.read_text(encoding="utf-8", errors="replace").rstrip() for name, path in newest.items()}
    if json:
        emit_json(logs=[{"experiment": n, "file": str(newest[n]), "text": text} for n, text in texts.items()])
        return
    for name, text in texts.items():
        if len(chosen) > 1:
            emit(f"{name}:")
        emit(text or "(it printed nothing)")


def _states(names: Sequence[str], profile: str, data: Data, settings: Settings) -> "tuple[Workspace, list[Status]]":
    from report_cli import api

    workspace, request = open_request(profile, data, settings=settings)
    chosen = workspace.registry.select(names)
    made = api.plan(workspace, chosen, request, ProgressListener())
    return workspace, [api.Status(step) for step in made.steps if step.experiment in chosen]


def _metrics(status: "Status") -> dict[str, float]:
    run, declared = status.step.run, status.step.experiment.metrics
    return {name: value for name, value in run.scalars.items() if name in declared} if run else {}
