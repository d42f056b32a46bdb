"""`report data`: what the project declares (images, tables, weights), here and where it is published."""

from pathlib import Path
from typing import Annotated

import typer

from report_cli import wording
from report_cli.cli import completion
from report_cli.cli.console import Paint, emit, emit_json, say
from report_cli.cli.options import Json
from report_cli.cli.progress import Bar, ProgressListener
from report_cli.cli.run import RESUME
from report_cli.cli.session import open_workspace

app = typer.Typer(help="Find, fetch and check data sets.", no_args_is_help=True)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Folder or archive. [default: as for report run]", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Read all data sets and weights and check them.

    Example: report data check FOLDER
    """
    from report_cli.execution import data
    from report_cli.execution.opening import open_runner

    opened = open_workspace()
    with open_runner(opened, ProgressListener()) as runner:
        whole = data.check(opened, folder, runner, say)
    if json:
        emit_json(data=whole)
        return
    for each in whole:
        emit(f"{each['label']}: ok, identity {each['digest'][:16]}")
        skipped = [f"{name} {why}" for name, why in each.get("skipped", {}).items()]
        for title, files in (
            ("left out, because they are no whole images", skipped),
            ("read although their names say another format", each.get("mislabelled")),
        ):
            if files:
                emit("\n    ".join([f"  {title}: {len(files)}", *files]))


@app.command("list")
def list_(json: Json = False) -> None:
    """List the data sets and weights of the project and where they are."""
    from report_cli.execution import data

    sets = data.facts(open_workspace())
    if json:
        emit_json(data=sets)
        return
    if not sets:
        say("no experiment of this project has a data set")
    for number, facts in enumerate(sets):
        if number:
            emit("")
        emit(Paint(f"{facts['data']}  {facts['title']}", "bold"))
        emit(f"  used here:  {facts['used']}")
        if facts["drawn"]:
            emit(f"  drawn:      {facts['drawn']}, drawn by the program")
        if facts["address"]:
            emit(f"  fetch:      report data fetch {facts['data']} ({wording.size(facts['size_bytes'])})")
            emit(f"  published:  {facts['page']}")
            emit(f"  terms:      {facts['terms']}")


@app.command()
def fetch(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The data set.", autocompletion=completion.datasets, show_default=False),
    ],
    json: Json = False,
) -> None:
    """Fetch a published file into the user's cache.

    Every project then uses it. A fetch that was broken off goes on where it stopped.

    Example: report data fetch cifar10
    """
    from report_cli.execution import data, workspace

    opened = open_workspace()
    archive = data.published(opened, name)
    say(f"fetching {archive.address} ({wording.size(archive.size_bytes)}); {archive.terms}")
    bar = Bar(archive.name)

    def tell(done: int, total: int) -> None:
        bar.update(done, total, f"{wording.size(done)} of {wording.size(total)}, {done * 100 // total} %")

    try:
        path = data.fetch(archive, opened.cache, tell)
    except KeyboardInterrupt:
        bar.close()
        say(f"stopped; what was fetched is kept. {RESUME}")
        raise typer.Exit(130) from None
    finally:
        bar.close()
    choice = workspace.choose_data(opened, None)
    if choice.origin != "fetched":
        say(f"note: {choice.origin} names {choice.folder}, which is used instead of fetched archives")
    if json:
        emit_json(name=name, file=str(path), used=choice.origin == "fetched")
    else:
        emit(str(path))
