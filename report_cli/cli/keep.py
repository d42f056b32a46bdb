"""`report keep`: put finished runs into git."""

from typing import Annotated

import typer

from report_cli.cli.console import emit, emit_json
from report_cli.cli.options import Data, Json, Names, Profile
from report_cli.cli.progress import ProgressListener
from report_cli.cli.session import open_request


def keep(
    names: Names,
    profile: Profile = "",
    data: Data = None,
    finished: Annotated[
        bool, typer.Option("--finished", help="Keep only what is up to date and not kept yet.")
    ] = False,
    json: Json = False,
) -> None:
    """Put results into experiments/results, for git.

    Weights stay out. A report can be built from kept results without images and without training. Kept results may take
    40 MB together.
    """
    from report_cli import api

    workspace, request = open_request(profile, data)
    kept = []
    for run in api.keep(workspace, names, request, ProgressListener(), finished=finished):
        folder = str(run.folder.relative_to(workspace.project.root))
        kept.append({"experiment": run.experiment, "key": run.key, "folder": folder})
        if not json:
            emit(folder)
    if json:
        emit_json(runs=kept)
