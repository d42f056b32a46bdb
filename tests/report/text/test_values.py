import math

import pytest

from report_cli.claims import UNDECIDED, Outcome
from report_cli.errors import ReportError
from report_cli.report.text import formats
from report_cli.report.text.values import Ledger, Value


def value(number: float, *samples: float, name: str = "a.x", unit: str = "", missing: str = "") -> Value:
    return Value(number, unit, (name,), (f"run-of-{name}",), Ledger(), samples, missing)


def test_arithmetic_remembers_both_origins() -> None:
    """A result of arithmetic names the metrics and the runs of both its operands."""
    difference = value(3, name="a.x") - value(1, name="b.y")
    assert (difference.number, difference.origins, difference.runs) == (2, ("a.x", "b.y"), ("run-of-a.x", "run-of-b.y"))


@pytest.mark.parametrize(
    ("result", "number"),
    [
        (value(6) + 2, 8),
        (2 + value(6), 8),
        (value(6) - 2, 4),
        (2 - value(6), -4),
        (value(6) * 2, 12),
        (2 * value(6), 12),
        (value(6) / 2, 3),
        (3 / value(6), 0.5),
        (-value(6), -6),
        (abs(-value(6)), 6),
    ],
)
def test_a_value_computes_like_its_number(result: Value, number: float) -> None:
    """Arithmetic with plain numbers works from both sides."""
    assert result == number


def test_what_rounding_leaves_is_nothing() -> None:
    """A difference of equal numbers is 0, though floats leave 3e-17 of it; a small number is what it is."""
    assert (value(0.3) - 0.1 - 0.2).number == 0
    assert value(2, 0.3, 0.1 + 0.2).spread.number == 0
    assert (value(3e-17) - 1e-17).number == pytest.approx(2e-17)
    assert (value(math.inf) - 1).number == math.inf


def test_units_survive_where_they_mean_something() -> None:
    """Sums keep a common unit, scaling keeps it, a ratio has none."""
    seconds = value(6, unit="s")
    assert [(seconds + seconds).unit, (seconds * 2).unit, (seconds / seconds).unit] == ["s", "s", ""]


def test_spread_is_the_sample_standard_deviation() -> None:
    """The spread over seeds divides by n - 1, and scales with its value."""
    mean = value(2, 1, 2, 3)
    assert (mean.n, mean.spread.number, (mean * 2).spread.number) == (3, 1, 2)


def test_one_seed_has_no_spread() -> None:
    """A spread of one run is an error, never a zero."""
    with pytest.raises(ReportError, match="no spread"):
        _ = value(2, 2).spread


def test_unpaired_seeds_give_no_spread() -> None:
    """A difference of two experiments has no spread: their seeds are not paired."""
    with pytest.raises(ReportError, match="no spread"):
        _ = (value(2, 1, 3) - value(1, 0, 2)).spread


def share(number: float, *samples: float, of: int) -> Value:
    counts, seeds = tuple(of for _ in samples), tuple(range(len(samples)))
    return Value(number, "fraction", ("a.x",), ("run",), Ledger(), samples, counts=counts, seeds=seeds)


def test_what_is_computed_of_a_share_keeps_its_interval() -> None:
    """Errors, percentages and points move and scale the Wilson interval; a quotient by a share has none of it."""
    right = share(0.72, 0.7, 0.72, 0.74, of=100)
    low, high = right.low.number, right.high.number
    assert (100 * right).low.number == pytest.approx(100 * low)
    assert ((1 - right).low.number, (1 - right).high.number) == pytest.approx((1 - high, 1 - low))
    assert (100 * (right - 0.5)).high.number == pytest.approx(100 * (high - 0.5))
    assert ((right / 2).low.number, (-right).low.number) == pytest.approx((low / 2, -high))
    units = [each.unit for each in (100 * right, right * 2, 1 - right, 100 * right / 100, 100 * right * 0.01)]
    assert units == ["%", "fraction", "fraction", "", ""]
    for other in (1 / right, right * 0, right - right):
        with pytest.raises(ReportError, match="no interval"):
            _ = other.low
    with pytest.raises(ReportError, match="no share any more"):
        (1 - right).share()


def test_a_share_of_nothing_has_no_interval() -> None:
    """It can be shown, and asking for its interval is an error that names it."""
    nothing = share(0.0, 0.0, of=0)
    str(nothing)
    assert nothing.ledger.entries[0].interval == ""
    with pytest.raises(ReportError, match=r"a\.x has no interval: it is a share of 0"):
        _ = nothing.low


def test_what_was_set_is_the_same_for_every_seed() -> None:
    """Constants and parameters keep the seeds of what they are computed with."""
    mean = share(0.7, 0.6, 0.8, of=100)
    constant = Value(0.1, "fraction", ("given",), (), Ledger(), (0.1,), is_set=True)
    epochs = Value(10, "", ("net.epochs",), ("run", "other"), Ledger(), (10,), is_set=True)
    for result in (mean - constant, mean - 0.1):
        assert result.samples == pytest.approx((0.5, 0.7))
        assert result.seeds == (0, 1)
    assert (mean / epochs).samples == pytest.approx((0.06, 0.08))
    assert (constant - mean).spread.number == pytest.approx(mean.spread.number)
    assert (mean / epochs).runs == ("run", "other")


def test_values_order_by_number() -> None:
    """The best of several values can be found by comparing them."""
    low, high = value(1), value(2)
    assert max(low, high) is high
    assert low < high <= 2
    assert high != low
    assert high >= 2 > low


def test_a_non_finite_result_never_reaches_a_page() -> None:
    """Showing an infinite or undefined number is an error that names what it came from."""
    with pytest.raises(ReportError, match=r"a\.x is nan"):
        str(value(math.nan))


def test_what_comes_from_a_missing_value_is_missing() -> None:
    """Arithmetic with a placeholder gives a placeholder."""
    result = 1 - value(math.nan, missing="never run")
    mark = result.show(lambda number: ("shown", "shown"))
    assert result.ledger.text(str(mark)) == "[a.x: never run]"


def test_comparing_shows_no_value() -> None:
    """A comparison puts no value among those that the page shows, and infinite numbers have an order, too."""
    low, high = value(1), value(math.inf)
    assert low < high
    assert low != high
    assert low.ledger.entries == high.ledger.entries == []


def test_another_than_what_is_missing_is_undecided() -> None:
    """Whether two values differ is as open as whether they are equal where a result is missing."""
    missing, there = value(math.nan, missing="never run"), value(1)
    for outcome in (missing == there, missing != there, there != missing):
        assert isinstance(outcome, Outcome)
        assert outcome.verdict == UNDECIDED
    assert (there != 2).evidence == (there, " ≠ ", "2")
    assert there != None  # noqa: E711
    assert not (there != value(1))  # noqa: SIM202


@pytest.mark.parametrize(
    ("shown", "interval"),
    [
        (value(5, 1, 9, unit="count"), "−45.82 to 55.82"),
        (Value(1.0, "fraction", ("a.x",), ("run",), Ledger(), (1.0,), counts=(10.0,)), "0.7225 to 1"),
    ],
)
def test_a_whole_number_has_an_interval_with_fractions(shown: Value, interval: str) -> None:
    """A filter that refuses the ends of the interval of a value still writes the value."""
    shown.show(formats.integer)
    assert shown.ledger.entries[-1].interval == interval
