"""`report keep`: put finished runs into git."""

from functools import partial

from report_cli.cli.console import emit, say
from report_cli.cli.options import Data, Names, Profile
from report_cli.cli.session import open_workspace
from report_cli.cli.status import planned
from report_cli.errors import ReportError


def keep(names: Names, profile: Profile = "", data: Data = None) -> None:
    """Put results into experiments/results, for git.

    Weights stay out. A report can be built from kept results without images and without training.
    """
    from report_cli.execution import registry

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
