"""Measuring a stored experiment once more, in a store of its own, and comparing it with what is stored."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import stdev

import msgspec

from report_cli import files
from report_cli.errors import ReportError
from report_cli.execution.listener import Listener
from report_cli.execution.opening import open_runner
from report_cli.execution.plan import Request
from report_cli.execution.workspace import Workspace
from report_cli.store.run import TIMED, Remeasurement, Run

# So many seeds tell how far results lie apart by chance.
SEEDS = 3
# How sure one must be that chance didn't do it, before a result is called another one.
CONFIDENCE = 0.999
SAME = 1e-6


def retrain(
    workspace: Workspace, stored: Sequence[Run], request: Request, listener: Listener | None
) -> list[Remeasurement]:
    """Return each metric of the `stored` runs of one experiment beside what was measured now.

    Where this machine computes a part of the same run again to the last bit, so it does with the others, and metrics
    must be the same. Elsewhere they must lie within what the seeds leave to chance: Student's prediction interval for
    one more run. Times are left out: no one can repeat them.

    Raises:
        ReportError: a run fails, the runs were made with parameters that the profile doesn't have today, or they
            measured nothing but times.
    """
    name = stored[0].experiment
    experiment = workspace.experiments[name]
    seeds = max(SEEDS, 1 + max(run.seed for run in stored))
    asked = msgspec.structs.replace(request, seeds=seeds, force=True)
    project = workspace.project
    with files.scratch_folder(project.scratch, "retraining") as folder:
        # What it needs is taken from the store; what is measured doesn't get into it.
        files.make_folder(folder / "runs")
        for other in project.runs.glob("*"):
            if other.name != name:
                files.link(other, folder / "runs" / other.name)
        own = Workspace(
            replace(project, output=folder.relative_to(project.root).as_posix()), workspace.snapshot, workspace.tell
        )
        with open_runner(own, listener) as runner:
            made = runner.plan([experiment], asked)
            outcome = runner.execute(made)
        new = list(outcome.results(name))
        again = [each for run in stored for each in _compared(run, new)]
    if not again:
        raise ReportError(f"{name} runs with other parameters today", "check out the commit of the report first")
    declared = experiment.metrics
    repeatable = [each for each in again if not TIMED.fullmatch(declared[each.metric].unit)]
    if not repeatable:
        raise ReportError(f"{name} measures nothing but times, which no one can repeat")
    return repeatable


def _compared(run: Run, new: Sequence[Run]) -> list[Remeasurement]:
    beside = [other for other in new if other.parameters == run.parameters]
    twin = next((other for other in beside if other.seed == run.seed), None)
    if twin is None:
        return []
    exact = _reproduced(run, twin, beside)
    compared = []
    for metric, number in run.scalars.items():
        samples = [other.scalars[metric] for other in beside if metric in other.scalars]
        room = SAME * max(1.0, abs(number)) + (0.0 if exact else _room(samples))
        compared.append(
            Remeasurement(run.experiment, metric, run.key, number, twin.scalars.get(metric, float("nan")), room)
        )
    return compared


def _reproduced(run: Run, twin: Run, beside: Sequence[Run]) -> bool:
    """Whether something that other seeds measure otherwise came out the same, to the last bit."""
    others = [other for other in beside if other is not twin]
    metrics = any(
        number == twin.scalars.get(name) and any(number != other.scalars.get(name) for other in others)
        for name, number in run.scalars.items()
    )
    arrays = any(
        _same(run, twin, name) and not any(_same(twin, other, name) for other in others)
        for name in set(run.arrays).intersection(twin.arrays)
    )
    return metrics or (bool(others) and arrays)


def _same(run: Run, other: Run, name: str) -> bool:
    import numpy as np

    return name in other.arrays and np.array_equal(run.array(name), other.array(name))


def _room(samples: Sequence[float]) -> float:
    """Return how far one more run may lie from another one: half the prediction interval of Student's t."""
    from scipy.stats import t

    n, spread = len(samples), stdev(samples)
    quantile = float(t.ppf((1 + CONFIDENCE) / 2, n - 1))
    return quantile * spread * float((1 + 1 / n) ** 0.5)
