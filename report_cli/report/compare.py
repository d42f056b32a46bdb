"""Experiments, and points of their grids, against each other, as `report compare` shows them."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from report_cli.errors import ReportError, UsageError, unknown
from report_cli.experiment import Experiment, Point
from report_cli.report.text.context import Context, Selection
from report_cli.report.text.values import Value
from report_cli.store.run import Results

# An experiment, and a point of its grid: without parameters where it has none.
Place = tuple[str, Point]


class Compared(msgspec.Struct, frozen=True):
    """How far the first of two results lies above the second; None, and the reason, where no one can tell.

    `p` is adjusted over all pairs of a metric. The other parts are those of a comparison in a template.
    """

    metric: str
    experiments: tuple[str, str]
    points: tuple[Point, Point]
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
    experiments: Mapping[str, Experiment],
    runs: Mapping[str, Results],
    places: Sequence[Place],
    metrics: Sequence[str] = (),
) -> list[Compared]:
    """Return the comparison of each two of `places` in `metrics`, or in all metrics that their experiments share.

    Raises:
        UsageError: a metric that one of them doesn't declare, or a single place.
    """
    if len(places) < 2:
        raise UsageError(
            "a comparison takes two experiments at least, or two points of a grid",
            "report compare NAME NAME, or report compare NAME PARAMETER=VALUE NAME PARAMETER=VALUE",
        )
    shared = [m for m in experiments[next(iter(runs))].metrics if all(m in experiments[name].metrics for name in runs)]
    for metric in metrics:
        if metric not in shared:
            raise unknown("metric of them all", metric, shared)
    context, pairs = Context(experiments, Selection(runs, {}, {})), list(combinations(places, 2))
    return [_compared(context, metric, pair, pairs) for metric in metrics or shared for pair in pairs]


def _compared(
    context: Context, metric: str, pair: tuple[Place, Place], pairs: Sequence[tuple[Place, Place]]
) -> Compared:
    def value(place: Place) -> Value:
        return context.value(f"{place[0]}.{metric}", **place[1])

    first, second = map(value, pair)
    (one, two), means = pair, (first.number, second.number)
    known = Compared(metric, (one[0], two[0]), (one[1], two[1]), means, first.unit, first.number - second.number)
    try:
        family = [(value(a), value(b)) for a, b in pairs]
        found = context.compare(first, second, family=family)
    except ReportError as error:
        return msgspec.structs.replace(known, reason=error.message)
    numbers = {name: getattr(found, name).number for name in ("low", "high", "p")}
    return msgspec.structs.replace(known, **numbers, n=int(found.n.number), over=found.over, verdict=found.verdict)
