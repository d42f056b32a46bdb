"""Two results against each other: by how much they differ, and what that difference says."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from report_cli import stats, wording
from report_cli.claims import HOLDS, REFUTED, UNDECIDED, Outcome, decided
from report_cli.errors import ReportError, UsageError
from report_cli.report.text import formats
from report_cli.report.text.formats import Written
from report_cli.report.text.values import Shown, Value
from report_cli.settings import written
from report_cli.stats import Difference, cleared
from report_cli.store.run import TIMED, Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

Runs = Mapping[str, Run]
# What of its environment tells a machine.
MACHINE = ("device", "instructions", "threads", "os", "architecture")
Pair = tuple[Value, Value]


class PValue(Value):
    """A p-value, which is written in one way wherever it stands, whatever filter is asked for."""

    def show(self, write: Callable[[float], Written]) -> Shown:
        """Return it as a p-value."""
        return super().show(formats.p_value)


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
        """Whether they differ; refuted where they are equivalent."""
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
    return str(value.show(formats.percentage) if value.unit == "fraction" else value)


def compare(runs: Runs, first: Value, second: Value, margin: float, family: Sequence[Pair]) -> Comparison:
    """Return the comparison of two results, its p adjusted together with those of `family`; `runs` are all by key.

    Over seeds that both have where these are several, else on the predictions that the runs of one seed stored, image
    by image. Results of other images are compared as shares, if they are shares.

    Raises:
        UsageError: they have other units, the margin is none, or the pair is not in its family.
        ReportError: they are of other data, or of one run and without predictions.
    """
    pairs = {_named(*pair): pair for pair in [*family] or [(first, second)]}
    own = _named(first, second)
    if own not in pairs:
        raise UsageError(f"{first.name} and {second.name} are no pair of the family", "family=[(first, second), ...]")
    check_units((first, second))
    if margin < 0 or (margin >= 1 and first.unit == "fraction"):
        raise UsageError(f"a margin of {margin} is none", "one percentage point is margin=0.01")
    missing = next((value for pair in pairs.values() for value in pair if value.missing), None)
    if missing is not None:
        return Comparison(missing, missing, missing, missing, missing, "seeds", "undecided", margin)
    pairs[own] = first, second  # the family may have it the other way round
    measured = {name: _measured(runs, *pair) for name, pair in pairs.items()}
    adjusted = stats.holm([each.p for each in measured.values()])
    return _comparison(first, second, measured[own], dict(zip(measured, adjusted, strict=True))[own], margin)


def compare_each(runs: Runs, pairs: Sequence[Pair]) -> list[Comparison | ReportError]:
    """Return the comparison of each pair, or why it can't be compared; those that can are one family."""
    measured: list[Difference | ReportError] = []
    for pair in pairs:
        try:
            check_units(pair)
            measured.append(_measured(runs, *pair))
        except ReportError as error:
            measured.append(error)
    adjusted = iter(stats.holm([each.p for each in measured if isinstance(each, Difference)]))
    return [
        each if isinstance(each, ReportError) else _comparison(*pair, each, next(adjusted), margin=0.0)
        for pair, each in zip(pairs, measured, strict=True)
    ]


def _comparison(first: Value, second: Value, found: Difference, p: float, margin: float) -> Comparison:
    """Return what was found of two results, with the adjusted `p`, as values."""
    ends, origins = found.interval(), (first - second).origins
    keys = tuple(dict.fromkeys((*_compared(first, second), *_compared(second, first))))

    def value(part: str, number: float) -> Value:
        return Value(cleared(number, first.number, second.number), first.unit, origins, keys, first.ledger, part=part)

    return Comparison(
        value("difference", found.difference),
        value("difference_end", ends.low),
        value("difference_end", ends.high),
        PValue(p, "", origins, keys, first.ledger, part="p"),
        Value(found.n, "", origins, keys, first.ledger, part="compared"),
        found.method,
        found.verdict(margin, p),
        margin,
    )


def _named(first: Value, second: Value) -> frozenset[object]:
    # Points of a grid have one name, and runs of their own; constants have their numbers.
    numbers = ((each, None if each.missing else each.number) for each in (first, second))
    return frozenset((each.origins, each.runs, number, each.unit, each.counts) for each, number in numbers)


def _compared(value: Value, other: Value) -> tuple[str, ...]:
    """Return the runs of a value that a comparison with another is of: where each is of a seed, those of seeds that
    both have."""
    if not other.seeds or len(value.runs) != len(value.seeds):
        return value.runs
    return tuple(key for key, seed in zip(value.runs, value.seeds, strict=True) if seed in other.seeds)


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
    for seed in seeds:
        _check_images(runs, first, second, seed)
    if len(seeds) > 1:
        a, b = ([_sample(value, seed) for seed in seeds] for value in (first, second))
        return stats.over_pairs(a, b, "seeds", max(_step(first), _step(second)))
    ours, theirs = (_predictions(runs, value, seeds[0]) for value in (first, second))
    if ours is None or theirs is None:
        raise ReportError(
            f"{_called(runs, first, second)} have one run each and no stored predictions that give them",
            "run both with several seeds, or record arrays such as test_ids, test_labels and test_predicted",
        )
    if ours.dtype == bool:
        return stats.over_images(ours.tolist(), theirs.tolist())
    return stats.over_pairs(ours.tolist(), theirs.tolist(), "losses")


def _step(value: Value) -> float:
    """Return what a share comes in, one of its images; 0 for what is no share."""
    return max((abs(value.affine[1]) / count for count in value.counts if count), default=0.0)


def check_units(values: Sequence[Value]) -> None:
    """Raise UsageError where numbers that stand side by side have other units."""
    first = values[0]
    other = next((value for value in values if value.unit != first.unit), first)
    if other is not first:
        raise UsageError(
            f"{first.name} is in {first.unit or 'no unit'}, {other.name} in {other.unit or 'no unit'}",
            "compare what has the same unit",
        )


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


def _check_images(runs: Runs, first: Value, second: Value, seed: int) -> None:
    """Raise ReportError where both runs stored the ids of their images, and the images are not the same."""
    import numpy as np

    stored = [(run, f"{_part(v)}_ids") for v in (first, second) if (run := _run(runs, v, seed)) is not None]
    seen = [np.sort(run.array(ids)) for run, ids in stored if ids in run.arrays]
    if len(seen) == 2 and not np.array_equal(seen[0], seen[1]):
        raise ReportError(
            f"{_called(runs, first, second)} were not measured on the same images",
            "give them the same counts of images and the same seed of the split",
        )


def _run(runs: Runs, value: Value, seed: int) -> Run | None:
    """Return the run of a seed that a metric was recorded by, None where it was computed from several."""
    if len(value.origins) != 1 or len(value.runs) != value.n:
        return None
    return runs[value.runs[value.seeds.index(seed)]]


def _predictions(runs: Runs, value: Value, seed: int) -> "NDArray[Any] | None":
    """Return what a metric is the mean of, (N,), in the order of the images' ids: whether each is named right, or its
    loss in nats; None where no predictions are stored that give it.

    PART_accuracy is the share of PART_labels that equal PART_predicted, or else the largest of PART_logits;
    PART_loss is the cross-entropy of the latter. The images are those of PART_ids, and a word may stand before
    (best_test_accuracy is of best_test_predicted).
    """
    import numpy as np

    run = _run(runs, value, seed)
    stem, _, measure = value.origins[0].partition(".")[2].rpartition("_")
    part, arrays = _part(value), run.arrays if run is not None else ()
    if run is None or f"{part}_ids" not in arrays or f"{part}_labels" not in arrays:
        return None
    labels = stats.class_labels(run.array(f"{part}_labels"))
    if labels is None:
        return None
    if measure == "loss" and f"{stem}_logits" in arrays and labels.dtype.kind == "i":
        scores = stats.losses(run.array(f"{stem}_logits").reshape(len(labels), -1), labels)
    elif f"{stem}_predicted" in arrays:
        predicted = stats.class_labels(run.array(f"{stem}_predicted"))
        if predicted is None or len(predicted) != len(labels):
            return None
        scores = predicted == labels
    elif f"{stem}_logits" in arrays:
        scores = stats.named(run.array(f"{stem}_logits").reshape(len(labels), -1)) == labels
    else:
        return None
    # Another metric of the same images, such as an F1 score, is no mean over them.
    same = math.isclose(float(scores.mean()), _sample(value, seed), rel_tol=1e-4, abs_tol=1e-6)
    return scores[np.argsort(run.array(f"{part}_ids"), kind="stable")] if same else None


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
        ends = interval.low, interval.high
    elif value.n < 2:
        raise ReportError(f"{value.name} has no interval: it comes from {value.n} run", "ask for it where .n > 1")
    else:
        ends = value.over_seeds()
    low, high = (Value(end, value.unit, value.origins, value.runs, value.ledger, part="end") for end in ends)
    return {"low": low, "high": high}
