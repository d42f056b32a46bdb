from decimal import Decimal

import pytest
from report_cli.report.text.rounding import rounded


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (rounded(0.575, 0, 100), "58"),
        (rounded(0.425, 0, 100), "43"),
        (rounded(0.865, 0, 100), "87"),
        (rounded(-0.865, 0, 100), "-87"),
        (rounded(0.5749, 0, 100), "57"),
        (rounded(100 * 0.575, 0), "58"),
        (rounded(2.5, 0), "3"),
        (rounded(1.005, 2), "1.01"),
        (rounded(7, 2), "7.00"),
        (rounded(0.00000012345, 9), "1.23E-7"),
    ],
)
def test_halves_go_away_from_zero(result: Decimal, text: str) -> None:
    """What looks like a half in decimal digits is rounded away from zero, whatever the float is exactly."""
    assert str(result) == text


@pytest.mark.parametrize("number", [-0.0, -0.004, -1e-300])
def test_nothing_has_a_sign(number: float) -> None:
    """What is rounded to nothing has no sign."""
    assert f"{rounded(number, 2):f}" == "0.00"


@pytest.mark.parametrize("number", [10.0**15, 2.0**63, 1.7e308])
def test_large_numbers_keep_their_digits(number: float) -> None:
    """A whole number of any size is shown digit by digit."""
    assert f"{rounded(number, 12):f}" == f"{number:.12f}"
