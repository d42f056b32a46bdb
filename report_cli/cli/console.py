"""What people see while they wait (on stderr) and what they get (on stdout)."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from report_cli import wording
from report_cli.errors import ReportError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from report_cli.execution.plan import Step
    from report_cli.store.run import Run


def say(text: str) -> None:
    """Print a message for people to stderr."""
    typer.echo(text, err=True)


def emit(text: str) -> None:
    """Print a result to stdout."""
    typer.echo(text)


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


class ProgressListener:
    """Shows experiment n of m, epoch, metrics and the time left: a bar on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._began_s = 0.0
        self._first = 0
        self._estimate_s = 0.0
        self._told_s = 0.0
        self._title = ""

    def started(self, step: "Step", number: int, total: int) -> None:
        self._began_s = self._told_s = time.monotonic()
        self._first = -1
        self._estimate_s = step.estimate_s
        self._title = f"[{number}/{total}] {step.label}"
        if sys.stderr.isatty():
            self._open_bar()
        else:
            say(f"{self._title}: {step.reason}; about {wording.duration(step.estimate_s)}")

    def progressed(self, step: "Step", done: int, total: int, metrics: Mapping[str, float]) -> None:
        left = self._left_s(done, total)
        shown = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in metrics.items())
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, metrics=shown, left=wording.duration(left))
        elif time.monotonic() - self._told_s > 10 or done == total:
            self._told_s = time.monotonic()
            say(f"{self._title}: epoch {done} of {total}, {shown}; {wording.duration(left)} left")

    def _left_s(self, done: int, total: int) -> float:
        """Return the time left at the pace since the first epoch that was done here, which start-up doesn't slow."""
        now = time.monotonic()
        if self._first < 0:
            self._first, started_s = done, self._began_s
            self._began_s = now
            return max(self._estimate_s - (now - started_s), 0) if done < total else 0
        return (now - self._began_s) / (done - self._first) * (total - done) if done > self._first else 0

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
            self._bar.stop()
            self._bar = None

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.close()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[metrics]}", markup=False),
            TextColumn("{task.fields[left]} left", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=1, metrics="starting", left="?")
