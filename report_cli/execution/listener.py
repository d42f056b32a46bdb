"""Who is told what happens while experiments run."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from report_cli.errors import ReportError
from report_cli.execution.plan import Step
from report_cli.store.run import Run


class Progress(msgspec.Struct, frozen=True):
    """How far a run is: in an epoch of so many, after a step of so many (0 of 0: the epoch is over).

    `images` were seen in this epoch, `seconds` have passed since the run began, `metrics` are the latest by name.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    images: int
    seconds: float
    metrics: Mapping[str, float]

    @property
    def epochs_done(self) -> float:
        """How many epochs are done, a part of one by its steps; its last step is not yet all of it."""
        return self.epoch - 1 + self.step / (self.steps + 1) if self.steps else self.epoch


class Listener(Protocol):
    """Is told what happens, for the person who waits."""

    def planned(self, steps: Sequence[Step]) -> None: ...

    def started(self, step: Step, number: int, total: int) -> None: ...

    def progressed(self, step: Step, progress: Progress) -> None: ...

    def finished(self, step: Step, run: Run) -> None: ...

    def failed(self, step: Step, error: ReportError) -> None: ...

    def note(self, text: str) -> None: ...


class Silence:
    """The listener of someone who doesn't want to be told."""

    def planned(self, steps: Sequence[Step]) -> None: ...

    def started(self, step: Step, number: int, total: int) -> None: ...

    def progressed(self, step: Step, progress: Progress) -> None: ...

    def finished(self, step: Step, run: Run) -> None: ...

    def failed(self, step: Step, error: ReportError) -> None: ...

    def note(self, text: str) -> None: ...
