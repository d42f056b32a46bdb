"""Two results against each other: by how much they differ, and what that difference says."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from report_cli import stats, wording
from report_cli.claims import HOLDS, REFUTED, UNDECIDED, Outcome, decided
from report_cli.errors import ReportError, UsageError
from report_cli.report.text import formats
from report_cli.report.text.values import Value, cleared
from report_cli.settings import written
from report_cli.stats import Difference
from report_cli.store.run import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

Runs = Mapping[str, Run]
# Units of what another machine measures otherwise, and what of its environment tells a machine.
TIMED = re.compile(r"(m|µ)?s|min|h|.+/s")
MACHINE = ("device", "instructions", "threads", "os", "architecture")
Pair = tuple[Value, Value]


class PValue(Value):
    """A p-value, which is written in one way wherever it stands."""

    def __str__(self) -> str:
        return str(self.show(formats.p_value))


@dataclass(frozen=True)
class Comparison:
    """How far the first of two results lies above the second, with the 95 % interval of that difference.

    `p` is adjusted by Holm's method where the comparison is one of a family; `n` counts seeds or images, as `over` says
    ("seeds", "images", "losses" of images, "shares" of other images). `verdict` is "greater", "smaller", "equivalent"
    (within the margin) or "undecided"; the latter, too, where a result is missing.
    """

    difference: Value
    low: Value
    high: Value
    p: Value
    n: Value
    over: str
    verdict: str
    margin: float

    @property
    def greater(self) -> Outcome:
        """Whether the first is greater."""
        return self._outcome({"greater": HOLDS, "smaller": REFUTED, "equivalent": REFUTED})

    @property
    def smaller(self) -> Outcome:
        """Whether the first is smaller."""
        return self._outcome({"smaller": HOLDS, "greater": REFUTED, "equivalent": REFUTED})

    @property
    def different(self) -> Outcome:
        """Whether they differ, by more than the margin if there is one."""
        return self._outcome({"greater": HOLDS, "smaller": HOLDS, "equivalent": REFUTED})

    @property
    def equivalent(self) -> Outcome:
        """Whether they differ by less than the margin; refuted where the whole interval lies beyond it."""
        if not self.margin:
            raise UsageError("what is equivalent needs a margin", "compare(..., margin=0.01)")
        beyond = not self.difference.missing and (self.low.number >= self.margin or self.high.number <= -self.margin)
        return self._outcome({"equivalent": HOLDS} | ({self.verdict: REFUTED} if beyond else {}))

    @property
    def undecided(self) -> Outcome:
        """Whether the results say neither that they differ nor that they are equivalent."""
        if self.difference.missing:
            return self._outcome({})
        return decided(self.verdict == "undecided", *self.evidence)

    @cached_property
    def evidence(self) -> tuple[Any, ...]:
        """The difference, its interval, p and what it was measured over, to be shown one after the other."""
        if self.difference.missing:
            return (self.difference,)
        language = self.difference.ledger.language
        difference = _written(self.difference)
        if self.difference.unit == "fraction":
            difference = language["in_points"].format(difference)
        return (
            *(difference, " ", language["from_to"].format(_written(self.low), _written(self.high)), ", "),
            *("*p* = ", self.p, ", ", language[f"over_{self.over}"].format(self.n.show(formats.integer))),
        )

    def __str__(self) -> str:
        return "".join(map(str, self.evidence))

    def _outcome(self, verdicts: Mapping[str, str]) -> Outcome:
        return Outcome(verdicts.get(self.verdict, UNDECIDED), self.evidence)


def _written(value: Value) -> str:
    """Return a difference in its unit, that of fractions in points."""
    if value.unit != "fraction":
        return str(value)
    return str((100 * value).show(lambda number: formats.decimals(number, 1)))


def compare(runs: Runs, first: Value, second: Value, margin: float, family: Sequence[Pair]) -> Comparison:
    """Return the comparison of two results, its p adjusted together with those of `family`; `runs` are all by key.

    Over seeds that both have where these are several, else on the predictions that the runs of one seed stored, image
    by image. Results of other images are compared as shares, if they are shares.

    Raises:
        UsageError: they have other units, or the pair is not in its family.
        ReportError: they are of other data, or of one run and without predictions.
    """
    pairs = list(family) or [(first, second)]
    names = [_named(*pair) for pair in pairs]
    if _named(first, second) not in names:
        raise UsageError(f"{first.name} and {second.name} are no pair of the family", "family=[(first, second), ...]")
    if first.unit != second.unit:
        raise UsageError(
            f"{first.name} is in {first.unit or 'no unit'}, {second.name} in {second.unit or 'no unit'}",
            "compare what has the same unit",
        )
    difference = first - second
    missing = next((value for pair in pairs for value in pair if value.missing), None)
    if missing is not None:
        return Comparison(missing, missing, missing, missing, missing, "seeds", "undecided", margin)
    at = names.index(_named(first, second))
    pairs[at] = first, second  # the family may have it the other way round
    measured = [_measured(runs, *pair) for pair in pairs]
    own, p = measured[at], stats.holm([each.p for each in measured])[at]
    ends = own.interval()

    def value(number: float, unit: str) -> Value:
        return Value(number, unit, difference.origins, difference.runs, first.ledger)

    low, high = (value(cleared(end, first.number, second.number), first.unit) for end in (ends.low, ends.high))
    verdict, n = own.verdict(margin, p), value(own.n, "")
    moved = value(cleared(own.difference, first.number, second.number), first.unit)
    significance = PValue(p, "", difference.origins, difference.runs, first.ledger)
    return Comparison(moved, low, high, significance, n, own.method, verdict, margin)


def _named(first: Value, second: Value) -> frozenset[object]:
    # Points of a grid have one name, and runs of their own.
    return frozenset(((first.origins, first.runs), (second.origins, second.runs)))


def _called(runs: Runs, first: Value, second: Value) -> str:
    """Return what two results are called: those of one name, which are points of a grid, with their points."""
    names = [first.name, second.name]
    if first.name == second.name:
        points = [
            runs[value.runs[0]].point if value.runs and value.runs[0] in runs else {} for value in (first, second)
        ]
        names = [" ".join([first.name, *written(each)]) for each in points]
    return wording.listing(names)


def _measured(runs: Runs, first: Value, second: Value) -> Difference:
    _check_data(runs, first, second)
    check_machines(runs, (first, second))
    if not first.runs or not second.runs or (first.runs == second.runs and _part(first) != _part(second)):
        return stats.over_shares(*first.share(), *second.share())
    seeds = [seed for seed in first.seeds if seed in second.seeds]
    if not seeds:
        raise ReportError(f"{_called(runs, first, second)} have no seed in common", "run both with the same seeds")
    stored = [(_predictions(runs, first, seed), _predictions(runs, second, seed)) for seed in seeds]
    pairs = [_paired(_called(runs, first, second), a, b) for a, b in stored if a is not None and b is not None]
    if len(seeds) > 1:
        return stats.over_pairs([_sample(first, s) for s in seeds], [_sample(second, s) for s in seeds], "seeds")
    if not pairs:
        raise ReportError(
            f"{_called(runs, first, second)} have one run each and no stored predictions that give them",
            "run both with several seeds, or record arrays such as test_ids, test_labels and test_predicted",
        )
    a, b = pairs[0]
    if a.dtype == bool:
        return stats.over_images(a.tolist(), b.tolist())
    return stats.over_pairs(a.tolist(), b.tolist(), "losses")


def _check_data(runs: Runs, first: Value, second: Value) -> None:
    """Raise ReportError where the two are results on other data."""
    data = [
        {repr(runs[key].manifest.recipe.get("data")) for key in value.runs if key in runs} for value in (first, second)
    ]
    if data[0] and data[1] and data[0] != data[1]:
        told = f"{_called(runs, first, second)} were measured on other data"
        raise ReportError(told, "run both on the same data")


def check_machines(runs: Runs, values: Sequence[Value]) -> None:
    """Raise ReportError where times were measured on machines unlike each other."""
    machines: dict[str, str] = {}
    for value in values:
        for key in value.runs if TIMED.fullmatch(value.unit) else ():
            where = runs[key].manifest.environment
            machines.setdefault(", ".join(where[fact] for fact in MACHINE if fact in where), value.name)
    if len(machines) > 1:
        told = "; ".join(f"{name} ({machine})" for machine, name in machines.items())
        names = " ".join(dict.fromkeys(name.partition(".")[0] for name in machines.values()))
        raise ReportError(f"times of different machines can't be compared: {told}", f"report run {names} --strict-env")


def _paired(both: str, a: "Predictions", b: "Predictions") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return what both made of the same images, in the same order; ReportError where they have seen others."""
    import numpy as np

    order = [np.argsort(each.ids, kind="stable") for each in (a, b)]
    if not np.array_equal(a.ids[order[0]], b.ids[order[1]]):
        raise ReportError(
            f"{both} were not measured on the same images",
            "give them the same counts of images and the same seed of the split",
        )
    return a.scores[order[0]], b.scores[order[1]]


@dataclass(frozen=True)
class Predictions:
    """Ids of images, (N,), and what a metric is the mean of, (N,): whether each is right, or its loss in nats."""

    ids: "NDArray[Any]"
    scores: "NDArray[Any]"


def _predictions(runs: Runs, value: Value, seed: int) -> Predictions | None:
    """Return the stored predictions that a metric was computed from, None where there are none.

    PART_accuracy is the share of PART_labels that equal PART_predicted, or else the largest of PART_logits;
    PART_loss is the cross-entropy of the latter. The images are those of PART_ids, and a word may stand before
    (best_test_accuracy is of best_test_predicted).
    """
    import numpy as np

    if len(value.origins) != 1 or len(value.runs) != value.n:
        return None  # Computed from several metrics.
    run = runs[value.runs[value.seeds.index(seed)]]
    stem, _, measure = value.origins[0].partition(".")[2].rpartition("_")
    part, arrays = _part(value), run.arrays
    if f"{part}_ids" not in arrays or f"{part}_labels" not in arrays:
        return None
    labels = run.array(f"{part}_labels").astype(np.int64)
    if measure == "loss" and f"{stem}_logits" in arrays:
        scores = stats.losses(run.array(f"{stem}_logits"), labels)
    elif f"{stem}_predicted" in arrays:
        scores = run.array(f"{stem}_predicted") == labels
    elif f"{stem}_logits" in arrays:
        scores = stats.named(run.array(f"{stem}_logits")) == labels
    else:
        return None
    # Another metric of the same images, such as an F1 score, is no mean over them.
    same = math.isclose(float(scores.mean()), _sample(value, seed), rel_tol=1e-4, abs_tol=1e-6)
    return Predictions(run.array(f"{part}_ids"), scores) if same else None


def _part(value: Value) -> str:
    """Return the part of the data that a metric is of, by its name: test for test_accuracy and best_test_accuracy."""
    return value.name.partition(".")[2].rpartition("_")[0].rpartition("_")[2]


def _sample(value: Value, seed: int) -> float:
    return value.samples[value.seeds.index(seed)]


def t_interval(value: Value, spread: Value | None = None, n: Value | int = 0) -> dict[str, Value]:
    """Return `low` and `high`, the ends of the 95 % interval of a mean: over the seeds of `value`, or of a mean that
    has a standard deviation `spread` over `n` repeats."""
    if value.missing or (spread is not None and spread.missing):
        return {"low": value, "high": value}
    if spread is not None:
        repeats = int(n.number if isinstance(n, Value) else n)
        interval = stats.t_interval(stats.Sample(value.number, spread.number, repeats))
    elif value.n < 2:
        raise ReportError(f"{value.name} has no interval: it comes from {value.n} run", "ask for it where .n > 1")
    else:
        interval = stats.t_interval(value.samples)
    # Moved from the value itself, the ends keep its unit and its runs.
    return {"low": value - (interval.mean - interval.low), "high": value + (interval.high - interval.mean)}
