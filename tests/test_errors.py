"""How expected failures are told."""

from pathlib import Path

import pytest

from report_cli.errors import CollectedError, Faults, ReportError, UsageError, unknown


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


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a.md:2: unknown name 'valu'", ["  2 | see << valu(1) >>", "    |        ^^^^"]),
        ("a.md:2:5: wrong", ["  2 | see << valu(1) >>", "    |     ^"]),
        ("a.md:2: 'a' is no word of its own", ["  2 | see << valu(1) >>"]),
        ("a.md:9: there is no such line", []),
        ("b.md:1: there is no such file", []),
        ("no place", []),
    ],
)
def test_the_line_at_fault_is_shown(tmp_path: Path, message: str, shown: list[str]) -> None:
    """Below the message stands the line that it names, with a caret where a column or a word is known."""
    (tmp_path / "a.md").write_text("first\nsee << valu(1) >>\n")
    assert ReportError(message, "do it").lines(root=tmp_path).splitlines()[1:] == [*shown, "hint: do it"]


def test_of_a_long_line_the_part_at_fault_is_shown(tmp_path: Path) -> None:
    """A paragraph in one line is cut around the word, and the caret stays below it."""
    (tmp_path / "a.md").write_text("word " * 100 + "valu" + " word" * 100)
    _, line, caret = ReportError("a.md:1: unknown name 'valu'").lines(root=tmp_path).splitlines()
    assert len(line) < 120
    assert line[caret.index("^") : caret.rindex("^") + 1] == "valu"


def test_several_errors_are_told_in_the_order_of_their_places() -> None:
    """Each has its hint, and the last line counts them; a single one is raised as it is."""
    faults = Faults()
    for number in (10, 9, 9):
        faults.note(UsageError(f"a.md:{number}: wrong", f"hint {number}"))
    with pytest.raises(CollectedError) as caught:
        faults.check()
    lines = caught.value.lines().splitlines()
    assert lines == [
        "error: a.md:9: wrong",
        "hint: hint 9",
        "",
        "error: a.md:10: wrong",
        "hint: hint 10",
        "",
        "2 errors",
    ]
    assert caught.value.exit_code == 2
