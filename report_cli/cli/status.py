"""`report list` and `report status`: what exists, and what is out of date and why."""

import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from report_cli import wording
from report_cli.cli.console import Paint, Part, emit, emit_json, emit_table, mark, warn
from report_cli.cli.options import All, Data, Json, Profile, SomeNames, StrictEnv
from report_cli.cli.progress import ProgressListener
from report_cli.cli.session import open_request, open_workspace

if TYPE_CHECKING:
    from report_cli.api import Status
    from report_cli.execution.plan import Plan
    from report_cli.execution.status import StoredRun
    from report_cli.execution.workspace import Workspace

COLOURS = {"fresh": "green", "elsewhere": "green", "stale": "yellow", "missing": "dim", "failed": "red"}
# So many lines of a document are told without --all.
MOST = 12


def list_all(json: Json = False) -> None:
    """List the experiments and documents."""
    from report_cli.experiment import PROFILES

    workspace = open_workspace()
    documents = workspace.project.documents
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
                "cost_s": {profile: e.cost(profile) for profile in PROFILES},
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
    check: Annotated[bool, typer.Option("--check", help="End with 1 where anything is to be run.")] = False,
    json: Json = False,
) -> None:
    """Show what is up to date, out of date, not run or failed.

    Each document comes with what it takes. --all, or a name, lists runs with their keys. from another machine: up to
    date, but computed there or with other versions; it is used, and the report says so.
    """
    from report_cli import api

    workspace, request = open_request(profile, data, strict_env=strict_env)
    chosen = workspace.registry.select(names or ["all"])
    made = api.plan(workspace, chosen, request, ProgressListener())
    states = [api.Status(step) for step in made.steps if step.experiment in chosen]
    if json:
        taken = {} if names else _taken(workspace, made)
        documents = []
        for name, runs in taken.items():
            _, age, reason = _page(workspace, name, made)
            documents.append({"name": name, "page": age, "reason": reason, "runs": [each.step.label for each in runs]})
        emit_json(runs=[facts(state) for state in states], documents=documents)
    elif names or every:
        _list(states, () if every else names or ())
    else:
        options = "".join(f" {shlex.quote(option)}" for option in api.options(workspace, request))
        taken = _taken(workspace, made)
        for name, runs in taken.items():
            page, age, reason = _page(workspace, name, made)
            page += f": {reason}" if reason else ""
            _tell(name, page, runs, f"build {name}", options, page_due=age != "newer")
        others = [s for s in states if not any(s.step.name == e.step.name for runs in taken.values() for e in runs)]
        if others:
            _tell("in no document", "", others, "run NAME", options)
    if check and any(state.step.state != "fresh" for state in states):
        raise typer.Exit(1)
    if check:
        workspace.registry.check_whole(names or ["all"])


def _list(states: "Sequence[Status]", names: Sequence[str]) -> None:
    """List runs with their keys; those that are alike in one line, except of experiments that are named in full."""
    rows = []
    for alike in folded(states, names):
        state, one = alike[0], len(alike) == 1
        rows.append((_label(alike, states), _words(state), state.key if one else "", state.remark))
    emit_table(["run", "state", "key", "reason"], rows)


def _taken(workspace: "Workspace", made: "Plan") -> "dict[str, list[Status]]":
    """Return the runs that each document takes, and those that they need; what is wrong with a document is told."""
    from report_cli import api
    from report_cli.errors import ReportError

    steps = {step.name: step for step in made.steps}
    taken = {}
    for document in workspace.project.documents:
        try:
            names = api.documents(workspace, [document]).experiments
        except ReportError as error:
            warn(f"{document} can't be built: {error.message}")
            continue
        wanted = [name for name in steps if name[0] in names]
        for name in wanted:
            wanted += [need for needed in steps[name].needs.values() for need in needed if need not in wanted]
        taken[document] = [api.Status(step) for name, step in steps.items() if name in wanted]
    return taken


def _page(workspace: "Workspace", document: str, made: "Plan") -> tuple[str, str, str]:
    """Return of what age the pages of a document are, in words and in one: absent, older than what they are made of,
    or newer; and what makes them older, beside runs. A build decides it by digests, and so does this."""
    from report_cli import api
    from report_cli.project import PAGES

    paths = [workspace.project.reports / f"{document}.{name}" for name in PAGES]
    written = [path.stat().st_mtime for path in paths if path.is_file()]
    if not written:
        return "not written yet", "absent", ""
    when = wording.moment(datetime.fromtimestamp(min(written), UTC).isoformat())
    current, reasons = api.is_current(workspace, document, made)
    if current:
        return f"page written {when}", "newer", ""
    return f"page is out of date, written {when}", "older", "; ".join(reasons)


def _tell(
    title: str, page: str, states: "Sequence[Status]", command: str, options: str, *, page_due: bool = False
) -> None:
    """Tell how a document stands: what is up to date in a number, what isn't each with its reason, and what to do."""
    from report_cli.execution.plan import NO_IMAGES

    command = f"report {command}{options}"
    emit(Paint(title, "bold"), f"  {page}" if page else "")
    usable = Counter((each.words, each.remark) for each in states if each.step.state == "fresh")
    for (words, remark), count in usable.items():
        emit(Paint(f"{mark('●', '*')} {count} {words}", "green"), f"  {remark}" if remark else "")
    todo = [each for each in states if each.step.state != "fresh"]
    never = [each for each in todo if each.state == "missing"]
    groups = folded(todo, ("*",))
    if len({each.step.experiment.name for each in never}) > 3:
        # Of a new project there is nothing to say of each.
        groups = [each for each in groups if each[0].state != "missing"]
        lacking = NO_IMAGES if any(each.step.lacks_images for each in never) else ""
        emit(Paint(f"{mark('○', 'o')} {len(never)} not run", "dim"), f"  {lacking}" if lacking else "")
    rows: list[Sequence[Part]] = []
    for alike in groups[:MOST]:
        state, about_s = alike[0], sum(each.step.estimate_s for each in alike)
        label = Paint(f"{mark('○', 'o')} {_label(alike, states)}", COLOURS[state.state])
        rows.append((label, state.words, wording.duration(about_s), state.remark))
    emit_table(["", "", "", ""], rows)
    if len(groups) > MOST:
        emit(Paint(f"  {len(groups) - MOST} more: report status --all{options}", "dim"))
    if todo:
        about = wording.duration(sum(each.step.estimate_s for each in todo))
        emit(f"{len(todo)} to run, about {about}: ", Paint(command, "bold"))
    elif page_due:
        emit("nothing to run; the page is to be written: ", Paint(command, "bold"))
    emit()


def _label(alike: "Sequence[Status]", states: "Sequence[Status]") -> str:
    """Return what runs that are told together are called among all `states`."""
    if len(alike) == 1:
        return alike[0].step.label
    experiment, part = alike[0].step.experiment, len(alike)
    whole = sum(each.step.experiment is experiment for each in states)
    return f"{experiment.name}  ({'' if part == whole else f'{part} of '}{whole} runs)"


def _words(state: "Status") -> Paint:
    return Paint(state.words, COLOURS[state.state])


def runs(names: SomeNames = None, json: Json = False) -> None:
    """List all stored runs, also of other parameters and data.

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
        rows.append((run.experiment, run.profile or "any", each.setting, each.words, finished, where, run.key))
    emit_table(columns, rows)


def _stored_facts(stored: "StoredRun") -> dict[str, Any]:
    run, manifest = stored.run, stored.run.manifest
    return {
        "experiment": run.experiment,
        "key": run.key,
        "profile": run.profile,
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
