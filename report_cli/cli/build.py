"""`report build`: bring the runs of documents up to date, then write their pages."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from report_cli import wording
from report_cli.cli import completion
from report_cli.cli.app import COURSE, OUTPUT
from report_cli.cli.console import emit, emit_json, place_of, say, warn
from report_cli.cli.options import Data, DryRun, Executor, Jobs, Json, Profile, Section, StrictEnv, View
from report_cli.cli.progress import Stages
from report_cli.cli.run import extent, listening, show_plan
from report_cli.cli.session import open_request
from report_cli.errors import UsageError, unknown
from report_cli.project import FORMATS, PAGES, Edition

if TYPE_CHECKING:
    from report_cli.execution.plan import Plan
    from report_cli.report.build import Built

CONFIRM_ABOVE_S = 600


def build(
    documents: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DOCUMENT...",
            help="Documents by name, or all. The only one needs no name.",
            autocompletion=completion.documents,
            show_default=False,
        ),
    ] = None,
    profile: Profile = "",
    data: Data = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="FORMATS",
            help=f"What to write, of {','.join(FORMATS)}.",
            autocompletion=completion.formats,
            rich_help_panel=OUTPUT,
        ),
    ] = ",".join(PAGES),
    strict_env: StrictEnv = False,
    jobs: Jobs = None,
    executor: Executor = "local",
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Run nothing: write the pages from stored results.", rich_help_panel=COURSE)
    ] = False,
    dry_run: DryRun = False,
    draft: Annotated[
        bool,
        typer.Option(
            "--draft", help="Run nothing, and mark what is missing; DRAFT on every page.", rich_help_panel=OUTPUT
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask before runs of more than 10 minutes.", rich_help_panel=COURSE)
    ] = False,
    view: View = "solution",
    section: Section = "",
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.", rich_help_panel=OUTPUT)] = False,
    launch: Annotated[bool, typer.Option("--open", help="Open the result.", rich_help_panel=OUTPUT)] = False,
    json: Json = False,
) -> None:
    """Run what is out of date, then write documents.

    Example: report build all
    """
    from report_cli import api

    edition = Edition(formats_of(to), draft, strict, view, section)
    workspace, request = open_request(profile, data, strict_env=strict_env)
    chosen = api.documents(workspace, documents or (), section=section, strict=strict)
    for warning in chosen.warnings:
        warn(warning)
    run = not (no_run or draft)
    with listening() as listener, api.open_runner(workspace, listener, jobs=jobs, executor=executor) as runner:
        made = runner.plan(workspace.registry.select(chosen.experiments), request)
        if dry_run:
            show_plan(made, json)
            return
        if run:
            confirm(made, yes)
        selection = api.select(workspace, runner, made, chosen.experiments, request, run=run)
    ran = [step.label for step in made.todo] if run else []
    reused = [step.label for step in made.steps if step.state == "fresh"]
    written: list[dict[str, Any]] = []
    for name in chosen.names:
        write = partial(api.write_document, workspace, name, edition, selection, request)
        written.append(_write(name, write, "" if written else _summary(ran, reused, listener.ran_s)))
        if not json:
            for path in written[-1]["files"]:
                emit(place_of(Path(path)))
    if json:
        emit_json(documents=written, ran=ran, reused=reused, took_s=listener.ran_s)
    if launch and written:
        typer.launch(written[-1]["files"][-1])


def _write(name: str, write: "Callable[..., Built]", summary: str) -> dict[str, Any]:
    """Write one document and return its record for other programs; say what was done, behind the `summary` of runs."""
    stages = Stages(name)
    try:
        built = write(tell=say, stage=stages.begin)
    finally:
        stages.end()
    for warning in built.warnings:
        warn(warning)
    if summary:
        say(summary)
    parts = ", ".join(f"{part} {wording.duration(took_s)}" for part, took_s in stages.took_s.items())
    say(f"wrote {name}: {parts}" if built.written else f"{name} is up to date")
    return {
        "document": name,
        "written": built.written,
        "files": [str(path) for path in built.paths],
        "took_s": stages.took_s,
        "warnings": built.warnings,
    }


def _summary(ran: Sequence[str], reused: Sequence[str], took_s: float) -> str:
    """Return what was run, in how many seconds, and what reused."""
    new = f"ran {len(ran)} in {wording.duration(took_s)}" if ran else ""
    old = f"reused {len(reused)} {'result' if len(reused) == 1 else 'results'}" if reused else ""
    return "; ".join(filter(None, (new, old)))


def confirm(made: "Plan", yes: bool) -> None:
    """Say what a plan runs, if anything; where that takes long, ask whether to go on, unless `yes` says so."""
    if not made.todo:
        return
    made.check_data()  # before anyone is asked
    if made.estimate_s <= CONFIRM_ABOVE_S:
        say(extent(made))
        return
    show_plan(made, show=say)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"this would run for about {wording.duration(made.estimate_s)}", "add --yes to go ahead without being asked"
        )
    if not typer.confirm("Run it now?", err=True):
        raise typer.Exit(1)


def formats_of(to: str, known: Sequence[str] = FORMATS) -> tuple[str, ...]:
    """Return the formats named in `to`, separated by commas, each one of `known`."""
    chosen = tuple(part for part in to.split(",") if part)
    for part in chosen:
        if part not in known:
            raise unknown("format", part, known)
    if not chosen:
        raise UsageError("--to names no format", f"known: {', '.join(known)}")
    return chosen
