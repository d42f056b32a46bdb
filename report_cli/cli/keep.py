"""`report keep`: put finished runs into git."""

from typing import Annotated

import typer

from report_cli.cli.console import emit, say
from report_cli.cli.options import Data, Names, Profile
from report_cli.cli.progress import ProgressListener
from report_cli.cli.session import open_request


def keep(
    names: Names,
    profile: Profile = "",
    data: Data = None,
    finished: Annotated[
        bool, typer.Option("--finished", help="Keep only what is up to date and not kept yet.")
    ] = False,
) -> None:
    """Put results into experiments/results, for git.

    Weights stay out. A report can be built from kept results without images and without training. Kept results may take
    40 MB together.
    """
    from report_cli import api

    workspace, request = open_request(profile, data)
    chosen = workspace.registry.select(names)
    made = api.plan(workspace, chosen, request, ProgressListener())

    def waiting(label: str) -> None:
        say(f"another process is running {label}; waiting for it")

    for run in api.keep(workspace, made, chosen, waiting, finished=finished):
        emit(str(run.folder.relative_to(workspace.project.root)))
