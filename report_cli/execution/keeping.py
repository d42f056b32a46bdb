"""Putting results into the layer of the store that is in git."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from report_cli.errors import ReportError
from report_cli.execution.plan import Plan
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.store.run import Run


def keep(
    workspace: Workspace,
    made: Plan,
    chosen: Sequence[Experiment],
    waiting: Callable[[str], None],
    *,
    finished: bool = False,
) -> Iterator[Run]:
    """Copy the runs of `chosen` into the layer that is in git, without weights, and yield each when it is there.

    With `finished` only those are kept that are up to date and not kept yet.

    Raises:
        ReportError: one of them is not up to date, or all together take too much room.
    """
    steps = [step for step in made.steps if step.experiment in chosen]
    if finished:
        steps = [step for step in steps if step.run and step.state == "fresh" and not workspace.store.keeps(step.run)]
    for step in steps:
        if step.state != "fresh":
            raise ReportError(
                f"{step.label} can't be kept: {step.reason}",
                f"report run {step.experiment.name} --profile {made.profile}",
            )
    yield from (workspace.store.keep(s.run, partial(waiting, s.label)) for s in steps if s.run is not None)
