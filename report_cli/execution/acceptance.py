"""Accepting stale results as answers to what is asked now, those first that others need."""

from collections.abc import Iterator, Sequence
from functools import partial

from report_cli.errors import ReportError, UsageError
from report_cli.execution.listener import Listener
from report_cli.execution.opening import plan
from report_cli.execution.plan import Plan, Request, Step
from report_cli.execution.runner import behind
from report_cli.execution.workspace import Workspace
from report_cli.store import accept as acceptance
from report_cli.store.run import Run, one_line


def accept(
    workspace: Workspace, names: Sequence[str], request: Request, reason: str, listener: Listener
) -> Iterator[tuple[Step, Run, Sequence[str]]]:
    """Store stale results again as answers to what is asked now; yield step, run and what changed, needed ones first.

    Raises:
        ReportError: the reason is empty, or more than code and inputs changed.
    """
    root, chosen, reason = workspace.project.root, workspace.registry.select(names), one_line(reason)
    if not reason:
        raise UsageError(
            "the reason is empty, and the report prints it",
            'say why the result stays true: --reason "renamed a variable"',
        )
    workspace.store.set_damaged_aside()

    def stale() -> tuple[Plan, Step | None]:
        made = plan(workspace, chosen, request, listener)
        return made, next((s for s in made.steps if s.state != "fresh" and s.experiment in chosen), None)

    made, step = stale()
    while step is not None:
        for need, needed in step.needs.items():
            if any(other.state != "fresh" for other in made.steps if other.name in needed):
                both = f"{need} {step.experiment.name}"
                raise ReportError(
                    f"{step.label} can't be accepted: {need}, which it needs, is not up to date",
                    f"report run {need}, or accept both: report accept {both} --reason TEXT",
                )
        if step.state in ("missing", "failed"):
            raise ReportError(
                f"{step.label} can't be accepted: {step.reason}",
                f"run it: report run {step.experiment.name} --profile {step.profile}",
            )
        found = acceptance.candidate(workspace.store, root, step.question, step.label)
        facts = {
            "profile": step.profile if step.experiment.has_profiles else None,
            "overrides": dict(step.overrides),
            "point": dict(step.point),
        }
        needs = {name for names in step.needs.values() for name in names}
        runs = [other.run for other in made.steps if other.name in needs and other.run is not None]
        waiting = partial(listener.note, f"another process is running {step.label}; waiting for it")
        stored = acceptance.accept(workspace.store, root, found, reason, facts, behind(runs), waiting)
        yield step, stored, found.changes
        # What is accepted changes what those that need it are computed from, so they are planned again.
        made, step = stale()
