"""How durations, sizes, numbers, lists and lines read."""

from decimal import Decimal

import pytest

from report_cli import wording
from report_cli.wording import round_by_hand


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.4, "0.4 s"),
        (0.01, "0.1 s"),
        (0.96, "1 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (7_140, "119 min"),
        (7_500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """A duration is told in the unit that keeps it short."""
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (12e6, "12 MB"),
        (3.24e9, "3.2 GB"),
    ],
)
def test_sizes(size: float, text: str) -> None:
    """A size is told in the unit that keeps it short, and never as 1000 of one."""
    assert wording.size(int(size)) == text


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists(words: list[str], text: str) -> None:
    """The last word of a list is joined by "and"."""
    assert wording.listing(words) == text


def test_what_a_terminal_obeys_is_spelled_out() -> None:
    """Escapes, bells, carriage returns and lone surrogates are shown; letters, spaces and line breaks stay."""
    assert wording.printable("\x1b[31mred\x07\r\ud800") == r"\x1b[31mred\x07\r\ud800"
    assert wording.printable("Größe: 3\N{NO-BREAK SPACE}% π 猫\nnext") == "Größe: 3\N{NO-BREAK SPACE}% π 猫\nnext"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (round_by_hand(0.575, 0, 100), "58"),
        (round_by_hand(0.425, 0, 100), "43"),
        (round_by_hand(0.865, 0, 100), "87"),
        (round_by_hand(-0.865, 0, 100), "-87"),
        (round_by_hand(0.5749, 0, 100), "57"),
        (round_by_hand(100 * 0.575, 0), "58"),
        (round_by_hand(2.5, 0), "3"),
        (round_by_hand(1.005, 2), "1.01"),
        (round_by_hand(7, 2), "7.00"),
        (round_by_hand(0.00000012345, 9), "1.23E-7"),
    ],
)
def test_halves_go_away_from_zero(result: Decimal, text: str) -> None:
    """What looks like a half in decimal digits is rounded away from zero, whatever the float is exactly."""
    assert str(result) == text


@pytest.mark.parametrize("number", [-0.0, -0.004, -1e-300])
def test_nothing_has_a_sign(number: float) -> None:
    """What is rounded to nothing has no sign."""
    assert f"{round_by_hand(number, 2):f}" == "0.00"


@pytest.mark.parametrize("number", [10.0**15, 2.0**63, 1.7e308])
def test_large_numbers_keep_their_digits(number: float) -> None:
    """A whole number of any size is shown digit by digit."""
    assert f"{round_by_hand(number, 12):f}" == f"{number:.12f}"
