"""How durations, sizes, lists and lines read."""

import pytest

from report_cli import wording


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (7_140, "119 min"), (7_500, "2 h 05 min")],
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
