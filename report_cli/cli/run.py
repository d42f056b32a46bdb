"""`report run`: run experiments and store what they measure."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from report_cli import wording
from report_cli.cli.app import CHOICE, COURSE
from report_cli.cli.console import emit, emit_json, emit_table, say
from report_cli.cli.options import Data, DryRun, Executor, Jobs, Json, Names, Profile, Settings, StrictEnv
from report_cli.cli.progress import ProgressListener
from report_cli.cli.session import open_request
from report_cli.errors import RunError

if TYPE_CHECKING:
    from report_cli.execution.plan import Plan
    from report_cli.experiment import Experiment
    from report_cli.store.run import Run

RESUME = "To continue, run the same command again."


def run(
    names: Names,
    profile: Profile = "",
    data: Data = None,
    settings: Settings = None,
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many seeds to run.", min=1, show_default=False, rich_help_panel=CHOICE),
    ] = None,
    strict_env: StrictEnv = False,
    force: Annotated[
        bool, typer.Option("--force", help="Run again what is up to date.", rich_help_panel=CHOICE)
    ] = False,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    executor: Executor = "local",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure, run what doesn't need it.", rich_help_panel=COURSE)
    ] = False,
    json: Json = False,
) -> None:
    """Run experiments that are out of date.

    Example: report run all --jobs 2
    """
    from report_cli import api

    workspace, request = open_request(profile, data, settings=settings, seeds=seeds, force=force, strict_env=strict_env)
    chosen = workspace.registry.select(names)
    with listening() as listener, api.open_runner(workspace, listener, jobs=jobs, executor=executor) as runner:
        made = runner.plan(chosen, request)
        if dry_run:
            show_plan(made, json)
            workspace.registry.check_whole(names)
            return
        outcome = api.execute(workspace, runner, made, keep_going=keep_going)
    if not made.todo:
        say(f"nothing to run: all{' else' if workspace.registry.broken else ''} is up to date")
    if json:
        emit_json(runs=[_summary(stored) for stored in outcome.runs.values()])
    else:
        there = [(step.label, outcome.runs[step.name]) for step in made.steps if step.name in outcome.runs]
        emit_table(["", ""], [(label, _headline(run, workspace.experiments)) for label, run in there])
    for step in made.todo:
        if (stored := outcome.runs.get(step.name)) is not None and (warnings := stored.manifest.warnings):
            count = sum(warned.count for warned in warnings)
            told = f"{count} warnings, the first" if count > 1 else "a warning,"
            say(f"{step.label}: {told} {warnings[0].message!r}; report logs {stored.experiment}")
    if outcome.failures:
        raise RunError("failed: " + "; ".join(error.message for error in outcome.failures.values()))
    workspace.registry.check_whole(names)


@contextmanager
def listening() -> Iterator[ProgressListener]:
    """Yield a listener that shows progress; Ctrl-C within the block ends the program with what it means."""
    listener = ProgressListener()
    try:
        yield listener
    except KeyboardInterrupt:
        reached = listener.reached()
        listener.close()
        say(f"stopped{f' after {reached}' if reached else ''}. {RESUME}")
        raise typer.Exit(130) from None
    finally:
        listener.close()


def show_plan(made: "Plan", json: bool = False, *, show: Callable[..., None] = emit) -> None:
    """Print what a plan would run, why, and how long it will take; what is up to date in a number."""
    if json:
        steps = [
            {
                "run": s.label,
                "state": s.state,
                "reason": s.reason,
                "estimate_s": s.estimate_s if s.state != "fresh" else 0,
            }
            for s in made.steps
        ]
        emit_json(runs=steps, estimate_s=made.estimate_s)
        return
    from report_cli.execution.status import Status

    states = [Status(step) for step in made.todo]
    rows = [(s.step.label, s.words, wording.duration(s.step.estimate_s), s.remark) for s in states]
    if rows:
        emit_table(["run", "state", "about", "reason"], rows, right=["about"], show=show)
    show(extent(made))


def extent(made: "Plan") -> str:
    """Return how much of a plan is to be run, and how long that takes."""
    reused = f"{len(made.steps) - len(made.todo)} up to date"
    return (
        f"{len(made.todo)} to run, about {wording.duration(made.estimate_s)}; {reused}"
        if made.todo
        else (f"nothing to run; {reused}")
    )


def _summary(stored: "Run") -> dict[str, object]:
    return {
        "experiment": stored.experiment,
        "key": stored.key,
        "seed": stored.seed,
        "point": dict(stored.point),
        "profile": stored.profile,
        "metrics": stored.scalars,
        "outputs": stored.outputs,
    }


def _headline(stored: "Run", experiments: Mapping[str, "Experiment"]) -> str:
    """Return the metrics to show in one line: what was measured on test images first, then as declared."""
    declared = experiments[stored.experiment].metrics
    there = [name for name in declared if name in stored.scalars]
    names = sorted(there, key=lambda name: not name.startswith("test_"))[:4]
    return ", ".join(f"{name.replace('_', ' ')} {number(stored.scalars[name])}" for name in names)


def number(value: float) -> str:
    """Return a number for the terminal: counts in groups of three, others to four digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
