"""`report build`: bring the runs of documents up to date, then write their pages."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from report_cli import wording
from report_cli.cli.console import ProgressListener, emit, say
from report_cli.cli.run import RESUME, show_plan
from report_cli.cli.session import open_workspace, wish
from report_cli.cli.system import pango_hint
from report_cli.errors import PangoError, UsageError, unknown
from report_cli.execution import planner
from report_cli.execution.plan import Plan, Wish
from report_cli.execution.runner import Runner
from report_cli.execution.workspace import Workspace
from report_cli.report import build as pages
from report_cli.report.build import Selection

CONFIRM_ABOVE_S = 600


def build(
    documents: Sequence[str],
    *,
    profile: str,
    data: Path | None,
    to: str,
    strict_env: bool,
    no_run: bool,
    draft: bool,
    yes: bool,
    strict: bool,
    launch: bool,
) -> None:
    """Write the named documents and print the paths of their pages, the PDF last."""
    workspace = open_workspace()
    known = pages.documents(workspace.project)
    chosen = known if "all" in documents else documents
    for name in chosen:
        if name not in known:
            raise unknown("document", name, [*known, "all"])
    formats = formats_of(to)
    # Read all templates first: a mistyped name must show before hours of training, not after.
    surveys = {name: pages.survey(workspace.project, name, workspace.experiments) for name in chosen}
    if "all" in documents:
        forgotten = pages.unused_answers(workspace.project, surveys.values())
        pages.check_warnings(forgotten, strict)
        warn(forgotten)
    wanted = wish(workspace, profile, data, strict_env=strict_env)
    selection = bring_up_to_date(
        workspace, wanted, sorted({e for s in surveys.values() for e in s.experiments}), no_run, draft, yes
    )
    last: Path | None = None
    for name in chosen:
        try:
            built = pages.build(
                workspace.project,
                name,
                selection,
                workspace.experiments,
                formats=formats,
                draft=draft,
                profile=wanted.profile,
                strict=strict,
                tell=say,
            )
        except PangoError as error:
            raise PangoError(error.message, pango_hint()) from error
        warn(built.warnings)
        if not built.written:
            say(f"{name} is up to date")
        for path in built.paths:
            last = path
            emit(str(_shown(path)))
    if launch and last is not None:
        typer.launch(str(last))


def bring_up_to_date(
    workspace: Workspace, wanted: Wish, names: list[str], no_run: bool, draft: bool, yes: bool
) -> Selection:
    """Run what is out of date, unless told not to, and return what a document may take."""
    listener = ProgressListener()
    try:
        with Runner(workspace, listener) as runner:
            workspace.recall()
            recalled = len(workspace.snapshot.nodes)
            made = planner.make(workspace, [workspace.experiments[n] for n in names], wanted, runner.read_in)
            if made.todo and not (no_run or draft):
                _confirm(made, yes)
                stored = runner.execute(made).runs
            else:
                # What is stale is no result: it is missing, and the page says why.
                stored = {(s.experiment.name, s.seed): s.run for s in made.steps if s.run and s.state == "fresh"}
            runs = {
                name: tuple(run for (experiment, _), run in sorted(stored.items()) if experiment == name)
                for name in names
            }
            missing = {s.experiment.name: s.reason for s in made.steps if (s.experiment.name, s.seed) not in stored}
            figures = {name: runner.figures(workspace.experiments[name], r[0]) for name, r in runs.items() if r}
            if len(workspace.snapshot.nodes) > recalled:
                workspace.remember()
    except KeyboardInterrupt:
        listener.close()
        say(RESUME)
        raise typer.Exit(130) from None
    finally:
        listener.close()
    taken = {n: r for n, r in runs.items() if r and n not in missing}
    return Selection(taken, figures, missing, _options(workspace, wanted))


def _options(workspace: Workspace, wanted: Wish) -> tuple[str, ...]:
    """Return the options of `report run` that mean what was asked for."""
    profile = () if wanted.profile == workspace.project.settings.profile else ("--profile", wanted.profile)
    data = ("--data", str(wanted.choice.folder)) if wanted.choice.origin == "--data" else ()
    return (*profile, *data, *(("--strict-env",) if wanted.strict_env else ()))


def warn(warnings: Iterable[str]) -> None:
    """Say each of `warnings`."""
    for warning in warnings:
        say(f"warning: {warning}")


def _confirm(made: Plan, yes: bool) -> None:
    if yes or made.estimate_s <= CONFIRM_ABOVE_S:
        return
    show_plan(made)
    if not sys.stdin.isatty():
        raise UsageError(
            f"this would run for about {wording.words(made.estimate_s)}", "add --yes to go ahead without being asked"
        )
    if not typer.confirm("Run it now?", err=True):
        raise typer.Exit(1)


def formats_of(to: str) -> tuple[str, ...]:
    """Return the formats named in `to`, separated by commas."""
    chosen = tuple(part for part in to.split(",") if part)
    for part in chosen:
        if part not in pages.FORMATS:
            raise unknown("format", part, pages.FORMATS)
    if not chosen:
        raise UsageError("--to names no format", f"known: {', '.join(pages.FORMATS)}")
    return chosen


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
