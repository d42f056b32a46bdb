"""The run wing without its processes: plans, runs and commits as the program does, in a few milliseconds a run."""

import sys
import textwrap
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from report_cli.errors import ReportError, RunError
from report_cli.execution import plan as plans
from report_cli.execution.plan import Plan, Request, Step
from report_cli.execution.runner import Outcome, Progress, Runner
from report_cli.execution.worker import Worker
from report_cli.execution.workspace import DataChoice, Workspace
from report_cli.project import Project, Settings
from report_cli.store.run import Run
from tests.walking import WALK


class InlineWorker:
    """Does in this process what the worker process does."""

    log = Path("worker.log")

    def __init__(self, project: Project) -> None:
        self._events: list[dict[str, Any]] = []
        self._worker = Worker(project, lambda event: self._events.append(dict(event)))

    def ask(self, request: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
        self._events.clear()
        with _without_tests():
            self._worker.serve(request)
        for event in self._events:
            if event["event"] == "failed":
                raise RunError(event["message"], event["hint"])
            yield event

    def kill(self) -> None:
        pass

    def close(self) -> None:
        pass


@contextmanager
def _without_tests() -> Iterator[None]:
    """Hide the modules of the tests, which are in no worker's process: what a run imports is looked for by file."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "tests"}
    try:
        yield
    finally:
        sys.modules.update(hidden)


@dataclass
class Notes:
    """Listens, and remembers what was said."""

    said: list[str] = field(default_factory=list)

    def planned(self, steps: Sequence[Step]) -> None: ...

    def started(self, step: Step, number: int, total: int) -> None:
        self.said.append(f"started {step.label}")

    def progressed(self, step: Step, progress: Progress) -> None:
        self.said.append(f"epoch {progress.epoch}")

    def finished(self, step: Step, run: Run) -> None:
        self.said.append(f"finished {step.label}")

    def failed(self, step: Step, error: ReportError) -> None:
        self.said.append(f"failed {step.label}: {error.message}")

    def note(self, text: str) -> None:
        self.said.append(text)


@dataclass(frozen=True)
class Made:
    """What came of a command: its plan, its runs, and what was said."""

    plan: Plan
    outcome: Outcome
    said: list[str]

    @property
    def epochs(self) -> list[int]:
        """The epochs that were trained, in their order."""
        return [int(text.split()[1]) for text in self.said if text.startswith("epoch ")]

    @property
    def outputs(self) -> str:
        """The digest of everything that the only run measured."""
        (run,) = self.outcome.runs.values()
        return run.outputs


def made(root: Path, *, fresh: bool = True) -> Project:
    """Return a project with the small experiment; it may be there already unless it has to be `fresh`."""
    (root / "experiments").mkdir(parents=True, exist_ok=not fresh)
    (root / "experiments" / "walk.py").write_text(textwrap.dedent(WALK))
    (root / "pyproject.toml").write_text("[tool.report]\n")
    return Project(root, Settings())


def run(project: Project, *names: str, settings: tuple[str, ...] = (), force: bool = False) -> Made:
    """Bring the runs of `names` up to date, one after another in one worker, as `report run` does."""
    notes = Notes()
    workspace = Workspace.open(project, notes.note)
    request = Request("quick", DataChoice(None, "drawn"), settings, None, force)
    with Runner(workspace, notes, InlineWorker(project)) as runner:
        plan = plans.make(workspace, workspace.registry.select(names), request, runner.read_in)
        outcome = runner.execute(plan)
        runner.figures({name: outcome.results(name) for name in names})
        return Made(plan, outcome, notes.said)
