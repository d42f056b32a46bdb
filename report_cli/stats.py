"""Intervals and tests for counts of right answers, and the spread over seeds; scipy is loaded when one is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt, ulp
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from report_cli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Where a share lies, between 0 and 1."""

    low: float
    high: float


@dataclass(frozen=True)
class MeanInterval:
    """A mean, and where the mean of endlessly many such results lies."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How far the first of two results lies above the second.

    `centre` and `error` (a standard error with `freedom` degrees, infinitely many for a normal one) make its intervals;
    `p` belongs to the hypothesis that there is none, and `n` counts the pairs. `method` says over what: "seeds", pairs
    of runs with the same seed; "images", the same ones named right or wrong; "losses", what each of the same images
    cost; or "shares" of other images. `discordant` counts the images that only the first and only the second has right.
    """

    difference: float
    centre: float
    error: float
    freedom: float
    p: float
    n: int
    method: str
    discordant: tuple[int, int] | None = None

    def interval(self, level: float = LEVEL) -> Interval:
        """Return where the difference lies with this confidence."""
        from scipy.special import stdtrit

        margin = float(stdtrit(self.freedom, (1 + level) / 2)) * self.error
        ends = self.centre - margin, self.centre + margin
        # Shares are at most 1 apart.
        return Interval(*(max(-1.0, min(end, 1.0)) for end in ends) if self.method in ("images", "shares") else ends)

    def is_within(self, margin: float) -> bool:
        """Return whether two one-sided tests at 5 % put it less than `margin` from 0; over images those of Tango, which
        keep their level where few images are discordant.

        Source: D. J. Schuirmann, A comparison of the two one-sided tests procedure and the power approach, J.
        Pharmacokinetics and Biopharmaceutics 15 (1987); T. Tango, Equivalence test and confidence interval for the
        difference in proportions for the paired-sample design, Statistics in Medicine 17 (1998).
        """
        if self.discordant is None:
            ends = self.interval(2 * LEVEL - 1)
            return -margin < ends.low and ends.high < margin
        from scipy.special import ndtri

        z = float(ndtri(LEVEL))
        return _tango(*self.discordant, self.n, margin) < -z and _tango(*self.discordant, self.n, -margin) > z

    def verdict(self, margin: float = 0.0, p: float | None = None) -> str:
        """Return the verdict: equivalent where it is within the margin, on either side of 0; else greater or smaller
        where `p` (that of the difference, or adjusted) is below 0.05; else undecided."""
        if margin and self.is_within(margin):
            return "equivalent"
        if (self.p if p is None else p) >= 1 - LEVEL or not self.difference:
            return "undecided"
        return "greater" if self.difference > 0 else "smaller"


@dataclass(frozen=True)
class Sample:
    """Mean and sample standard deviation (n - 1) of n >= 2 results."""

    mean: float
    std: float
    n: int


def wilson(right: int, total: int, level: float = LEVEL) -> Interval:
    """Return the score interval of a share of `right` in `total`, which stays within 0 and 1.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).

    Raises:
        UsageError: the counts are not 0 <= right <= total, total > 0.
    """
    from scipy.stats import binomtest

    _check(right, total)
    interval = binomtest(right, total).proportion_ci(level, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p-value of McNemar's test: twice the smaller binomial tail, at most 1.

    Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12 (1947); exact form in A. Agresti, Categorical Data Analysis, section 10.1.

    Raises:
        UsageError: a count is negative.
    """
    from scipy.stats import binomtest

    if min(only_first, only_second) < 0:
        raise UsageError(f"{only_first} and {only_second} are not two counts")
    total = only_first + only_second
    return float(binomtest(only_first, total).pvalue) if total else 1.0


def over_pairs(first: Sequence[float], second: Sequence[float], method: str, step: float = 0.0) -> Difference:
    """Return the difference of the means of paired numbers, by Student's paired t.

    `step` is what the numbers come in, such as one image of a share: they are taken to vary by that at least, as a few
    seeds often have the very same difference by chance. What comes in no steps and never varies is certain.

    Raises:
        UsageError: they are fewer than two pairs.
    """
    from scipy.special import stdtr

    differences = [cleared(a - b, a, b) for a, b in zip(first, second, strict=True)]
    summary = sample(differences)
    error, freedom = max(summary.std, step) / sqrt(summary.n), summary.n - 1
    p = 2 * float(stdtr(freedom, -abs(summary.mean) / error)) if error else float(summary.mean == 0)
    return Difference(summary.mean, summary.mean, error, freedom, p, summary.n, method)


def over_images(first: Sequence[bool], second: Sequence[bool]) -> Difference:
    """Return the difference of two accuracies on the same images, which come in the same order: the exact test of
    McNemar, the interval of Agresti and Min.

    Source: A. Agresti, Y. Min, Simple improved confidence intervals for comparing matched proportions, Statistics in
    Medicine 24 (2005).

    Raises:
        UsageError: the classifiers have not seen the same number of images, or none.
    """
    n = len(first)
    if n != len(second) or not n:
        raise UsageError(f"{n} and {len(second)} images are no pairs")
    only_first = sum(bool(a) and not b for a, b in zip(first, second, strict=True))
    only_second = sum(bool(b) and not a for a, b in zip(first, second, strict=True))
    more, less, total = only_first + 0.5, only_second + 0.5, n + 2
    centre = (more - less) / total
    error = sqrt((more + less) / total - centre**2) / sqrt(total)
    difference, p = (only_first - only_second) / n, mcnemar(only_second, only_first)
    return Difference(difference, centre, error, inf, p, n, "images", (only_first, only_second))


def _tango(only_first: int, only_second: int, n: int, difference: float) -> float:
    """Return how many standard errors of Tango's score test the difference of two shares lies above `difference`."""
    b = (2 * n - only_first + only_second) * difference - only_first - only_second
    root = sqrt(max(b**2 + 8 * n * only_second * difference * (1 - difference), 0.0))
    variance = n * ((root - b) / (2 * n) + difference * (1 - difference))
    return (only_first - only_second - n * difference) / sqrt(variance)


def over_shares(right_a: int, total_a: int, right_b: int, total_b: int) -> Difference:
    """Return the difference of two shares of other images: the score test, the interval of Agresti and Caffo.

    Source: A. Agresti, B. Caffo, Simple and effective confidence intervals for proportions and differences of
    proportions, American Statistician 54 (2000).

    Raises:
        UsageError: the counts are not 0 <= right <= total, total > 0.
    """
    from scipy.special import ndtr

    z = two_shares_z(right_b, total_b, right_a, total_a)
    a, b = (right_a + 1) / (total_a + 2), (right_b + 1) / (total_b + 2)
    error = sqrt(a * (1 - a) / (total_a + 2) + b * (1 - b) / (total_b + 2))
    difference = right_a / total_a - right_b / total_b
    return Difference(difference, a - b, error, inf, 2 * float(ndtr(-abs(z))), min(total_a, total_b), "shares")


def losses(logits: "NDArray[Any]", labels: "NDArray[Any]") -> "NDArray[Any]":
    """Return the cross-entropy of each image in nats, (N,), from logits (N, classes), or (N, 1) for two classes."""
    import numpy as np
    from scipy.special import log_softmax

    both = np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
    cost: NDArray[Any] = -log_softmax(both.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
    return cost


def class_labels(labels: "NDArray[Any]") -> "NDArray[Any] | None":
    """Return labels of classes, (N,) or (N, 1), as whole numbers or names, (N,); None for those of no classifier: real
    numbers, or a row for each image."""
    if not labels.ndim or labels.size != len(labels):
        return None
    flat = labels.reshape(-1)
    if flat.dtype.kind in "US":
        return flat
    is_whole = flat.dtype.kind in "biu" or (flat.dtype.kind == "f" and bool((flat == flat.round()).all()))
    return flat.astype("int64") if is_whole else None


def named(logits: "NDArray[Any]") -> "NDArray[Any]":
    """Return the class that each image is taken for, (N,), from logits (N, classes), or (N, 1) for two classes."""
    classes: NDArray[Any] = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)
    return classes


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of several tests, in the same order, adjusted so that all of them may be read together.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def two_shares_z(right_a: int, total_a: int, right_b: int, total_b: int) -> float:
    """Return how many standard errors the second share lies above the first, for independent images.

    The error is that of equal shares, from both samples together; 0 where both are all right or all wrong.

    Raises:
        UsageError: the counts are not 0 <= right <= total, total > 0.
    """
    _check(right_a, total_a)
    _check(right_b, total_b)
    share = (right_a + right_b) / (total_a + total_b)
    error = sqrt(share * (1 - share) * (1 / total_a + 1 / total_b))
    return (right_b / total_b - right_a / total_a) / error if error else 0.0


def detectable_difference(discordant: float, total: int, level: float = LEVEL, power: float = 0.8) -> float:
    """Return the difference of two accuracies that a paired test of `total` images finds with probability `power`.

    `discordant` is the share of images that only one of both has right. Normal approximation for a difference much
    smaller than that share: (z of the level + z of the power) x sqrt(discordant / total).

    Source: R. J. Connor, Sample size for testing differences in proportions for the paired-sample design, Biometrics
    43 (1987), with the variance under equal shares.
    """
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2) + ndtri(power)) * sqrt(discordant / total)


def sample(results: Sequence[float]) -> Sample:
    """Return mean and sample standard deviation of results that differ in their seed.

    Raises:
        UsageError: there are fewer than two results.
    """
    _check_count(len(results))
    return Sample(fmean(results), stdev(results), len(results))


def _check_count(n: int) -> None:
    if n < 2:
        raise UsageError(f"{n} {'result has' if n == 1 else 'results have'} no spread", "run with at least two seeds")


def cleared(number: float, *operands: float) -> float:
    """Return `number`, made by adding or subtracting these; 0 where it is only what their rounding in the last binary
    digits has left, as in 0.3 - 0.1 - 0.2."""
    rest = 4 * ulp(max(map(abs, operands)))
    return 0.0 if abs(number) <= rest < inf else number


def t_interval(results: Sequence[float] | Sample, level: float = LEVEL) -> MeanInterval:
    """Return the interval of Student's t for the mean of results that differ in their seed, or of their summary.

    Source: Student, The probable error of a mean, Biometrika 6 (1908).

    Raises:
        UsageError: there are fewer than two results.
    """
    from scipy.special import stdtrit

    summary = results if isinstance(results, Sample) else sample(results)
    _check_count(summary.n)
    margin = float(stdtrit(summary.n - 1, (1 + level) / 2)) * summary.std / sqrt(summary.n)
    return MeanInterval(summary.mean, summary.mean - margin, summary.mean + margin)


def _check(right: int, total: int) -> None:
    if not 0 <= right <= total or total == 0:
        raise UsageError(f"{right} of {total} is not a share of right answers")
