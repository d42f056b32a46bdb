"""`report keep`: put finished runs into git."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from report_cli.cli.console import emit, say
from report_cli.cli.session import open_workspace
from report_cli.cli.status import planned
from report_cli.errors import ReportError
from report_cli.execution import registry


def keep(names: Sequence[str], *, profile: str, data: Path | None) -> None:
    """Copy the runs of the named experiments into the kept layer; ReportError when one is not up to date."""
    workspace = open_workspace()
    chosen = registry.select(workspace.experiments, names)
    made = planned(workspace, chosen, profile, data)
    asked = [step for step in made.steps if step.experiment in chosen]
    for step in asked:
        if step.state != "fresh":
            raise ReportError(
                f"{step.label} is {step.state} ({step.reason}): only what is up to date is kept",
                f"report run {step.experiment.name} --profile {made.profile}",
            )
    for step in asked:
        assert step.run is not None
        waiting = partial(say, f"another process is running {step.label}; waiting for it")
        folder = workspace.store.keep(step.run, waiting).folder
        emit(str(folder.relative_to(workspace.project.root)))
