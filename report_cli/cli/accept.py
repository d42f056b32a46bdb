"""`report accept`: keep results across a change of code that is known to be harmless."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from report_cli.cli.console import emit, say
from report_cli.cli.session import open_workspace
from report_cli.cli.status import planned
from report_cli.errors import UsageError
from report_cli.execution import registry
from report_cli.store import accept as acceptance
from report_cli.store.run import one_line


def accept(names: Sequence[str], *, reason: str, profile: str, data: Path | None, settings: tuple[str, ...]) -> None:
    """Store the stale results of the named experiments under what is asked now; all of them, or none."""
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
