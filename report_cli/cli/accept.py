"""`report accept`: keep results across a change of code that is known to be harmless."""

from typing import Annotated

import typer

from report_cli.cli.console import emit, emit_json, say
from report_cli.cli.options import Data, Json, Names, Profile, Settings
from report_cli.cli.progress import ProgressListener
from report_cli.cli.session import open_request


def accept(
    names: Names,
    reason: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Why the results stay true; the report prints it.", show_default=False),
    ],
    profile: Profile = "",
    data: Data = None,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Keep results across a harmless change of code.

    The results are stored again under the new code, unmeasured, with the reason; the report prints both. Parameters,
    data and seeds must be the same, and what was needed must have come out the same.
    Example: report accept cifar-inception --reason "renamed a variable"
    """
    from report_cli import api

    workspace, request = open_request(profile, data, settings=settings)
    accepted = []
    for step, run, changes in api.accept(workspace, names, request, reason, ProgressListener()):
        accepted.append({"run": step.label, "key": run.key, "changes": changes})
        if not json:
            emit(f"{step.label}  {run.key}  {'; '.join(changes)}")
    if json:
        emit_json(runs=accepted)
    elif not accepted:
        say("nothing to accept: all is up to date")
