"""`report data`: the real images, on this machine and where they are published."""

from collections.abc import Mapping
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
    from report_cli.datasets.exclusions import Exclusions
    from report_cli.datasets.spec import Images, Source
    from report_cli.execution.workspace import Workspace

app = typer.Typer(help="Find, fetch and check the real data.", no_args_is_help=True)


@app.command()
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
    from report_cli.datasets import exclusions, spec
    from report_cli.execution import workspace
    from report_cli.execution.runner import Runner

    opened = open_workspace()
    choice = workspace.choose_data(opened, folder)
    if choice.folder is None:
        raise DataError("no real images are named", "report data check FOLDER, set REPORT_DATA, or report data fetch")
    found, problems = [], []
    with Runner(opened, ProgressListener()) as runner:
        for data in opened.registry.data.values():
            try:
                source = spec.choose(data, choice.folder, opened.cache)
                # Whatever was read before: a check reads again.
                found.append(runner.read_in(replace(source, digest=None)))
            except ReportError as error:
                problems.append(error)
                say(f"{data.title}: {error.message}")
    left_out = {source.data.name: exclusions.read(opened.cache, source.digest or "") for source in found}
    if json:
        emit_json([{**_plain(source), **exclusions.to_json(left_out[source.data.name])} for source in found])
    for source in () if json else found:
        _emit_checked(source, left_out[source.data.name])
    if not found:
        # Images that are there and faulty are what was meant, not those that are absent.
        faulty = [each for each in problems if not isinstance(each, AbsentError)]
        nothing = DataError(
            f"no set of images in {choice.folder}", "report data list says where each kind is published"
        )
        raise faulty[0] if faulty else nothing


@app.command("list")
def list_(json: Json = False) -> None:
    """List the data sets of the project and where they are."""
    opened = open_workspace()
    sets = [_facts(data, opened) for data in opened.registry.data.values()]
    if json:
        emit_json(sets)
        return
    for number, facts in enumerate(sets):
        if number:
            emit("")
        typer.secho(f"{facts['data']}  {facts['title']}", bold=True)
        emit(f"  used here:  {facts['used']}")
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
    """Fetch a published archive into the user's cache.

    Every project then uses it. A fetch that was broken off goes on where it stopped. Example: report data fetch cifar10
    """
    from report_cli.datasets import download
    from report_cli.execution import workspace

    opened = open_workspace()
    if name not in opened.registry.data:
        raise unknown("data set", name, opened.registry.data)
    archive = opened.registry.data[name].published
    if archive is None:
        others = [known for known, data in opened.registry.data.items() if data.published]
        raise DataError(f"{name} has no published archive", "known: " + (", ".join(others) or "none"))
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


def _emit_checked(source: "Source", left_out: "Exclusions") -> None:
    emit(f"{source.label}: ok, identity {(source.digest or '')[:16]}")
    if left_out.skipped:
        emit(f"  left out, because they are no whole images: {len(left_out.skipped)}")
    for skipped in left_out.skipped:
        emit(f"    {skipped.name} {skipped.reason}")
    if left_out.mislabelled:
        emit(f"  read although their names say another format: {len(left_out.mislabelled)}")
    for name in left_out.mislabelled:
        emit(f"    {name}")


def _facts(data: "Images", opened: "Workspace") -> dict[str, Any]:
    archive = data.published
    published: Mapping[str, Any] = asdict(archive) if archive else dict.fromkeys(("address", "page", "terms"))
    source, why = _found(data, opened)
    return {
        **published,
        "data": data.name,
        "title": data.title,
        "drawn": data.drawn,
        "source": None if source is None else _plain(source),
        "used": why if source is None else _shown(source),
    }


def _found(data: "Images", opened: "Workspace") -> "tuple[Source | None, str]":
    """Return the real images that a run would use, or None and why there are none."""
    from report_cli.datasets import spec
    from report_cli.execution import workspace

    choice = workspace.choose_data(opened, None)
    try:
        source = spec.choose(data, choice.folder, opened.cache)
    except DataError as error:
        if choice.origin == "fetched":
            return None, f"drawn {data.drawn}"
        return None, f"nothing: {choice.origin} is set, but {error.message}"
    return (source, "") if source.origin == "real" else (None, source.label)


def _shown(source: "Source") -> str:
    known = f"identity {source.digest[:16]}" if source.digest else "not read in yet"
    return f"{source.path} ({source.layout}; {known})"


def _plain(source: "Source") -> dict[str, Any]:
    return {**source.to_json(), "path": str(source.path)}
