"""`report data`: what the project declares (images, tables, weights), here and where it is published."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from report_cli import wording
from report_cli.cli import completion
from report_cli.cli.console import Bar, ProgressListener, emit, emit_json, say
from report_cli.cli.options import Json
from report_cli.cli.session import open_workspace
from report_cli.errors import AbsentError, DataError, ReportError, unknown

if TYPE_CHECKING:
    from report_cli.datasets.spec import DataSet, Weights
    from report_cli.execution.runner import Runner
    from report_cli.execution.workspace import DataChoice, Workspace

app = typer.Typer(help="Find, fetch and check the real data.", no_args_is_help=True)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Folder or archive. [default: as for report run]", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Read all images, tables and weights and check them.

    Example: report data check FOLDER
    """
    from report_cli.datasets.spec import Table
    from report_cli.execution import workspace
    from report_cli.execution.runner import Runner

    opened = open_workspace()
    choice = workspace.choose_data(opened, folder)
    sets = [data for data in _declared(opened) if choice.folder or isinstance(data, Table)]
    if not sets:
        raise DataError("no real images are named", "report data check FOLDER, set REPORT_DATA, or report data fetch")
    facts: list[dict[str, Any]] = []
    problems: list[ReportError] = []
    with Runner(opened, ProgressListener()) as runner:
        for data in sets:
            try:
                facts.append(_checked(data, choice, opened, runner))
            except ReportError as error:
                problems.append(error)
                say(f"{data.title}: {error.message}")
    if json:
        emit_json(facts)
    for each in () if json else facts:
        emit(f"{each['label']}: ok, identity {each['digest'][:16]}")
        skipped, mislabelled = each.get("skipped", {}), each.get("mislabelled", [])
        emit_list("left out, because they are no whole images", [f"{name} {why}" for name, why in skipped.items()])
        emit_list("read although their names say another format", mislabelled)
    # What is there and faulty is what was meant, not what is absent.
    faulty = [each for each in problems if not isinstance(each, AbsentError)]
    if not facts:
        nothing = DataError(f"no data set in {choice.folder}", "report data list says where each one is published")
        raise faulty[0] if faulty else nothing


def emit_list(title: str, items: list[str]) -> None:
    """Print how many there are and each of them; nothing where there is none."""
    for line in [f"  {title}: {len(items)}", *(f"    {item}" for item in items)] if items else []:
        emit(line)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the data sets and weights of the project and where they are."""
    from report_cli.execution import workspace

    opened = open_workspace()
    choice = workspace.choose_data(opened, None)
    sets = [_facts(data, choice, opened) for data in _declared(opened)]
    if json:
        emit_json(sets)
        return
    for number, facts in enumerate(sets):
        if number:
            emit("")
        typer.secho(f"{facts['data']}  {facts['title']}", bold=True)
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
) -> None:
    """Fetch a published file into the user's cache.

    Every project then uses it. A fetch that was broken off goes on where it stopped. Example: report data fetch cifar10
    """
    from report_cli.datasets import download
    from report_cli.execution import workspace

    opened = open_workspace()
    published = {data.name: getattr(data, "published", None) for data in _declared(opened)}
    if name not in published:
        raise unknown("data set", name, published)
    archive = published[name]
    if archive is None:
        others = ", ".join(known for known, each in published.items() if each)
        raise DataError(f"{name} has no published file", f"known: {others or 'none'}")
    say(f"fetching {archive.address} ({wording.size(archive.size_bytes)}); {archive.terms}")
    bar = Bar(archive.name)

    def tell(done: int, total: int) -> None:
        bar.update(done, total, f"{wording.size(done)} of {wording.size(total)}, {done * 100 // total} %")

    try:
        path = download.fetch(archive, opened.cache, tell)
    except KeyboardInterrupt:
        bar.close()
        say("stopped; what was fetched is kept: the same command goes on from there")
        raise typer.Exit(130) from None
    finally:
        bar.close()
    choice = workspace.choose_data(opened, None)
    if choice.origin != "fetched":
        say(f"note: {choice.origin} names {choice.folder}, which is used instead of fetched archives")
    emit(str(path))


def _declared(opened: "Workspace") -> "Iterator[DataSet | Weights]":
    yield from opened.registry.data.values()
    yield from opened.registry.weights.values()


def _checked(data: "DataSet | Weights", choice: "DataChoice", opened: "Workspace", runner: "Runner") -> dict[str, Any]:
    """Return what was found of `data`, after reading all of it."""
    from report_cli.datasets import exclusions, load, source, weights
    from report_cli.datasets.spec import Table, Weights

    if isinstance(data, Weights):
        path = weights.find(data, choice.folder, opened.cache)
        return {"data": data.name, "path": str(path), "label": f"{data.title} from {path.name}", "digest": data.digest}
    chosen = source.choose(data, choice.folder, opened.cache, opened.project.root)
    if isinstance(data, Table):
        load.load(chosen, opened.cache)
        return {**chosen.to_json(), "path": str(chosen.path)}
    # Whatever was read before: a check reads again.
    read = runner.read_in(replace(chosen, digest=None))
    left_out = exclusions.read(opened.cache, read.digest or "")
    return {**read.to_json(), "path": str(read.path), **exclusions.to_json(left_out)}


def _facts(data: "DataSet | Weights", choice: "DataChoice", opened: "Workspace") -> dict[str, Any]:
    """Return what is declared of `data`, and what a run would use."""
    from report_cli.datasets import source, weights
    from report_cli.datasets.spec import Weights

    archive, drawn = getattr(data, "published", None), getattr(data, "drawn", "")
    published = asdict(archive) if archive else dict.fromkeys(("address", "page", "terms"))
    facts = {**published, "data": data.name, "title": data.title, "drawn": drawn, "source": None}
    try:
        if isinstance(data, Weights):
            path = weights.find(data, choice.folder, opened.cache)
            return {**facts, "source": {"path": str(path), "digest": data.digest}, "used": str(path)}
        chosen = source.choose(data, choice.folder, opened.cache, opened.project.root)
    except DataError as error:
        absent = f"drawn {drawn}" if drawn and choice.origin == "fetched" else f"nothing: {error.message}"
        return {**facts, "used": absent}
    if chosen.path is None:
        return {**facts, "used": chosen.label}
    known = f"identity {chosen.digest[:16]}" if chosen.digest else "not read in yet"
    used = f"{chosen.path} ({chosen.layout or 'table'}; {known})"
    return {**facts, "source": {**chosen.to_json(), "path": str(chosen.path)}, "used": used}
