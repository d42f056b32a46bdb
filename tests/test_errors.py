"""How expected failures are told."""

import pytest

from report_cli.errors import ReportError, unknown


def test_an_error_has_a_line_and_its_hint_another() -> None:
    """Whatever text an exception brings, the terminal and the live page get one line for it and one for the hint."""
    error = ReportError("broken:\n  \x1b[31mred\x1b[0m", "report run\nwalk")
    assert error.lines().splitlines() == [r"error: broken: \x1b[31mred\x1b[0m", "hint: report run walk"]
    assert ReportError("broken").lines() == "error: broken"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("theroy", "did you mean theory?"),
        ("wlak", "did you mean walk or walked?"),
        ("zzz", "known: theory, walk, walked"),
    ],
)
def test_near_misses_come_first(name: str, hint: str) -> None:
    """What is unknown names what was most likely meant, or all there is."""
    assert unknown("experiment", name, ["walk", "walked", "theory"]).hint == hint
