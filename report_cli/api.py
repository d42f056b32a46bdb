"""What the commands do, as functions that neither print nor exit: for notebooks, tests and the command line.

import report_cli as report

report.run("cifar-*", profile="smoke")
report.results("cifar-control").to_pandas()
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from report_cli import project
from report_cli.errors import ReportError, UsageError, unknown
from report_cli.execution.acceptance import accept as accept
from report_cli.execution.drawing import Figures, figures_of
from report_cli.execution.listener import Listener
from report_cli.execution.opening import open_runner as open_runner
from report_cli.execution.opening import plan as plan
from report_cli.execution.plan import Plan, Request
from report_cli.execution.runner import Outcome, Runner
from report_cli.execution.status import Explanation as Explanation
from report_cli.execution.status import Status as Status
from report_cli.execution.status import explain as explain
from report_cli.execution.status import stored as stored
from report_cli.execution.worker_client import commit
from report_cli.execution.workspace import Workspace, choose_data
from report_cli.experiment import PROFILES, Point
from report_cli.project import PACKAGE, PAGES, SOLUTION, Edition
from report_cli.settings import placed, points
from report_cli.store.run import Results, Run, place

if TYPE_CHECKING:
    from report_cli.report.build import Built, Selection
    from report_cli.report.compare import Compared
    from report_cli.report.diff import ReportChanges
    from report_cli.report.verify import Verification
    from report_cli.store.gc import Waste


def open_workspace(folder: Path | str = ".", tell: Callable[[str], None] = lambda text: None) -> Workspace:
    """Return the project of `folder` with its code, experiments and store; `tell` is called with what is odd in it."""
    return Workspace.open(project.find(Path(folder).resolve()), tell)


def _opened(folder: Path | str) -> Workspace:
    """Return the project of `folder`; what is wrong with its experiments is a warning, as in the terminal."""
    workspace = open_workspace(folder)
    for error in workspace.registry.broken.values():
        # It points to the line that called a function of this module.
        warnings.warn("; ".join(filter(None, (error.message, error.hint))), stacklevel=3)
    return workspace


def request_of(
    workspace: Workspace,
    *,
    profile: str = "",
    data: Path | str | None = None,
    settings: Sequence[str] | None = None,
    seeds: int | None = None,
    force: bool = False,
    strict_env: bool = False,
) -> Request:
    """Return what is asked for, with the project's profile and data where none are named.

    Raises:
        UsageError: no such profile or folder, or a number of seeds below 1.
    """
    chosen = profile or workspace.project.settings.profile
    if chosen not in PROFILES:
        raise unknown("profile", chosen, PROFILES)
    if seeds is not None and seeds < 1:
        raise UsageError(f"{seeds} seeds are none", "ask for 1 or more")
    choice = choose_data(workspace, None if data is None else Path(data))
    return Request(chosen, choice, tuple(settings or ()), seeds, force, strict_env)


def options(workspace: Workspace, request: Request) -> tuple[str, ...]:
    """Return the options with which another command means the runs that `request` does."""
    profile = () if request.profile == workspace.project.settings.profile else ("--profile", request.profile)
    data = ("--data", str(request.choice.folder)) if request.choice.origin == "--data" else ()
    return (*profile, *data, *(("--strict-env",) if request.strict_env else ()))


def run(
    *names: str,
    profile: str = "",
    data: Path | str | None = None,
    settings: Sequence[str] = (),
    seeds: int | None = None,
    force: bool = False,
    strict_env: bool = False,
    jobs: int | None = None,
    executor: str = "local",
    folder: Path | str = ".",
) -> dict[str, Results]:
    """Bring experiments (names or patterns) up to date, `jobs` runs at once, and return their results by name.

    Without a name all are. `executor` is "local", or "ray" for a cluster.

    Raises:
        ReportError: one failed, or something is not as it must be.
    """
    workspace = _opened(folder)
    request = request_of(
        workspace, profile=profile, data=data, settings=settings, seeds=seeds, force=force, strict_env=strict_env
    )
    chosen = workspace.registry.select(names or ("all",))
    with open_runner(workspace, jobs=jobs, executor=executor) as runner:
        outcome = execute(workspace, runner, runner.plan(chosen, request))
    return {experiment.name: outcome.results(experiment.name) for experiment in chosen}


def execute(workspace: Workspace, runner: Runner, made: Plan, *, keep_going: bool = False) -> Outcome:
    """Run what a plan has to run, and draw the figures of all its experiments that have results."""
    outcome = runner.execute(made, keep_going=keep_going)
    failed = {name for name, *_ in outcome.failures}
    names = dict.fromkeys(step.experiment.name for step in made.steps)
    _figures(runner, {name: outcome.results(name) for name in names if name not in failed})
    return outcome


def _figures(runner: Runner, results: Mapping[str, Results]) -> dict[str, Figures]:
    """Return the figures of all these results; RunError where some can't be drawn, the others told as notes."""
    figures, undrawn = runner.figures(results)
    errors = list(undrawn.values())
    for error in errors[1:]:
        runner.note(f"no figures of {error.message}")
    if errors:
        raise errors[0]
    return figures


def _drawn_by(workspace: Workspace, names: Iterable[str]) -> dict[str, str]:
    """Return what identifies that with which figures of these experiments are drawn."""
    from report_cli.keys.key import drawing_identity

    experiments = [workspace.experiments[name] for name in names]
    return {each.name: drawing_identity(each, workspace.snapshot) for each in experiments if each.draw is not None}


def results(name: str, *, profile: str | None = None, folder: Path | str = ".") -> Results:
    """Return the stored results of an experiment that are up to date: of all profiles or one, with any parameters.

    Nothing is run.
    """
    workspace = _opened(folder)
    if name not in workspace.experiments:
        raise workspace.registry.absent(name)
    # A run that is the same under every profile names none.
    runs = [r for r in workspace.judge.current(name) if profile is None or r.profile in (None, profile)]
    ordered = sorted(runs, key=lambda run: (run.profile or "", [place(v) for v in run.point.values()], run.seed))
    return Results(name, tuple(ordered))


def status(
    *names: str,
    profile: str = "",
    data: Path | str | None = None,
    strict_env: bool = False,
    folder: Path | str = ".",
) -> tuple[Status, ...]:
    """Return the state of every run that the profile asks for, of all experiments or those named."""
    workspace = _opened(folder)
    request = request_of(workspace, profile=profile, data=data, strict_env=strict_env)
    made = plan(workspace, workspace.registry.select(names or ("all",)), request)
    return tuple(Status(step) for step in made.steps)


class Documents(msgspec.Struct, frozen=True):
    """Documents that are to be built, read once: a mistyped name shows before hours of training, not after."""

    names: tuple[str, ...]
    experiments: tuple[str, ...]
    warnings: tuple[str, ...]


def documents(workspace: Workspace, names: Sequence[str], *, section: str = "", strict: bool = False) -> Documents:
    """Return the named documents, or all, with the experiments they take and what may have been forgotten.

    Without a name it is the only one. With a `section` the experiments are those of it alone.

    Raises:
        UsageError: there is no such document or section, or none is named of several; a template of it is malformed.
        ReportError: with `strict`, something may have been forgotten.
    """
    from report_cli.report import build as pages

    known = workspace.project.documents
    if not names and len(known) != 1:
        raise UsageError(f"there are {len(known)} documents", f"name one: {', '.join(known)}, or all")
    chosen = tuple(names) if names and "all" not in names else known
    for name in chosen:
        if name not in known and name in workspace.experiments:
            raise UsageError(f"{name} is an experiment, and no document", f"report run {name}")
        if name not in known:
            raise unknown("document", name, [*known, "all"])
    try:
        code = workspace.snapshot.digests[PACKAGE.name]
        surveys = [pages.survey(workspace.project, name, workspace.experiments, code, section) for name in chosen]
    except UsageError as error:
        # What a document asks for may be in a file that can't be imported.
        raise next(iter(workspace.registry.broken.values()), error) from error
    forgotten = pages.unused_answers(workspace.project, surveys) if "all" in names and not section else []
    pages.check_warnings(forgotten, strict)
    taken = sorted({experiment for survey in surveys for experiment in survey.experiments})
    return Documents(chosen, tuple(taken), tuple(forgotten))


def select(
    workspace: Workspace, runner: Runner, made: Plan, names: Sequence[str], request: Request, *, run: bool
) -> "Selection":
    """Return what documents may take of these experiments; with `run`, after what is out of date was run."""
    from report_cli.report.text.context import Selection

    if run and made.todo:
        outcome = runner.execute(made)
    else:
        # What is stale is no result: it is missing, and the page says why.
        outcome = Outcome({s.name: s.run for s in made.steps if s.run and s.state == "fresh"})
    missing = {s.experiment.name: Status(s).told for s in made.steps if s.name not in outcome.runs}
    whole = [name for name in names if name not in missing]
    found = {name: outcome.results(name) for name in whole}
    figures, undrawn = runner.figures(found)
    for error in undrawn.values():
        # It is no matter of a document that shows none of them.
        runner.note(f"no figures of {error.message}")
    behind = workspace.store.behind(chain(*found.values()))
    return Selection(
        found, figures, missing, options(workspace, request), behind, undrawn, _drawn_by(workspace, figures)
    )


def build(
    *names: str,
    profile: str = "",
    data: Path | str | None = None,
    formats: Sequence[str] = PAGES,
    draft: bool = False,
    strict: bool = False,
    view: str = SOLUTION,
    section: str = "",
    jobs: int | None = None,
    executor: str = "local",
    folder: Path | str = ".",
) -> "tuple[Built, ...]":
    """Run what documents need and write them, all where none is named; with `draft` nothing is run.

    A `section` (or answer) is written alone, into files of its own.
    """
    edition = Edition(formats, draft, strict, view, section)
    workspace = _opened(folder)
    request = request_of(workspace, profile=profile, data=data)
    chosen = documents(workspace, names or ("all",), section=section, strict=strict)
    with open_runner(workspace, jobs=jobs, executor=executor) as runner:
        made = runner.plan(workspace.registry.select(chosen.experiments), request)
        selection = select(workspace, runner, made, chosen.experiments, request, run=not draft)
    return tuple(write_document(workspace, name, edition, selection, request) for name in chosen.names)


def write_document(
    workspace: Workspace,
    name: str,
    edition: Edition,
    selection: "Selection",
    request: Request,
    tell: Callable[[str], None] = lambda text: None,
    stage: Callable[[str], None] = lambda name: None,
) -> "Built":
    """Write one document, or a section of it, from what was selected for it.

    `tell` and `stage` are those of `report.build`.
    """
    from report_cli.report import build as pages

    return pages.build(
        workspace.project,
        name,
        edition,
        # Another document that is built with it is no reason to write it anew.
        selection.of(documents(workspace, [name], section=edition.section).experiments),
        workspace.experiments,
        workspace.snapshot.digests[PACKAGE.name],
        profile=request.profile,
        tell=tell,
        stage=stage,
        commit=partial(commit, workspace.project.root),
    )


def is_current(workspace: Workspace, document: str, made: Plan) -> tuple[bool, list[str]]:
    """Return whether a build would leave the pages of a document that are there as they are, and if not, why, beside
    what is to be run; nothing is run or drawn.

    `made` is a plan of all that it takes.
    """
    from report_cli.report import build as pages

    names = documents(workspace, [document]).experiments
    steps = [step for step in made.steps if step.experiment.name in names]
    outcome = Outcome({step.name: step.run for step in steps if step.run and step.state == "fresh"})
    missing = {step.experiment.name for step in steps if step.name not in outcome.runs}
    found = {name: outcome.results(name) for name in names if name not in missing}
    figures = {name: figures_of(workspace, workspace.experiments[name], each) for name, each in found.items()}
    drawn = {name: each for name, each in figures.items() if each is not None}
    code = workspace.snapshot.digests[PACKAGE.name]
    selection = pages.Selection(found, drawn, {}, behind=workspace.store.behind(chain(*found.values())))
    reasons = pages.outdated(workspace.project, document, selection, workspace.experiments, code, made.profile)
    return not missing and not reasons, reasons


def compare(
    workspace: Workspace,
    names: Sequence[str],
    request: Request,
    metrics: Sequence[str] = (),
    listener: Listener | None = None,
) -> "list[Compared]":
    """Return how experiments differ, two at a time, in these metrics or in all that they share; nothing is run.

    A name stands for all points of a grid, and with parameters ("leaves measures=both", in one text or several) for
    those that have them.

    Raises:
        UsageError: there is no such experiment or point.
        ReportError: one of them has no results that are up to date.
    """
    from report_cli.report.compare import compare as compared

    places: list[tuple[str, Point]] = []
    for name, settings in placed(names):
        for experiment in workspace.registry.select([name]):
            found = [(experiment.name, point) for point in points(experiment, request.profile, settings)]
            places += [place for place in found if place not in places]
    chosen = {name: workspace.experiments[name] for name, _ in places}
    steps = plan(workspace, list(chosen.values()), request, listener).steps
    steps = tuple(step for step in steps if (step.experiment.name, step.point) in places)
    for step in steps:
        if step.run is None or step.state != "fresh":
            raise ReportError(f"{step.label} can't be compared: {step.reason}", f"report run {step.experiment.name}")
    outcome = Outcome({step.name: step.run for step in steps if step.run is not None})
    return compared(workspace.experiments, {name: outcome.results(name) for name in chosen}, places, metrics)


def keep(
    workspace: Workspace, names: Sequence[str], request: Request, listener: Listener, *, finished: bool = False
) -> Iterator[Run]:
    """Copy runs into the layer that is in git, without weights, and yield each when it is there.

    With `finished` only those are kept that are up to date and not kept yet.

    Raises:
        ReportError: one of them is not up to date, or all together take too much room.
    """
    chosen = workspace.registry.select(names)
    steps = [step for step in plan(workspace, chosen, request, listener).steps if step.experiment in chosen]
    if finished:
        steps = [step for step in steps if step.run and step.state == "fresh" and not workspace.store.keeps(step.run)]
    for step in steps:
        if step.state != "fresh":
            raise ReportError(
                f"{step.label} can't be kept: {step.reason}",
                f"report run {step.experiment.name} --profile {request.profile}",
            )
    for step in steps:
        if step.run is not None:
            waiting = partial(listener.note, f"another process is running {step.label}; waiting for it")
            yield workspace.store.keep(step.run, waiting)


def waste(workspace: Workspace) -> "list[Waste]":
    """Return what the store no longer needs, and why.

    Raises:
        ReportError: a file of experiments can't be imported, so nobody knows what is wanted.
    """
    from report_cli.store import gc

    for error in workspace.registry.broken.values():
        raise error
    return gc.find(workspace.judge, workspace.cache)


def verify(
    path: Path | str, *, retrain: str = "", folder: Path | str = ".", listener: Listener | None = None
) -> "Verification":
    """Return what becomes of a PDF of a report against the project of `folder`; nothing of the file is executed.

    With `retrain` that experiment is measured once more, in a store of its own, and compared over its seeds.

    Raises:
        ReportError: it is no PDF of a report of this project, its runs aren't stored here, or Pango is missing.
    """
    from report_cli.report import verify as verification
    from report_cli.report.text.context import Selection

    workspace = open_workspace(folder)
    file = verification.examine(Path(path))
    if file.facts.document not in workspace.project.documents:
        raise ReportError(f"{file.name} is of a document {file.facts.document!r}, which this project hasn't got")
    runs, behind = verification.stored(file, workspace.experiments, workspace.store)
    with open_runner(workspace, listener) as runner:
        figures = _figures(runner, runs)
    code = workspace.snapshot.digests[PACKAGE.name]
    rests = workspace.store.behind(chain(*runs.values())) | {run.key: run for run in behind}
    selection = Selection(runs, figures, {}, behind=rests, drawn_by=_drawn_by(workspace, figures))
    outcome = verification.verify(workspace.project, file, selection, workspace.experiments, code)
    if not retrain:
        return outcome
    known = {run.experiment: run for run in chain(behind, *runs.values())}
    if retrain not in known:
        raise unknown("experiment of this report", retrain, known)
    from report_cli.execution import retraining

    stored = [*runs.get(retrain, ()), *(run for run in behind if run.experiment == retrain)]
    request = request_of(workspace, profile=known[retrain].profile or "")
    return verification.retrained(outcome, retrain, retraining.retrain(workspace, stored, request, listener))


def diff(old: Path | str, new: Path | str) -> "ReportChanges":
    """Return in what two PDFs differ, and why, from the files alone; ReportError where one is no PDF of a report."""
    from report_cli.report.diff import compare
    from report_cli.report.verify import examine

    return compare(examine(Path(old)), examine(Path(new)))


def verify_store(workspace: Workspace) -> list[tuple[str, str, str]]:
    """Return experiment and key of every stored run, and what is wrong with it: nothing where all is as written."""
    store = workspace.store
    checked = [(name, run.key, store.verify(run)) for name in store.experiments() for run in store.runs(name)]
    return [*checked, *((each.folder.parent.name, each.folder.name, each.reason) for each in store.damaged)]
