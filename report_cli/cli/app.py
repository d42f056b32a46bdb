"""The commands of `report`: what they take and what their help says. Each does its work in a module of its own.

Those modules are imported when a command runs, so that `report --help` loads nothing but Typer.
"""

from pathlib import Path
from typing import Annotated

import typer

from report_cli.cli import completion

app = typer.Typer(
    help="Write a report in which no number is typed: run its experiments, keep their results, render its pages.",
    epilog="Start with: report list, then report build all. What this machine lacks: report doctor.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Find, fetch and check the real images.", no_args_is_help=True)

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Experiments by name or pattern (cifar-*), or all.",
        autocompletion=completion.experiments,
        show_default=False,
    ),
]
Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The experiment.", autocompletion=completion.experiments, show_default=False),
]
Profile = Annotated[
    str,
    typer.Option(
        metavar="smoke|quick|full",
        help="The budget: seconds, minutes, or the assignment's protocol. [default: from pyproject.toml]",
        autocompletion=completion.profiles,
        show_default=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder or archive with the real images. [default: REPORT_DATA, pyproject.toml, embedded images]",
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter (epochs=5). Can be repeated."),
]
StrictEnv = Annotated[
    bool, typer.Option("--strict-env", help="Use no result that was computed with other versions or another machine.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"report {version('report-cli')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Take the options of every command; `--debug` is read by the error boundary."""


@app.command()
def build(
    documents: Annotated[
        list[str],
        typer.Argument(
            metavar="DOCUMENT...",
            help="Documents by name, or all.",
            autocompletion=completion.documents,
            show_default=False,
        ),
    ],
    profile: Profile = "",
    data: Data = None,
    to: Annotated[str, typer.Option(metavar="html,pdf", help="What to write.")] = "html,pdf",
    strict_env: StrictEnv = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="Run nothing: write the pages from stored results.")] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Run nothing, and mark what is missing; DRAFT on every page.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Run a plan above 10 minutes without asking.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the result.")] = False,
) -> None:
    """Run what is out of date, then write HTML and PDF.

    Example: report build all
    """
    from report_cli.cli import build as verb

    verb.build(
        documents,
        profile=profile,
        data=data,
        to=to,
        strict_env=strict_env,
        no_run=no_run,
        draft=draft,
        yes=yes,
        strict=strict,
        launch=open_,
    )


@app.command()
def watch(
    document: Annotated[
        str,
        typer.Argument(
            metavar="[DOCUMENT]",
            help="The document; may be left out where there is one.",
            autocompletion=completion.documents,
            show_default=False,
        ),
    ] = "",
    profile: Profile = "",
    data: Data = None,
    to: Annotated[str, typer.Option(metavar="html,pdf", help="With pdf, the PDF is written when you pause.")] = "html",
    run: Annotated[bool, typer.Option("--run", help="Also run experiments that are out of date.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Mark what is missing; DRAFT on every page.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Port of the address. [default: 8765, or any]", min=0, max=65535, show_default=False
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
) -> None:
    """Show a document in the browser, and again after every change.

    Prints an address of this machine. The page there follows every change of a template, a style or a stored result;
    what is wrong is shown in the terminal and below the page. Runs nothing unless told so. Stop it with Ctrl-C.
    Example: report watch homework4 --open
    """
    from report_cli.cli import watch as verb

    verb.watch(document, profile=profile, data=data, to=to, run=run, draft=draft, port=port, launch=open_)


@app.command()
def run(
    names: Names,
    profile: Profile = "",
    data: Data = None,
    set_: Set = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", help="How many seeds to run.", min=1, show_default=False)
    ] = None,
    strict_env: StrictEnv = False,
    force: Annotated[bool, typer.Option("--force", help="Run again what is up to date.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would run, why, and how long.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure, run what doesn't need it.")
    ] = False,
    json: Json = False,
) -> None:
    """Run experiments that are out of date.

    Example: report run cifar-inception --data FOLDER
    """
    from report_cli.cli import run as verb

    verb.run(
        names,
        profile=profile,
        data=data,
        settings=tuple(set_ or ()),
        seeds=seeds,
        strict_env=strict_env,
        force=force,
        dry_run=dry_run,
        keep_going=keep_going,
        json=json,
    )


@app.command("list")
def list_(json: Json = False) -> None:
    """List the experiments and documents."""
    from report_cli.cli import status as verb

    verb.list_all(json=json)


@app.command()
def status(profile: Profile = "", data: Data = None, strict_env: StrictEnv = False, json: Json = False) -> None:
    """Show what is up to date, stale, missing or failed.

    fresh: up to date. elsewhere: up to date, computed with other versions or on another machine; it is used, and the
    report says so. stale: something it depends on changed. missing: never run. failed: the last try failed.
    """
    from report_cli.cli import status as verb

    verb.status(profile=profile, data=data, strict_env=strict_env, json=json)


@app.command()
def show(name: Name, profile: Profile = "", data: Data = None, set_: Set = None, json: Json = False) -> None:
    """Show an experiment and its results."""
    from report_cli.cli import why as verb

    verb.show(name, profile=profile, data=data, settings=tuple(set_ or ()), json=json)


@app.command()
def why(name: Name, profile: Profile = "", data: Data = None, set_: Set = None, json: Json = False) -> None:
    """Show why a result is or isn't up to date.

    Names each part of its key that differs from the stored result, and the files the key is made of.
    """
    from report_cli.cli import why as verb

    verb.why(name, profile=profile, data=data, settings=tuple(set_ or ()), json=json)


@app.command()
def accept(
    names: Names,
    reason: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Why the results stay true; the report prints it.", show_default=False),
    ],
    profile: Profile = "",
    data: Data = None,
    set_: Set = None,
) -> None:
    """Keep stale results across a harmless change of code.

    The results are stored again under the new code, unmeasured, with the reason; the report prints both. Parameters,
    images and seeds must be the same, and what was needed must have come out the same.
    Example: report accept cifar-inception --reason "renamed a variable"
    """
    from report_cli.cli import accept as verb

    verb.accept(names, reason=reason, profile=profile, data=data, settings=tuple(set_ or ()))


@app.command()
def keep(names: Names, profile: Profile = "", data: Data = None) -> None:
    """Put results into experiments/results, for git.

    Weights stay out. A report can be built from kept results without images and without training.
    """
    from report_cli.cli import keep as verb

    verb.keep(names, profile=profile, data=data)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be freed, and why.")] = False,
    json: Json = False,
) -> None:
    """Free what the store no longer needs.

    Results that any profile, --set or other images would use stay, and so do those in git; a stale one stays until
    its question is answered anew.
    """
    from report_cli.cli import gc as verb

    verb.gc(dry_run=dry_run, json=json)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make.", show_default=False)],
) -> None:
    """Make a new project that builds at once.

    It has one experiment, one answer and one document. Example: report new homework5
    """
    import shlex

    from report_cli.cli import scaffold
    from report_cli.cli.console import emit, say

    for path in scaffold.create(folder):
        say(f"wrote {path}")
    emit(f"cd {shlex.quote(str(folder))} && report build all")


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Install Pango where it is missing (root only).")] = False,
    json: Json = False,
) -> None:
    """Check what this machine lacks, and how to get it."""
    from report_cli.cli import doctor as verb

    verb.doctor(fix=fix, json=json)


@data_app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Folder or archive. [default: as for report run]", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Read all images and check them.

    Example: report data check FOLDER
    """
    from report_cli.cli import data as verb

    verb.check(folder, json=json)


@data_app.command("list")
def list_data(json: Json = False) -> None:
    """List the kinds of images and where they are."""
    from report_cli.cli import data as verb

    verb.list_(json=json)


@data_app.command()
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A data set by name.", autocompletion=completion.datasets, show_default=False
        ),
    ],
) -> None:
    """Fetch the official archive into the user's cache.

    Every project then uses it. A fetch that was broken off goes on where it stopped. Example: report data fetch cifar10
    """
    from report_cli.cli import data as verb

    verb.fetch(name)


app.add_typer(data_app, name="data")
