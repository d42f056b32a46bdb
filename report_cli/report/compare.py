"""Experiments against each other, as `report compare` shows them."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from report_cli.errors import ReportError, UsageError, unknown
from report_cli.experiment import Experiment
from report_cli.report.text.context import Context, Selection
from report_cli.store.run import Results


class Compared(msgspec.Struct, frozen=True):
    """How far the first of two results lies above the second; None, and the reason, where no one can tell.

    `p` is adjusted over all pairs of a metric. The other parts are those of a comparison in a template.
    """

    metric: str
    experiments: tuple[str, str]
    results: tuple[float, float]
    unit: str
    difference: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    n: int | None = None
    over: str = ""
    verdict: str = "undecided"
    reason: str = ""


def compare(
    experiments: Mapping[str, Experiment], runs: Mapping[str, Results], metrics: Sequence[str] = ()
) -> list[Compared]:
    """Return the comparison of each two experiments of `runs` in `metrics`, or in all metrics that all of them declare.

    Raises:
        UsageError: a metric that one of them doesn't declare, a single experiment, or one with a grid.
    """
    if len(runs) < 2:
        raise UsageError("a comparison takes two experiments at least", "report compare NAME NAME")
    shared = [m for m in experiments[next(iter(runs))].metrics if all(m in experiments[name].metrics for name in runs)]
    for metric in metrics:
        if metric not in shared:
            raise unknown("metric of them all", metric, shared)
    context = Context(experiments, Selection(runs, {}, {}))
    return [
        _compared(context, metric, pair, list(combinations(runs, 2)))
        for metric in metrics or shared
        for pair in combinations(runs, 2)
    ]


def _compared(context: Context, metric: str, pair: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> Compared:
    first, second = (context.value(f"{name}.{metric}") for name in pair)
    known = Compared(metric, pair, (first.number, second.number), first.unit, first.number - second.number)
    try:
        family = [(f"{a}.{metric}", f"{b}.{metric}") for a, b in pairs]
        found = context.compare(first, second, family=family)
    except ReportError as error:
        return msgspec.structs.replace(known, reason=error.message)
    numbers = {name: getattr(found, name).number for name in ("low", "high", "p")}
    return msgspec.structs.replace(known, **numbers, n=int(found.n.number), over=found.over, verdict=found.verdict)
