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

    from report_cli.execution.plan import Step
    from report_cli.execution.runner import Progress
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


class Bar:
    """Shows how much of one thing is done and the time left: a bar on a terminal, else a line now and then."""

    def __init__(self, title: str, estimate_s: float | None = None) -> None:
        self._title = title
        self._estimate_s = estimate_s
        self._began_s = self._said_s = time.monotonic()
        self._first: float | None = None
        self._bar: rich_progress.Progress | None = None
        if sys.stderr.isatty():
            from rich import console, progress

            name, text, left = (
                progress.TextColumn(f"{{task.{field}}}", markup=False)
                for field in ("description", "fields[text]", "fields[left]")
            )
            columns = (name, progress.BarColumn(bar_width=24), text, left)
            self._bar = progress.Progress(*columns, console=console.Console(stderr=True), transient=True)
            self._bar.start()
            self._bar.add_task(title, total=None, text="starting", left="")

    def update(self, done: float, total: float, text: str) -> None:
        """Show that `done` of `total` is done, which `text` says in words."""
        left_s = self._left_s(done, total)
        left = "" if left_s is None else f"{wording.duration(left_s)} left"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, total=total, text=text, left=left)
        elif time.monotonic() - self._said_s > EVERY_S or done == total:
            self._said_s = time.monotonic()
            say(f"{self._title}: {text}" + (f"; {left}" if left else ""))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
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
    """Shows experiment n of m, what is done of it, its metrics and the time left."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._title = ""

    def started(self, step: "Step", number: int, total: int) -> None:
        self.close()
        self._title = f"[{number}/{total}] {step.label}"
        if not sys.stderr.isatty():
            say(f"{self._title}: {step.reason}; about {wording.duration(step.estimate_s)}")
        self._bar = Bar(self._title, step.estimate_s)

    def progressed(self, step: "Step", progress: "Progress") -> None:
        if self._bar is not None:
            values = [f"{name.replace('_', ' ')} {value:.3f}" for name, value in progress.metrics.items()]
            text = ", ".join([f"{progress.epoch} of {progress.epochs}", *values])
            self._bar.update(progress.epochs_done, progress.epochs, text)

    def finished(self, step: "Step", run: "Run") -> None:
        self.close()
        say(f"{self._title}: done in {wording.duration(run.manifest.times.duration_s)}")

    def failed(self, step: "Step", error: ReportError) -> None:
        self.close()

    def note(self, text: str) -> None:
        say(text)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
