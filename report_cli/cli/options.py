"""The arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from report_cli.cli import completion
from report_cli.cli.app import CHOICE, COURSE, OUTPUT

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Experiments by name or pattern (cifar-*), or all.",
        autocompletion=completion.experiments,
        show_default=False,
    ),
]
SomeNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME...",
        help="Experiments by name or pattern (cifar-*). [default: all]",
        autocompletion=completion.experiments,
        show_default=False,
    ),
]
All = Annotated[bool, typer.Option("--all", help="A line for every seed and every point of a grid.")]
Profile = Annotated[
    str,
    typer.Option(
        metavar="smoke|quick|full",
        help="The budget: seconds, minutes, or all that the task asks for. [default: from pyproject.toml]",
        autocompletion=completion.profiles,
        show_default=False,
        rich_help_panel=CHOICE,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder or archive with real images, if any. [default: REPORT_DATA, pyproject.toml, drawn images]",
        show_default=False,
        rich_help_panel=CHOICE,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a parameter (epochs=5). Can be repeated.",
        autocompletion=completion.settings,
        rich_help_panel=CHOICE,
    ),
]
StrictEnv = Annotated[
    bool,
    typer.Option(
        "--strict-env",
        help="Use no result that was computed with other versions or another machine.",
        rich_help_panel=COURSE,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        help="How many runs at once; 0 is one a core. [default: 1, or what the Ray cluster has room for]",
        min=0,
        show_default=False,
        rich_help_panel=COURSE,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show what would run, why, and how long.", rich_help_panel=COURSE)
]
Executor = Annotated[
    str,
    typer.Option(
        metavar="local|ray",
        help="Where runs are measured: here, or on the Ray cluster that RAY_ADDRESS names or that runs here.",
        autocompletion=completion.executors,
        rich_help_panel=COURSE,
    ),
]
View = Annotated[
    str,
    typer.Option(
        metavar="solution|student|grader",
        help="The whole, the questions alone, or the whole with points.",
        autocompletion=completion.views,
        rich_help_panel=OUTPUT,
    ),
]
Section = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="One section or answer that the document includes, by its file: alone, numbered as in the whole.",
        autocompletion=completion.sections,
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.", rich_help_panel=OUTPUT)]
