"""Experiments, and points of their grids, against each other, as `report compare` shows them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from report_cli import wording
from report_cli.errors import ReportError, UsageError, unknown
from report_cli.experiment import Experiment, Point
from report_cli.report.text.comparisons import compare_each
from report_cli.report.text.context import Context, Selection
from report_cli.report.text.values import Value
from report_cli.store.run import Results

# An experiment, and a point of its grid: without parameters where it has none.
Place = tuple[str, Point]


class Compared(msgspec.Struct, frozen=True):
    """How far the first of two results lies above the second; None, and the reason, where no one can tell.

    `p` is adjusted over all pairs of a metric that can be compared. The other parts are those of a comparison in a
    template: the difference is that of the seeds that both have, of which `results` may have more.
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
    verdict: str = "not compared"
    reason: str = ""


def compare(
    experiments: Mapping[str, Experiment],
    runs: Mapping[str, Results],
    places: Sequence[Place],
    metrics: Sequence[str] = (),
) -> list[Compared]:
    """Return the comparison of each two of `places` in `metrics`, or in all metrics that their experiments share.

    Raises:
        UsageError: a metric that one of them doesn't declare, a single place, or nothing that all have measured.
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
    if not shared:
        raise UsageError(f"{wording.listing(list(runs), 'and')} have no metric in common", "report list shows them all")
    context = Context(experiments, Selection(runs, {}, {}))
    return [each for metric in metrics or shared for each in _compared(context, metric, list(combinations(places, 2)))]


def _compared(context: Context, metric: str, pairs: Sequence[tuple[Place, Place]]) -> Iterator[Compared]:
    """Yield the comparison of each pair; those that can be compared are a family."""

    def value(place: Place) -> Value:
        return context.value(f"{place[0]}.{metric}", **place[1])

    values = [(value(first), value(second)) for first, second in pairs]
    for pair, (first, second), found in zip(pairs, values, compare_each(context.by_key(), values), strict=True):
        (one, at), (two, there) = pair
        means = first.number, second.number
        known = Compared(metric, (one, two), (at, there), means, first.unit, means[0] - means[1])
        if isinstance(found, ReportError):
            yield msgspec.structs.replace(known, reason=found.message)
            continue
        numbers = {name: getattr(found, name).number for name in ("difference", "low", "high", "p")}
        yield msgspec.structs.replace(known, **numbers, n=int(found.n.number), over=found.over, verdict=found.verdict)
