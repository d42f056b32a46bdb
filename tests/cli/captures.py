"""Makes `docs/terminal.md`, what a newcomer sees in 80 columns: python -m tests.cli.captures."""

import re
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from report_cli.cli.progress import Place, ProgressListener
from report_cli.execution.listener import Progress
from tests.cli.terminal import on_terminal, screen
from tests.conftest import edit

PAGE = Path(__file__).parents[2] / "docs" / "terminal.md"
# What is another on every day and machine.
VARYING = re.compile(r" +\d+(\.\d+)? (s|min)\b *| \d\d:\d\d")
TEXT = """# In the terminal

What a terminal of 80 columns shows. These are captures: `python -m tests.cli.captures` makes them, and a test says
when one is out of date. Colours mark what is well (green), out of date (yellow) or failed (red); `NO_COLOR=1` leaves
them out, and a pipe gets plain lines without bars. A file that was written is a link where the terminal knows links.

A new project, made by `report new homework5`:

{new}
{build}
After an edit of `experiments/pi.py`:

{edited}
A training takes two lines, in which the bar, the time left of the run and of all, the curve of the loss and the pace
always have room:

{training}
"""


def captures(folder: Path) -> dict[str, str]:
    """Return the captures, made with a new project in `folder`."""
    assert on_terminal(folder, "new", "homework5")[0] == 0
    project = folder / "homework5"
    made = {"new": _shown(project, "status"), "build": _shown(project, "build", "report")}
    edit(project / "experiments" / "pi.py", "4 * inside", "4.0 * inside")
    return {**made, "edited": _shown(project, "status"), "training": _block("report build homework4", training(80))}


def training(columns: int) -> str:
    """Return the lines of a training in its eighth epoch of twenty, while another run waits."""
    clock, listener, place = [0.0], ProgressListener(), Place()
    listener._place = place
    run, waiting = step("cifar-inception-deep", 70.0), step("cifar-deeper", 75.0)

    def now() -> float:
        return clock[0]

    with mock.patch("time.monotonic", now):
        listener.planned([run, waiting])
        listener.started(run, 19, 25)
        train(listener, run, clock)
        shown = place.shown(columns).plain
        listener.close()
    return f"{shown}\n"


def step(name: str, estimate_s: float) -> Any:
    """Return what a listener takes of a step."""
    return SimpleNamespace(label=name, name=name, estimate_s=estimate_s, reason="never run")


def train(listener: ProgressListener, run: Any, clock: list[float]) -> None:
    """Let seven epochs and a half of twenty go by, each of 400 images in a second, and one more for validation."""
    for epoch in range(1, 9):
        values = {"loss": 1.1 + 1.5 * 0.8**epoch, "accuracy": 0.3 + 0.04 * epoch}
        for part in (1, 2):
            clock[0] += 0.5
            listener.progressed(run, Progress(epoch, 20, 4 * part, 8, 200 * part, clock[0], values))
        if epoch < 8:
            clock[0] += 1.0
            checked = {**values, "validation_loss": 1.4, "validation_accuracy": 0.5, "learning_rate": 1e-3}
            listener.progressed(run, Progress(epoch, 20, 0, 0, 0, clock[0], checked))


def same(text: str) -> str:
    """Return captures without what is another on every day and machine."""
    return VARYING.sub(" TIME ", text)


def page(folder: Path) -> str:
    """Return `docs/terminal.md` as it would be made now."""
    return TEXT.format(**captures(folder))


def _shown(project: Path, *arguments: str) -> str:
    code, written = on_terminal(project, *arguments)
    assert code == 0, written
    return _block(f"report {' '.join(arguments)}", screen(written))


def _block(command: str, text: str) -> str:
    return f"```console\n$ {command}\n{text}```\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(page(Path(made)), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
