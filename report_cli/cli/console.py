"""What people see while they wait (on stderr) and what they get (on stdout)."""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from report_cli import wording
from report_cli.errors import ReportError

if TYPE_CHECKING:
    from rich import progress as rich_progress

    from report_cli.execution.listener import Progress
    from report_cli.execution.plan import Name, Step
    from report_cli.store.run import Run

# Where there is no terminal, a line is said so often.
EVERY_S = 10.0


def say(text: str) -> None:
    """Print a message for people to stderr."""
    typer.echo(wording.printable(text), err=True)


def emit(text: str) -> None:
    """Print a result to stdout."""
    typer.echo(wording.printable(text))


def emit_json(content: Any) -> None:
    """Print a result for other programs to stdout."""
    import json

    typer.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print aligned columns to stdout; the last column takes what is left and is not cut."""
    table = [list(columns), *[list(map(str, row)) for row in rows]]
    widths = [max(len(row[i]) for row in table) for i in range(len(columns))]
    for row in table:
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, columns, strict=True)
        ]
        emit("  ".join(cells).rstrip())


def bars() -> "rich_progress.Progress | None":
    """Return the place for bars on a terminal, one below the other; None where there is no terminal."""
    if not sys.stderr.isatty():
        return None
    from rich import console, progress

    name, text, left = (
        progress.TextColumn(f"{{task.{field}}}", markup=False)
        for field in ("description", "fields[text]", "fields[left]")
    )
    columns = (name, progress.BarColumn(bar_width=24), text, left)
    return progress.Progress(*columns, console=console.Console(stderr=True), transient=True)


class Bar:
    """Shows how much of one thing is done and the time left: a bar on a terminal, else a line now and then.

    Bars that are shown at the same time share their `place`.
    """

    def __init__(
        self, title: str, estimate_s: float | None = None, place: "rich_progress.Progress | None" = None
    ) -> None:
        self._title = title
        self._estimate_s = estimate_s
        self._began_s = self._said_s = time.monotonic()
        self._first: float | None = None
        self._bar = place or bars()
        if self._bar is not None:
            self._task = self._bar.add_task(title, total=None, text="starting", left="")
            self._bar.start()

    def update(self, done: float, total: float, text: str) -> None:
        """Show that `done` of `total` is done, which `text` says in words."""
        left_s = self._left_s(done, total)
        left = "" if left_s is None else f"{wording.duration(left_s)} left"
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, text=text, left=left)
        elif time.monotonic() - self._said_s > EVERY_S or done == total:
            self._said_s = time.monotonic()
            say(f"{self._title}: {text}" + (f"; {left}" if left else ""))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.remove_task(self._task)
            if not self._bar.task_ids:
                self._bar.stop()
            self._bar = None

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


class ProgressListener:
    """Shows of each run under way that it is n of m, what is done of it, its metrics and the time left."""

    def __init__(self) -> None:
        self._bars: dict[Name, tuple[str, Bar]] = {}
        self._reached: dict[Name, str] = {}
        self._place: rich_progress.Progress | None = None

    def started(self, step: "Step", number: int, total: int) -> None:
        title = f"[{number}/{total}] {step.label}"
        if not sys.stderr.isatty():
            say(f"{title}: {step.reason}; about {wording.duration(step.estimate_s)}")
        self._place = self._place or bars()
        self._bars[step.name] = title, Bar(title, step.estimate_s, self._place)

    def progressed(self, step: "Step", progress: "Progress") -> None:
        values = [f"{name.replace('_', ' ')} {value:.3f}" for name, value in progress.metrics.items()]
        text = ", ".join([f"{progress.epoch} of {progress.epochs}", *values])
        if done := int(progress.epochs_done):
            self._reached[step.name] = f"epoch {done} of {progress.epochs}"
        self._bars[step.name][1].update(progress.epochs_done, progress.epochs, text)

    def finished(self, step: "Step", run: "Run") -> None:
        say(f"{self._ended(step)}: done in {wording.duration(run.manifest.times.duration_s)}")

    def failed(self, step: "Step", error: ReportError) -> None:
        self._ended(step)
        # The program ends with this error when all runs have ended, which may take hours.
        if self._bars:
            say(f"failed: {error.message}")

    def note(self, text: str) -> None:
        say(text)

    def reached(self) -> str:
        """Return how far the only run under way is ("epoch 20 of 41"); empty where there are more, or none is known."""
        return self._reached.get(next(iter(self._bars)), "") if len(self._bars) == 1 else ""

    def close(self) -> None:
        """Take the bars away."""
        for _, bar in self._bars.values():
            bar.close()
        self._bars.clear()

    def _ended(self, step: "Step") -> str:
        """Take the bar of a run away and return its title."""
        title, bar = self._bars.pop(step.name, (step.label, None))
        if bar is not None:
            bar.close()
        return title
