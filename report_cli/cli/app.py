"""The commands of `report`, put together. Each is declared and does its work in a module of its own.

At their top these modules import Typer and little else, so that `report --help` loads nothing but Typer.
"""

from typing import Annotated

import typer

from report_cli.cli import accept, build, data, doctor, gc, keep, new, run, status, verify, watch, why

app = typer.Typer(
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


app.command()(build.build)
app.command()(watch.watch)
app.command()(run.run)
app.command("list")(status.list_all)
app.command()(status.status)
app.command()(why.show)
app.command()(why.why)
app.command()(why.logs)
app.command()(accept.accept)
app.command()(keep.keep)
app.command()(gc.gc)
app.command()(verify.verify)
app.command()(new.new)
app.command()(doctor.doctor)
app.add_typer(data.app, name="data")
