"""What people see while they wait."""

import sys
import time

import pytest

from report_cli.cli.console import EVERY_S, Bar, bars, emit, say


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that the clock shows, in a list of one, to be set."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_a_line_comes_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets a line every ten seconds and one at the end, with the time left at the pace since the first call."""
    bar = Bar("[1/2] walk", estimate_s=400.0)
    for second in range(1, 41):
        clock[0] = float(second)
        bar.update(second, 40, f"{second} of 40")
    bar.close()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 40 // (EVERY_S + 1) + 1
    assert lines[0] == "[1/2] walk: 11 of 40; 29 s left"
    assert lines[-1] == "[1/2] walk: 40 of 40; 0 s left"


def test_what_was_done_before_says_nothing_of_the_pace(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """A fetch that goes on at half the file is as slow as what it fetches itself; before that nothing is known."""
    bar = Bar("a.zip")
    clock[0] = 11.0
    bar.update(50, 100, "half")
    clock[0] = 31.0
    bar.update(60, 100, "more")
    assert capsys.readouterr().err.splitlines() == ["a.zip: half", "a.zip: more; 80 s left"]


def test_the_estimate_holds_until_something_is_done(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """The first call comes after start-up, so it takes what was estimated, less the time that went by."""
    bar = Bar("walk", estimate_s=60.0)
    clock[0] = 20.0
    bar.update(1, 4, "1 of 4")
    assert capsys.readouterr().err == "walk: 1 of 4; 40 s left\n"


def test_on_a_terminal_it_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar shows title and text, no line is left behind, and closing it twice is harmless."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    bar = Bar("walk [bold]")
    bar.update(1, 4, "1 of 4")
    bar.close()
    bar.close()
    assert "walk [bold]" in capsys.readouterr().err


def test_no_text_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What comes from an exception or a file is shown with its control characters spelled out, on both streams."""
    emit("a\x1b[2J")
    say("b\x07")
    assert capsys.readouterr() == ("a\\x1b[2J\n", "b\\x07\n")


def test_bars_of_several_runs_stand_below_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal all runs under way are shown at once; one that ends leaves a line, and the others stay."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    place = bars()
    first, second = Bar("[1/2] walk", place=place), Bar("[2/2] walk seed 1", place=place)
    first.update(1, 4, "1 of 4")
    second.update(3, 4, "3 of 4")
    assert place is not None
    assert [task.description for task in place.tasks] == ["[1/2] walk", "[2/2] walk seed 1"]
    first.close()
    assert [task.description for task in place.tasks] == ["[2/2] walk seed 1"]
    second.close()
    assert place.finished
    assert "walk seed 1" in capsys.readouterr().err
