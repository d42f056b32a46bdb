"""The commands of `report`, put together. Each is declared and does its work in a module of its own.

Such a module is imported when its command is chosen, so that no command waits for the others.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

# Where each command is declared, and what the list of commands says of it: the first line of its help.
GROUPS = {
    "Reports": {
        "build": ("build.build", "Run what is out of date, then write documents."),
        "watch": ("watch.watch", "Show a document in the browser, and again after every change."),
    },
    "Experiments and results": {
        "run": ("run.run", "Run experiments that are out of date."),
        "list": ("status.list_all", "List the experiments and documents."),
        "status": ("status.status", "Show what is up to date, out of date, not run or failed."),
        "show": ("why.show", "Show experiments and their results."),
        "compare": ("compare.compare", "Compare experiments, or points of a grid, two at a time."),
        "why": ("why.why", "Show why results are or aren't up to date."),
        "runs": ("status.runs", "List all stored runs, also of other parameters and data."),
        "logs": ("why.logs", "Print what the newest run of each experiment printed."),
    },
    "Stored results": {
        "accept": ("accept.accept", "Keep results across a harmless change of code."),
        "keep": ("keep.keep", "Put results into experiments/results, for git."),
        "gc": ("gc.gc", "Free what the store no longer needs."),
    },
    "Checking": {
        "verify": ("verify.verify", "Check a PDF against its stored runs, or the store."),
        "diff": ("diff.diff", "Show what changed between two PDFs of a report, and why."),
    },
    "Setting up": {
        "new": ("new.new", "Make a new project that builds at once."),
        "doctor": ("doctor.doctor", "Check what this machine lacks, and how to get it."),
        "data": ("data.app", "Find, fetch and check data sets."),
    },
}
# The groups of a command's options.
CHOICE = "What is run"
COURSE = "How it is run"
OUTPUT = "What comes out"
PANELS = (CHOICE, COURSE, OUTPUT)
# So many options need no groups; so wide is the column of their names at most.
FEW = 8
WIDEST = 30
Records = list[tuple[str, str]]
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}


class Commands(TyperGroup):
    """Knows the name and the line of every command, and loads the one that is chosen."""

    def __init__(self, **attributes: Any) -> None:
        listed = {name: TyperCommand(name, help=line, rich_markup_mode=None) for name, (_, line) in COMMANDS.items()}
        super().__init__(**attributes | {"commands": listed})

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """Return name and command that `args` begin with, and the other arguments."""
        name, command, others = super().resolve_command(ctx, args)
        return name, command and _load(command.name or ""), others

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the commands in their groups, then the options."""
        _write({title: [(name, each[1]) for name, each in group.items()] for title, group in GROUPS.items()}, formatter)
        _write(
            {"Options": [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]}, formatter
        )


class Grouped(TyperCommand):
    """A command that lists its options, where they are many, in the groups that they name."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write arguments first, then the groups, and last the options without one."""
        params = self.get_params(ctx)
        groups: dict[str, Records] = {"Arguments": [], **{title: [] for title in PANELS}, "Options": []}
        for param in params:
            if record := param.get_help_record(ctx):
                panel = getattr(param, "rich_help_panel", None) if len(params) > FEW else None
                groups["Arguments" if param.param_type_name == "argument" else panel or "Options"].append(record)
        _write(groups, formatter)


def _write(groups: "Mapping[str, Records]", formatter: "HelpFormatter") -> None:
    """Write groups of names with what they are, all in the same two columns."""
    width = min(max(len(name) for records in groups.values() for name, _ in records), WIDEST)
    for title, records in groups.items():
        if records:
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in records])


def _load(name: str) -> "Command":
    module, _, declared = COMMANDS[name][0].partition(".")
    command = getattr(importlib.import_module(f"report_cli.cli.{module}"), declared)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    if isinstance(command, typer.Typer):
        alone.add_typer(command, name=name)
    else:
        alone.command(name, cls=Grouped)(command)
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
