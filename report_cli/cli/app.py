"""The commands of `report`, put together. Each is declared and does its work in a module of its own.

Such a module is imported when its command is chosen, so that no command waits for the others.
"""

import importlib
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click import Command, Context

# Where each command is declared, and what the list of commands says of it: the first line of its help.
COMMANDS = {
    "build": ("build.build", "Run what is out of date, then write documents."),
    "watch": ("watch.watch", "Show a document in the browser, and again after every change."),
    "run": ("run.run", "Run experiments that are out of date."),
    "list": ("status.list_all", "List the experiments and documents."),
    "status": ("status.status", "Show what is up to date, out of date, not run or failed."),
    "show": ("why.show", "Show experiments and their results."),
    "compare": ("compare.compare", "Compare the results of experiments, two at a time."),
    "why": ("why.why", "Show why results are or aren't up to date."),
    "runs": ("status.runs", "List the stored runs, also those of --set, other profiles and other data."),
    "logs": ("why.logs", "Print what the newest run of each experiment printed."),
    "accept": ("accept.accept", "Keep results across a harmless change of code."),
    "keep": ("keep.keep", "Put results into experiments/results, for git."),
    "gc": ("gc.gc", "Free what the store no longer needs."),
    "verify": ("verify.verify", "Check a PDF against its stored runs, or stored runs against their manifests."),
    "diff": ("diff.diff", "Show what changed between two PDFs of a report, and why."),
    "new": ("new.new", "Make a new project that builds at once."),
    "doctor": ("doctor.doctor", "Check what this machine lacks, and how to get it."),
    "data": ("data.app", "Find, fetch and check the real data."),
}


class Commands(TyperGroup):
    """Knows the name and the line of every command, and loads the one that is chosen."""

    def __init__(self, **attributes: Any) -> None:
        listed = {name: TyperCommand(name, help=line, rich_markup_mode=None) for name, (_, line) in COMMANDS.items()}
        super().__init__(**attributes | {"commands": listed})

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """Return name and command that `args` begin with, and the other arguments."""
        name, command, others = super().resolve_command(ctx, args)
        return name, command and _load(command.name or ""), others


def _load(name: str) -> "Command":
    module, _, declared = COMMANDS[name][0].partition(".")
    command = getattr(importlib.import_module(f"report_cli.cli.{module}"), declared)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    if isinstance(command, typer.Typer):
        alone.add_typer(command, name=name)
    else:
        alone.command(name)(command)
    return get_group(alone).commands[name]


app = typer.Typer(
    cls=Commands,
    help="Write a report in which no number is typed: run its experiments, keep their results, render its pages.",
    epilog="Start with: report list, then report build all. What this machine lacks: report doctor.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"report {version('coursework-report')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Take the options of every command; `--debug` is read by the error boundary."""
