"""What people see while they wait."""

import re
import time
from types import SimpleNamespace

import pytest

from report_cli.cli import progress
from report_cli.cli.progress import BLOCKS, EVERY_S, LEAST_BAR, Bar, Place, ProgressListener, curve
from report_cli.errors import ReportError
from report_cli.execution.listener import Progress
from tests.cli.captures import step, train


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that the clock shows, in a list of one, to be set."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stderr be a terminal."""
    monkeypatch.setattr(progress, "is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")


def test_without_a_terminal_a_line_comes_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets a line every ten seconds and one at the end, with the time left at the pace since the first call."""
    bar = Bar("[1/2] walk", estimate_s=400.0)
    for second in range(1, 41):
        clock[0] = float(second)
        bar.update(second, 40, f"{second}/40", ["loss 1.5"])
    bar.close()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 40 // (EVERY_S + 1) + 1
    assert lines[0] == "[1/2] walk: 11/40, loss 1.5; 29 s left"
    assert lines[-1] == "[1/2] walk: 40/40, loss 1.5; 0 s left"


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


def test_on_a_terminal_it_is_a_bar(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar shows title and text, no line is left behind, and closing it twice is harmless."""
    bar = Bar("walk [bold]")
    bar.update(1, 4, "1 of 4")
    bar.close()
    bar.close()
    assert "walk [bold]" in capsys.readouterr().err


def test_bars_of_several_runs_stand_below_each_other(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal all runs under way are shown at once; one that ends leaves the others."""
    place = Place()
    first, second = Bar("[1/2] walk", place=place), Bar("[2/2] walk seed 1", place=place)
    first.update(1, 4, "1 of 4")
    second.update(3, 4, "3 of 4")
    assert [re.split(" [━─]", line)[0] for line in place.shown(80).plain.splitlines()] == [
        "[1/2] walk",
        "[2/2] walk seed 1",
    ]
    first.close()
    assert [re.split(" [━─]", line)[0] for line in place.shown(80).plain.splitlines()] == ["[2/2] walk seed 1"]
    second.close()
    assert place.shown(80).plain == ""
    assert "[1/2] walk" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_a_training_fits_the_terminal(terminal: None, clock: list[float], columns: int) -> None:
    """Whatever the name and the metrics are, the bar, both times, the curve of the loss and the pace are there."""
    listener = ProgressListener()
    long = "cifar-less-data network=inception train=240 seed 1"
    training, waiting = step(long, 70.0), step("cifar-deeper", 30.0)
    listener.planned([training, waiting])
    listener.started(training, 19, 25)
    train(listener, training, clock)
    assert listener._place is not None
    lines = listener._place.shown(columns).plain.splitlines()
    listener.close()
    assert len(lines) == 2
    assert all(len(line) <= columns for line in lines)
    above, below = lines
    assert above.startswith("[19/25] cifar-less-data")
    assert "seed 1 ━" in above
    assert above.count("━") + above.count("─") >= LEAST_BAR
    assert "  8/20  " in above
    assert above.endswith(" s left · all 54 s")
    assert below.startswith(f"  loss 1.352 {BLOCKS[-1]}")
    assert f"{BLOCKS[0]}  val loss 1.400" in below
    assert below.endswith("  400 images/s")
    assert ("rate 0.001" in below) == (columns > 80)


def test_metrics_go_from_the_right(terminal: None, clock: list[float]) -> None:
    """Of many metrics those behind are left out, and the pace stays."""
    listener, training = ProgressListener(), step("walk", 70.0)
    listener.started(training, 1, 1)
    train(listener, training, clock)
    listener.progressed(training, Progress(8, 20, 8, 9, 450, clock[0] + 0.125, {f"metric_{n}": 2.0 for n in range(9)}))
    assert listener._place is not None
    (_, below) = listener._place.shown(100).plain.splitlines()
    listener.close()
    assert "metric 0 2.000" not in below or "metric 8" not in below
    assert below.endswith("  400 images/s")


def test_the_time_before_the_first_epoch_is_told(terminal: None, clock: list[float]) -> None:
    """A run may never say how far it is, and is running all the same."""
    listener = ProgressListener()
    listener.started(step("walk", 20.0), 1, 1)
    assert listener._place is not None
    shown = listener._place.shown(80).plain.splitlines()
    listener.close()
    assert shown[0].endswith("  running  20 s left")


def test_runs_that_ended_tell_of_the_next(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """What runs of an experiment took tells how long the others of it take; those of another stay as estimated."""
    listener = ProgressListener()
    first, second, other = step("walk", 5.0), step("walk again", 10.0), step("net", 5.0)
    done = SimpleNamespace(manifest=SimpleNamespace(times=SimpleNamespace(duration_s=1.0)))
    listener.started(first, 1, 3)
    listener.finished(first, done)
    listener.started(second, 2, 3)
    listener.started(other, 3, 3)
    told = capsys.readouterr().err
    listener.close()
    assert re.findall(r"about (.*)", told) == ["5 s", "2 s", "5 s"]


def test_only_runs_count_as_the_time_of_runs(clock: list[float]) -> None:
    """It goes from the start of the first run to the end of the last: neither planning nor drawing is in it."""
    listener, first, second = ProgressListener(), step("walk", 20.0), step("net", 20.0)
    clock[0] = 100.0
    assert listener.ran_s == 0
    listener.started(first, 1, 2)
    clock[0] = 107.0
    listener.failed(first, ReportError("it fell"))
    listener.started(second, 2, 2)
    clock[0] = 110.0
    listener.failed(second, ReportError("it fell"))
    clock[0] = 500.0
    assert listener.ran_s == 10


def test_the_curve_of_a_loss_falls_as_it_does() -> None:
    """Many values are as many means; equal ones are a flat line, and none are nothing."""
    assert curve([4.0, 3.0, 2.0, 1.0], 4) == BLOCKS[7] + BLOCKS[5] + BLOCKS[2] + BLOCKS[0]
    assert len(curve([float(n) for n in range(1000)])) == 12
    assert curve([1.0, 1.0]) == BLOCKS[0] * 2
    assert curve([]) == ""


def test_a_loss_that_diverges_is_no_end() -> None:
    """What isn't finite is no point of the curve; of nothing else it is empty, as its number stands beside it."""
    assert curve([float("nan"), 2.0, 1.0, float("inf")]) == curve([2.0, 1.0])
    assert curve([float("nan")]) == ""
