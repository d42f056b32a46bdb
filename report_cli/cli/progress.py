"""What people see while they wait: on a terminal bars, one below the other; elsewhere a line now and then."""

import sys
import time
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from report_cli import wording
from report_cli.cli.console import Paint, is_terminal, say
from report_cli.errors import ReportError

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from report_cli.execution.listener import Progress
    from report_cli.execution.plan import Name, Step
    from report_cli.store.run import Run

# Where there is no terminal, a line is said so often.
EVERY_S = 10.0
# Cells of a bar, and of the curve of a loss.
LEAST_BAR, MOST_BAR, CURVE = 10, 24, 12
BLOCKS = "▁▂▃▄▅▆▇█"
# What metrics of a training are called in the order in which they are shown; others come behind by their own names.
SHORT = {
    "loss": "loss",
    "validation_loss": "val loss",
    "accuracy": "acc",
    "validation_accuracy": "val acc",
    "learning_rate": "rate",
}


def curve(values: Sequence[float], cells: int = CURVE) -> str:
    """Return finite values over time as a row of blocks, each the mean of as many: the lowest is ▁, the highest █."""
    # A loss that diverges has no place among the others; its number stands beside the curve.
    values = [value for value in values if isfinite(value)]
    count = min(cells, len(values))
    parts = [values[len(values) * i // count : len(values) * (i + 1) // count] for i in range(count)]
    means = [sum(part) / len(part) for part in parts]
    low, high = min(means, default=0.0), max(means, default=0.0)
    return "".join(BLOCKS[round((mean - low) / ((high - low) or 1) * (len(BLOCKS) - 1))] for mean in means)


class Bar:
    """Shows how much of one thing is done and the time left: a bar on a terminal, else a line now and then.

    Bars that are shown at the same time share their `place`. `waiting` is what it does before there is anything done.
    """

    def __init__(
        self, title: str, estimate_s: float | None = None, place: "Place | None" = None, waiting: str = "starting"
    ) -> None:
        self.title = title
        self.text = waiting
        self.share: float | None = None
        # What is shown below the bar: the first and the last stay, those between as far as there is room.
        self.details: Sequence[str] = ()
        self._estimate_s = estimate_s
        self._began_s = self._said_s = time.monotonic()
        self._first: float | None = None
        # When it will be done, as far as known.
        self._due_s = None if estimate_s is None else self._began_s + estimate_s
        self._place = place or (Place() if is_terminal(sys.stderr) else None)
        if self._place is not None:
            self._place.add(self)

    @property
    def left_s(self) -> float | None:
        """Seconds until it is done, None where no one knows."""
        return None if self._due_s is None else max(self._due_s - time.monotonic(), 0.0)

    def update(self, done: float, total: float, text: str, details: Sequence[str] = ()) -> None:
        """Show that `done` of `total` is done, which `text` says in words."""
        self.text, self.details, self.share = text, details, done / total if total else None
        left_s, now = self._left_s(done, total), time.monotonic()
        self._due_s = None if left_s is None else now + left_s
        if self._place is None and (now - self._said_s > EVERY_S or done == total):
            self._said_s = now
            said = ", ".join([text, *details])
            say(f"{self.title}: {said}" + ("" if left_s is None else f"; {wording.duration(left_s)} left"))

    def lines(self, width: int, all_left_s: float | None = None) -> "list[Text]":
        """Return what is shown of it in so many columns: the bar with the time left, below it the details."""
        from rich.text import Text

        left = f"  {wording.duration(self.left_s)} left" if self.left_s else ""
        left += "" if all_left_s is None else f" · all {wording.duration(all_left_s)}"
        room = width - len(self.text) - len(left) - 3
        title = _shortened(self.title, room - LEAST_BAR)
        cells = max(min(room - len(title), MOST_BAR), 0)
        full = round((self.share or 0.0) * cells)
        bar = (("━" * full, "green"), ("─" * (cells - full), "dim"))
        lines = [Text.assemble(title, " ", *bar, "  ", self.text, (left, "dim"))]
        if self.details:
            lines.append(Text("  " + fitting(self.details, width - 2), style="dim"))
        return lines

    def close(self) -> None:
        """Take the bar away."""
        if self._place is not None:
            self._place.remove(self)
            self._place = None

    def _left_s(self, done: float, total: float) -> float | None:
        """Return the time left at the pace since the first call, since what was done before says nothing of the pace:
        start-up, or what an earlier command left. Until then what was estimated, None where nothing was."""
        now = time.monotonic()
        if done == total:
            return 0.0
        if self._first is None:
            spent_s, self._first, self._began_s = now - self._began_s, done, now
            return None if self._estimate_s is None else max(self._estimate_s - spent_s, 0.0)
        return (now - self._began_s) / (done - self._first) * (total - done) if done > self._first else None


def fitting(details: Sequence[str], width: int) -> str:
    """Return details in a line of so many columns: the first, the last, and as many of those between as fit."""
    first, between, last = details[0], list(details[1:-1]), details[1:][-1:]
    while between and len("  ".join([first, *between, *last])) > width:
        between.pop()
    return "  ".join([first, *between, *last])[: max(width, 0)]


def _shortened(text: str, width: int) -> str:
    """Return a text in so many columns, with a gap in its middle where it is longer: its end may be what differs."""
    if len(text) <= width:
        return text
    end = max((width - 1) // 3, 0)
    return f"{text[: max(width - 1 - end, 0)]}…{text[len(text) - end :]}"


class Stages:
    """Says what is done to pages at the moment, and how long each stage took; one begins where another ends."""

    left_s = None

    def __init__(self, title: str) -> None:
        self.took_s: dict[str, float] = {}
        self._title = title
        self._name = ""
        self._began_s = 0.0
        self._place = Place() if is_terminal(sys.stderr) else None

    def begin(self, name: str) -> None:
        """Show that this stage has begun."""
        self.end()
        self._name, self._began_s = name, time.monotonic()
        if self._place is None:
            say(f"{self._title}: {name}")
        else:
            self._place.add(self)

    def end(self) -> None:
        """Note how long the stage took that was under way, if there was one."""
        if self._name:
            self.took_s[self._name] = time.monotonic() - self._began_s
            self._name = ""
            if self._place is not None:
                self._place.remove(self)

    def lines(self, width: int, all_left_s: float | None = None) -> "list[Text]":
        """Return what is shown of the stage: for how long it has been under way."""
        from rich.text import Text

        return [Text(f"{self._title}: {self._name}  {wording.duration(time.monotonic() - self._began_s)}"[:width])]


class Place:
    """Where on a terminal bars are shown, one below the other, while there are any."""

    def __init__(self) -> None:
        self._bars: list[Bar | Stages] = []
        # Of runs that haven't begun.
        self.waiting_s: float | None = None
        self._live: Live | None = None

    def add(self, bar: Bar | Stages) -> None:
        """Show one more bar."""
        from rich.console import Console
        from rich.live import Live

        self._bars.append(bar)
        if self._live is None:
            console = Console(stderr=True)
            self._live = Live(console=console, transient=True, get_renderable=lambda: self.shown(console.width))
            self._live.start(refresh=True)

    def remove(self, bar: Bar | Stages) -> None:
        """Show this bar no longer."""
        self._bars.remove(bar)
        if not self._bars and self._live is not None:
            self._live.stop()
            self._live = None

    def shown(self, width: int) -> "Text":
        """Return the lines of all bars in so many columns."""
        from rich.text import Text

        # The thread that draws must not meet a list that changes.
        bars = list(self._bars)
        return Text("\n", no_wrap=True, overflow="crop").join(
            line for bar in bars for line in bar.lines(width, self._all_left_s(bars))
        )

    def _all_left_s(self, bars: Sequence[Bar | Stages]) -> float | None:
        """Return the seconds until all is done, with as many at once as now; None where only these are left."""
        left = [bar.left_s or 0.0 for bar in bars]
        if not self.waiting_s:
            return None
        return max([*left, (sum(left) + self.waiting_s) / max(len(left), 1)])


class ProgressListener:
    """Shows of each run under way that it is n of m, what is done of it, its metrics and the time left."""

    def __init__(self) -> None:
        self._trainings: dict[Name, _Training] = {}
        self._waiting_s: dict[Name, float] = {}
        self._reached: dict[Name, str] = {}
        # Of the runs that ended, by experiment: what they took, and what was estimated.
        self._ended_s: dict[str, tuple[float, float]] = {}
        self._place: Place | None = None
        # When the first run began.
        self._began_s: float | None = None
        # From then to the end of the last one.
        self.ran_s = 0.0

    def planned(self, steps: "Sequence[Step]") -> None:
        self._waiting_s = {step.name: step.estimate_s for step in steps}

    def started(self, step: "Step", number: int, total: int) -> None:
        title = f"[{number}/{total}] {step.label}"
        if self._began_s is None:
            self._began_s = time.monotonic()
        if not is_terminal(sys.stderr):
            say(f"{title}: {step.reason}; about {wording.duration(self._about_s(step.name, step.estimate_s))}")
        elif self._place is None:
            self._place = Place()
        self._trainings[step.name] = _Training(title, self._about_s(step.name, step.estimate_s), self._place)
        self._waiting_s.pop(step.name, None)
        if self._place is not None:
            self._place.waiting_s = sum(self._about_s(name, about_s) for name, about_s in self._waiting_s.items())

    def progressed(self, step: "Step", progress: "Progress") -> None:
        if done := int(progress.epochs_done):
            self._reached[step.name] = f"epoch {done} of {progress.epochs}"
        self._trainings[step.name].update(progress)

    def finished(self, step: "Step", run: "Run") -> None:
        title = self._ended(step)
        took_s, about_s = self._ended_s.get(step.name[0], (0.0, 0.0))
        self._ended_s[step.name[0]] = took_s + run.manifest.times.duration_s, about_s + step.estimate_s
        say(f"{title}: ", Paint("done", "green"), f" in {wording.duration(run.manifest.times.duration_s)}")

    def failed(self, step: "Step", error: ReportError) -> None:
        self._ended(step)
        # The program ends with this error when all runs have ended, which may take hours.
        if self._trainings:
            say(Paint("failed:", "red"), f" {error.message}")

    def note(self, text: str) -> None:
        say(text)

    def reached(self) -> str:
        """Return how far the only run under way is ("epoch 20 of 41"); empty where there are more, or none is known."""
        return self._reached.get(next(iter(self._trainings)), "") if len(self._trainings) == 1 else ""

    def close(self) -> None:
        """Take the bars away."""
        for training in self._trainings.values():
            training.bar.close()
        self._trainings.clear()

    def _about_s(self, name: "Name", estimate_s: float) -> float:
        """Return how long a run takes, as the runs of its experiment that have ended here took longer or shorter."""
        took_s, about_s = self._ended_s.get(name[0], (0.0, 0.0))
        return estimate_s * took_s / about_s if about_s else estimate_s

    def _ended(self, step: "Step") -> str:
        """Take the bar of a run away and return its title."""
        training = self._trainings.pop(step.name, None)
        self._waiting_s.pop(step.name, None)
        if self._began_s is not None:
            self.ran_s = time.monotonic() - self._began_s
        if training is None:
            return step.label
        training.bar.close()
        return training.bar.title


class _Training:
    """A run under way: its bar, the curve of its loss, its latest metrics and its pace."""

    def __init__(self, title: str, estimate_s: float, place: Place | None) -> None:
        # It may never say how far it is.
        self.bar = Bar(title, estimate_s, place, "running")
        # Means of epochs; as long as there is one at most, those of batches.
        self._losses: list[float] = []
        self._early: list[float] = []
        self._metrics: dict[str, float] = {}
        # The first event of an epoch whose time is known: number, images and seconds.
        self._from: tuple[int, int, float] | None = None
        self._images_per_s = 0.0

    def update(self, progress: "Progress") -> None:
        """Show what is done of it."""
        self._metrics |= progress.metrics
        if "loss" in progress.metrics:
            (self._early if progress.steps else self._losses).append(progress.metrics["loss"])
        self._time(progress)
        pace = [f"{self._images_per_s:,.0f} images/s"] if self._images_per_s else []
        details = [*_told(self._metrics, curve(self._losses if len(self._losses) > 1 else self._early)), *pace]
        self.bar.update(progress.epochs_done, progress.epochs, f"{progress.epoch}/{progress.epochs}", details)

    def _time(self, progress: "Progress") -> None:
        """Take the pace since the epoch began: when the one before was over, or with its own first event."""
        if not progress.steps:
            self._from = progress.epoch + 1, 0, progress.seconds
        elif self._from is None or self._from[0] != progress.epoch:
            self._from = progress.epoch, progress.images, progress.seconds
        elif (spent_s := progress.seconds - self._from[2]) > 0:
            self._images_per_s = (progress.images - self._from[1]) / spent_s


def _told(metrics: Mapping[str, float], losses: str) -> list[str]:
    """Return each metric in words, with the curve behind the loss, which comes first."""
    names = sorted(metrics, key=lambda name: [*SHORT, name].index(name))
    told = {name: f"{SHORT.get(name, name.replace('_', ' '))} {_number(name, metrics[name])}" for name in names}
    if losses:
        told["loss"] += f" {losses}"
    return list(told.values())


def _number(name: str, value: float) -> str:
    return (
        f"{100 * value:.1f} %" if name.endswith("accuracy") else f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.3g}"
    )
