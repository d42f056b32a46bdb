import subprocess
import sys
from math import comb

import pytest

from report_cli import stats
from report_cli.errors import UsageError


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (570, 800, 0.680, 0.743),
        (7_383, 10_000, 0.730, 0.747),
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statist. Med. 17 (1998), table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_has_the_published_ends(right: int, total: int, low: float, high: float) -> None:
    """The interval is that of published examples, to the digits that they give."""
    interval = stats.wilson(right, total)
    digits = 5e-4 if total >= 800 else 5e-5
    assert interval.low == pytest.approx(low, abs=digits)
    assert interval.high == pytest.approx(high, abs=digits)


@pytest.mark.parametrize("total", [1, 7, 800])
def test_wilson_interval_stays_within_bounds(total: int) -> None:
    """All wrong begins at exactly 0, all right ends at exactly 1, and both mirror each other."""
    none, everything = stats.wilson(0, total), stats.wilson(total, total)
    assert none.low == 0
    assert everything.high == 1
    assert everything.low == pytest.approx(1 - none.high)
    assert 0 < none.high < 1


def test_wilson_interval_widens_with_its_level() -> None:
    """A higher level gives a wider interval around the same share."""
    narrow, wide = stats.wilson(30, 40, 0.9), stats.wilson(30, 40, 0.99)
    assert wide.low < narrow.low < 0.75 < narrow.high < wide.high


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 2 / 2**5),
        (2, 10, 2 * (1 + 12 + 66) / 2**12),
        (21, 4, 2 * (1 + 25 + 300 + 2_300 + 12_650) / 2**25),
    ],
)
def test_mcnemar_gives_the_binomial_tail(first: int, second: int, p: float) -> None:
    """The p-value is twice the binomial tail, the same in both directions, and never above 1."""
    assert stats.mcnemar(first, second) == pytest.approx(p, rel=1e-4)
    assert stats.mcnemar(second, first) == stats.mcnemar(first, second)


def test_mcnemar_of_ten_thousand_images() -> None:
    """Thousands of discordant images neither overflow nor underflow, and agree with the normal approximation."""
    assert stats.mcnemar(900, 1_000) == pytest.approx(0.0231, abs=2e-4)
    assert stats.mcnemar(0, 9_000) == 0.0


def test_over_images_counts_what_only_one_has_right() -> None:
    """Images that both have right or wrong count in neither direction; the difference is first minus second."""
    first = [True, True, True, False, False, True]
    second = [True, False, False, True, False, False]
    compared = stats.over_images(first, second)
    assert (compared.n, compared.method) == (6, "images")
    assert compared.difference == pytest.approx((3 - 1) / 6)
    assert compared.centre == pytest.approx((3.5 - 1.5) / (6 + 2))
    assert compared.p == 2 * (comb(4, 0) + comb(4, 1)) / 2**4
    assert stats.over_images(second, first).difference == -compared.difference


def test_seeds_that_agree_by_chance_are_not_certain() -> None:
    """Two seeds with the same difference in shares vary by one image at least; what comes in no steps is certain."""
    assert stats.over_pairs([0.8, 0.7], [0.79, 0.69], "seeds").p == 0
    few, many = (stats.over_pairs([0.8, 0.7], [0.79, 0.69], "seeds", 1 / images) for images in (100, 10_000))
    assert few.verdict() == "undecided"
    assert few.interval().low < 0 < few.interval().high
    assert many.verdict() == "greater"
    same = stats.over_pairs([0.1 + 0.2] * 2, [0.3] * 2, "seeds")
    assert (same.difference, same.verdict()) == (0, "undecided")


def test_few_images_are_not_equivalent() -> None:
    """Networks that agree on all of 31 images may still differ by 9 points; of 300 they may not by 5."""
    few, many = (stats.over_images([True] * images, [True] * images) for images in (31, 300))
    assert few.verdict(margin=0.05) == "undecided"
    assert many.verdict(margin=0.05) == "equivalent"


def test_shares_are_at_most_one_apart() -> None:
    """Intervals of differences stay between -1 and 1."""
    assert stats.over_images([True] * 3, [False] * 3).interval().high == 1
    assert stats.over_shares(0, 1, 1, 1).interval().low == -1


def test_holm_adjusts_step_by_step() -> None:
    """Each p-value is multiplied by the number of those not smaller, kept in order and at most 1."""
    assert stats.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert stats.holm([0.5, 0.9]) == [1.0, 1.0]
    assert stats.holm([]) == []


def test_z_of_two_shares() -> None:
    """0.78 against 0.7383 on 10,000 images each is 6.9 standard errors, and 0.855 against 0.870 on 800 has p = 0.38."""
    assert stats.two_shares_z(7_383, 10_000, 7_800, 10_000) == pytest.approx(6.9, abs=0.05)
    assert stats.two_shares_z(684, 800, 696, 800) == pytest.approx(0.87, abs=0.01)
    assert stats.two_shares_z(7_800, 10_000, 7_383, 10_000) < 0
    assert stats.two_shares_z(5, 5, 9, 9) == 0


@pytest.mark.parametrize(("total", "points"), [(800, 3.1), (10_000, 0.9)])
def test_detectable_difference(total: int, points: float) -> None:
    """With a tenth of the images discordant, 3.1 points are found at 800 images and 0.9 at 10,000."""
    assert 100 * stats.detectable_difference(0.1, total) == pytest.approx(points, abs=0.05)


def test_sample_of_seeds() -> None:
    """Mean and sample standard deviation, with n - 1 in the denominator."""
    assert stats.sample([1.0, 2.0, 3.0, 4.0]) == stats.Sample(2.5, pytest.approx(1.2909944), 4)


@pytest.mark.parametrize(("n", "quantile"), [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262), (31, 2.042)])
def test_t_interval_has_the_quantiles_of_the_tables(n: int, quantile: float) -> None:
    """The interval of a mean reaches the tabulated quantile of Student's t, times the standard error, to both sides."""
    results = [float(number) for number in range(n)]
    interval, summary = stats.t_interval(results), stats.sample(results)
    assert (interval.high - interval.mean) / (summary.std / n**0.5) == pytest.approx(quantile, abs=5e-4)
    assert interval.mean - interval.low == pytest.approx(interval.high - interval.mean)
    assert stats.t_interval(summary) == interval


def test_t_interval_of_equal_results() -> None:
    """Results without a spread have an interval without a length."""
    assert stats.t_interval([0.5, 0.5, 0.5]) == stats.MeanInterval(0.5, 0.5, 0.5)


def test_nothing_heavy_is_loaded_with_the_module() -> None:
    """Importing the module loads neither numpy nor scipy: experiments import it at their top."""
    code = "import sys, report_cli.stats; print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.wilson(3, 2),
        lambda: stats.wilson(0, 0),
        lambda: stats.mcnemar(-1, 3),
        lambda: stats.over_images([True], [True, False]),
        lambda: stats.over_images([], []),
        lambda: stats.two_shares_z(1, 0, 1, 2),
        lambda: stats.sample([0.5]),
        lambda: stats.t_interval([0.5]),
    ],
)
def test_impossible_counts_are_errors(call: object) -> None:
    """Counts that can't come from images are refused instead of giving a number."""
    with pytest.raises(UsageError):
        call()
