"""`report data`: the real images on this machine."""

from dataclasses import asdict, replace
from pathlib import Path

from report_cli import workspace
from report_cli.cli.console import ProgressListener, emit, emit_json, say
from report_cli.cli.session import open_workspace
from report_cli.data import catalog
from report_cli.errors import DataError
from report_cli.runner import Runner


def check(folder: Path | None, *, json: bool) -> None:
    """Read every kind of images found in `folder`; DataError when there is none that is whole."""
    opened = open_workspace()
    choice = workspace.choose_images(opened, folder)
    if choice.folder is None:
        raise DataError("no real images are named", "report data check FOLDER, or set REPORT_DATA")
    found, problems = [], []
    with Runner(opened, ProgressListener()) as runner:
        for kind in catalog.KINDS.values():
            try:
                source = catalog.choose(kind.name, choice.folder, opened.cache)
                # Whatever was read before: a check reads again.
                found.append(runner.read_in(replace(source, digest=None)))
            except DataError as error:
                problems.append(error)
                say(f"{kind.title}: {error.message}")
    if json:
        emit_json([{**asdict(source), "path": str(source.path)} for source in found])
    for source in () if json else found:
        emit(f"{source.label}: ok, identity {(source.digest or '')[:16]}")
    if not found:
        raise problems[0]
