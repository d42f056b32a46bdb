"""`report keep`: put finished runs into git."""

from typing import Annotated

import typer

from report_cli import wording
from report_cli.cli.console import emit, emit_json, say
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

    Weights stay out. A report can be built from kept results alone, without the data and without running anything. All
    together may take 40 MB.
    """
    from report_cli import api, files
    from report_cli.store.store import KEPT_BYTES

    workspace, request = open_request(profile, data)
    kept, size_bytes = [], 0
    for run in api.keep(workspace, names, request, ProgressListener(), finished=finished):
        folder = str(run.folder.relative_to(workspace.project.root))
        size_bytes += files.size_bytes(run.folder)
        kept.append({"experiment": run.experiment, "key": run.key, "folder": folder})
        if not json:
            emit(folder)
    if json:
        emit_json(runs=kept)
    elif not kept:
        say("nothing to keep: what is up to date is kept already")
    else:
        place, whole = workspace.project.kept, files.size_bytes(workspace.project.kept)
        runs = f"{len(kept)} {'run' if len(kept) == 1 else 'runs'}"
        of = wording.listing(list(dict.fromkeys(each["experiment"] for each in kept)))
        say(
            f"kept {runs} of {of}, {wording.size(size_bytes)}, in {place.relative_to(workspace.project.root)}, where"
            f" {wording.size(whole)} of {wording.size(KEPT_BYTES)} are taken now; commit them to git"
        )
