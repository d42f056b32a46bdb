"""`report accept`: keep results across a change of code that is known to be harmless."""

from functools import partial
from typing import Annotated

import typer

from report_cli.cli.console import emit, say
from report_cli.cli.options import Data, Names, Profile, Settings
from report_cli.cli.session import open_workspace
from report_cli.cli.status import planned
from report_cli.errors import UsageError


def accept(
    names: Names,
    reason: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Why the results stay true; the report prints it.", show_default=False),
    ],
    profile: Profile = "",
    data: Data = None,
    settings: Settings = None,
) -> None:
    """Keep stale results across a harmless change of code.

    The results are stored again under the new code, unmeasured, with the reason; the report prints both. Parameters,
    images and seeds must be the same, and what was needed must have come out the same.
    Example: report accept cifar-inception --reason "renamed a variable"
    """
    from report_cli.execution import registry
    from report_cli.store import accept as acceptance
    from report_cli.store.run import one_line

    told = one_line(reason)
    if not told:
        raise UsageError(
            "the reason is empty, and the report prints it",
            'say why the result stays true: --reason "renamed a variable"',
        )
    workspace = open_workspace()
    chosen = registry.select(workspace.experiments, names)
    candidates = acceptance.judge(workspace, planned(workspace, chosen, profile, data, settings), chosen)
    workspace.store.set_damaged_aside()
    if not candidates:
        say("nothing to accept: all is up to date")
    for candidate in candidates:
        label = candidate.step.label
        waiting = partial(say, f"another process is running {label}; waiting for it")
        run = acceptance.accept(workspace.store, candidate, told, waiting)
        emit(f"{label}  {run.key}  {'; '.join(candidate.changes)}")
