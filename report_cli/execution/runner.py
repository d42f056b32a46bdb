"""Carries out a plan: lock, measure in the worker, commit.

Runs are measured elsewhere, several at once, and put into the store here, one after another.
"""

import contextlib
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import msgspec

from report_cli import files, wording
from report_cli.datasets.source import Source
from report_cli.errors import ReportError, RunError
from report_cli.execution import asking
from report_cli.execution import plan as plans
from report_cli.execution.drawing import POLL_S, Drawing, Figures
from report_cli.execution.listener import Listener, Progress
from report_cli.execution.local import Event, LocalExecutor, Request, Worker
from report_cli.execution.plan import Name, Plan, Step
from report_cli.execution.worker_client import commit
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.keys import difference
from report_cli.store.manifest import Behind, Commit, Data, Epoch, Manifest, Times, Warned
from report_cli.store.run import Results, Run
from report_cli.store.store import ASKED

# A small run, its figures, and what the report and the logs take beside it.
LEAST_BYTES = 200_000_000
# The run that is being written, and two checkpoints of which the older one goes when the newer one is there.
COPIES = 3

# A run under way: yields what is to be measured, is sent the answer, and returns the run; None where another process
# is at it.
Measurement = Generator[Request, Event, Run | None]


class Executor(Protocol):
    """Measures several runs at once."""

    def open(self) -> int:
        """Return how many runs it takes at once, once it is ready for them; ReportError where it can't be."""

    def submit(self, name: Name, request: Request, at_once: int) -> None:
        """Measure what `request` asks for, as one of `at_once` runs under way."""

    def event(self, timeout_s: float | None) -> tuple[Name, Event | BaseException] | None:
        """Return the next event of any run, None after `timeout_s`; the last one of a run is "done" or an error."""

    def close(self) -> None:
        """End what is under way, whatever it does."""


class Outcome(msgspec.Struct):
    """What a plan came to: the runs by step, and the steps that failed."""

    runs: dict[Name, Run] = {}
    failures: dict[Name, ReportError] = {}

    def results(self, experiment: str) -> Results:
        """Return the runs of one experiment, by point and seed."""
        return Results(experiment, tuple(run for name, run in sorted(self.runs.items()) if name[0] == experiment))


class _Course(msgspec.Struct):
    """How far a plan is: the steps that wait, in its order, those under way, and those that another process is at."""

    slots: int
    keep_going: bool
    numbers: Mapping[Name, int]
    waiting: dict[Name, Step]
    outcome: Outcome
    running: dict[Name, tuple[Step, Measurement]] = {}
    elsewhere: set[Name] = set()
    noted: set[Name] = set()

    def ready(self) -> list[Step]:
        """Return the steps that wait for nothing but their turn: what they need is there, or has failed."""
        if self.outcome.failures and not self.keep_going:
            return []
        ended = self.outcome.runs.keys() | self.outcome.failures.keys()
        free = (step for name, step in self.waiting.items() if name not in self.elsewhere)
        return [step for step in free if all(ended >= set(names) for names in step.needs.values())]


class Runner:
    """Runs the steps of a plan, one at a time unless its executor takes more. Close it after use.

    `worker` reads data in and draws figures, where there are many with the help of `more_workers`.
    """

    def __init__(
        self,
        workspace: Workspace,
        listener: Listener,
        worker: Worker,
        executor: Executor | None = None,
        more_workers: Sequence[Worker] = (),
    ) -> None:
        self._workspace = workspace
        self._listener = listener
        self._worker = worker
        self._more_workers = more_workers
        self._executor = executor or LocalExecutor([worker])
        self._commit: Commit | None = None
        self._data: Path | None = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.close()
        for worker in (self._worker, *self._more_workers):
            worker.close()

    def read_in(self, source: Source) -> Source:
        """Read real data in, once per archive, and return the source with its digest."""
        self._listener.note(f"reading {source.label} (once)")
        request = {
            "do": "read_in",
            "source": source.to_json(),
            "cache": str(self._workspace.cache),
            "sources": asking.digests(self._workspace),
        }
        return replace(source, digest=asking.ask(self._workspace, self._worker, request)["digest"])

    def execute(self, plan: Plan, *, keep_going: bool = False) -> Outcome:
        """Run what is to be run and return every run of the plan, in its order.

        With `keep_going` a failed step stops only those that need it. Otherwise nothing new is started after it, and
        its error is raised when the runs under way have ended.

        Raises:
            DataError: something needs real images, and there are none here; nothing is run then.
        """
        plan.check_data()
        files.sweep(self._workspace.store.scratch)
        self._workspace.store.set_damaged_aside()
        self._commit = commit(self._workspace.project.root) if plan.todo else None
        self._data = plan.choice.folder
        outcome = Outcome({s.name: s.run for s in plan.steps if s.state == "fresh" and s.run is not None})
        waiting = {s.name: s for s in plan.steps if s.name not in outcome.runs}
        numbers = {name: n for n, name in enumerate(waiting, start=1)}
        self._listener.planned(tuple(waiting.values()))
        course = _Course(self._executor.open() if waiting else 0, keep_going, numbers, waiting, outcome)
        try:
            while course.waiting or course.running:
                self._start(course)
                if not course.running and not course.elsewhere:
                    break
                self._hear(course)
        finally:
            if course.running:  # interrupted: first what writes ends, then its folders go
                self._executor.close()
            for _, measurement in course.running.values():
                measurement.close()
        if outcome.failures and not keep_going:
            raise next(iter(outcome.failures.values()))
        return Outcome({s.name: outcome.runs[s.name] for s in plan.steps if s.name in outcome.runs}, outcome.failures)

    def _start(self, course: _Course) -> None:
        """Start what is ready as far as there is room."""
        course.elsewhere.clear()
        while len(course.running) < course.slots and (ready := course.ready()):
            step, at_once = ready[0], min(course.slots, len(course.running) + len(ready))
            measurement = self._bring_up_to_date(step, course)
            if (request := self._go_on(course, step, measurement)) is not None:
                del course.waiting[step.name]
                course.running[step.name] = step, measurement
                self._executor.submit(step.name, request, at_once)

    def _hear(self, course: _Course) -> None:
        """Take one event of the runs under way; while another process is at one, wait for a moment only."""
        heard = self._executor.event(POLL_S if course.elsewhere else None)
        if heard is None:
            return
        name, event = heard
        step, measurement = course.running[name]
        if isinstance(event, Mapping) and event["event"] == "progress":
            self._listener.progressed(step, Progress(**{k: value for k, value in event.items() if k != "event"}))
        elif isinstance(event, Mapping) and event["event"] == "note":
            self._listener.note(event["text"])
        else:
            del course.running[name]
            self._go_on(course, step, measurement, event)

    def _go_on(
        self, course: _Course, step: Step, measurement: Measurement, event: Event | BaseException | None = None
    ) -> Request | None:
        """Return what a run asks to be measured, or note how it ended."""
        try:
            if isinstance(event, BaseException):
                return measurement.throw(event)
            return next(measurement) if event is None else measurement.send(event)
        except StopIteration as ended:
            if ended.value is None:
                course.elsewhere.add(step.name)
                return None
            course.outcome.runs[step.name] = ended.value
        except ReportError as error:
            self._listener.failed(step, error)
            course.outcome.failures[step.name] = error
        course.waiting.pop(step.name, None)
        return None

    def plan(self, experiments: Sequence[Experiment], request: plans.Request) -> Plan:
        """Return what would have to be run; data that are new are read in."""
        return plans.make(self._workspace, experiments, request, self.read_in)

    def note(self, text: str) -> None:
        """Tell whoever waits."""
        self._listener.note(text)

    def figures(self, results: Mapping[str, Results]) -> tuple[dict[str, Figures], dict[str, RunError]]:
        """Return the figures of each experiment, and for those that can't be drawn the error."""
        return Drawing(self._workspace, self._listener, (self._worker, *self._more_workers)).figures(results)

    def _bring_up_to_date(self, step: Step, course: _Course) -> Measurement:
        store, name, done = self._workspace.store, step.experiment.name, course.outcome
        for need, names in step.needs.items():
            if not done.failures.keys().isdisjoint(names):
                raise RunError(f"{step.label} needs {need}, which failed", f"report run {need}")
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(store.lock(name, step.lock_name))
            except TimeoutError:
                if step.name not in course.noted:
                    course.noted.add(step.name)
                    self._listener.note(f"another process is running {step.label}; waiting for its result")
                return None
            needs = {need: tuple(done.runs[n] for n in names) for need, names in step.needs.items()}
            outputs = {need: [run.outputs for run in runs] for need, runs in needs.items()}
            if step.state != "forced":
                # Another process may have stored it meanwhile; or what it needs came out as it was before.
                now = self._workspace.judge.answer(msgspec.structs.replace(step.question, needs=outputs))
                if now.state == "fresh" and now.run is not None:
                    return now.run
            self._listener.started(step, course.numbers[step.name], len(course.numbers))
            # A disk that is too full says nothing about the run: it is not recorded as failed.
            self._check_room(name, len(course.running) + 1)
            try:
                run = yield from self._measure(step, needs, outputs)
            except ReportError as error:
                log = asking.log_of(self._workspace, name, step.lock_name).name
                message = error.message.removeprefix(f"{step.label}: ")
                store.fail(name, step.lock_name, message, log, step.recipe.parts)
                raise
        self._listener.finished(step, run)
        return run

    def _measure(
        self, step: Step, needs: Mapping[str, Sequence[Run]], outputs: Mapping[str, Sequence[str]]
    ) -> Generator[Request, Event, Run]:
        store, name = self._workspace.store, step.experiment.name
        began_s, started = time.monotonic(), wording.timestamp()
        # Progress made from other runs of what is needed is progress towards another result.
        checkpoints = store.checkpoints(name, step.lock_name, outputs)
        if step.state == "forced":
            files.remove_folder(checkpoints)
        files.write_json(checkpoints / ASKED, step.recipe.parts)
        log = asking.log_of(self._workspace, name, step.lock_name)
        with files.scratch_folder(store.scratch, step.lock_name) as folder:
            request = {
                "do": "measure",
                "profile": step.profile,
                "point": dict(step.point),
                "settings": list(step.settings),
                "seed": step.seed,
                "folder": str(folder),
                "checkpoints": str(checkpoints),
                "source": None if step.source is None else step.source.to_json(),
                "data": None if self._data is None else str(self._data.resolve()),
                "cache": str(self._workspace.cache),
                "needs": {need: [str(run.folder) for run in runs] for need, runs in needs.items()},
                "log": str(log),
                "recipe": step.recipe.digest,
            }
            with asking.told(self._workspace, step.label, log):
                answer = yield {**request, **asking.about(self._workspace, step.experiment)}
            epochs = [Epoch(**each) for each in answer["times"]]
            duration_s = answer.get("duration_s", time.monotonic() - began_s) + answer["earlier_s"]
            times = Times(started, wording.timestamp(), duration_s, epochs)
            manifest = Manifest(
                experiment=name,
                recipe=dict(step.recipe.parts),
                recipe_digest=step.recipe.digest,
                environment=_environment(step, answer),
                inputs=answer["inputs"],
                profile=step.profile if step.experiment.has_profiles else None,
                overrides=dict(step.overrides),
                point=dict(step.point),
                seed=step.seed,
                data=Data(step.source.name, step.source.origin, step.source.label) if step.source else None,
                needs={need: list(each) for need, each in outputs.items()},
                behind=behind([run for runs in needs.values() for run in runs]),
                times=times,
                code=self._commit,
                warnings=[Warned(**each) for each in answer["warnings"]],
                unwatched=answer["unwatched"],
            )
            return store.commit(folder, manifest)

    def _check_room(self, experiment: str, at_once: int) -> None:
        """Raise RunError where the disk has less room than so many runs may need, as far as former ones tell."""
        store = self._workspace.store
        former = [p for p in (store.own / experiment).glob("*") if p.suffix in ("", ".checkpoint") and p.is_dir()]
        needed = max(LEAST_BYTES, COPIES * max(map(files.size_bytes, former), default=0)) * at_once
        free = files.free_bytes(store.own)
        if free < needed:
            others = " with those under way" if at_once > 1 else ""
            raise RunError(
                f"only {wording.size(free)} free in {store.shown(store.own.parent)}, and a run of {experiment}{others} "
                f"needs about {wording.size(needed)}",
                "report gc",
            )


def _environment(step: Step, answer: Event) -> dict[str, str]:
    """Return where a run was computed; RunError where that isn't here and nothing else is wanted."""
    here = step.recipe.environment
    there: dict[str, str] = answer.get("environment", here)
    if step.question.strict_env and there != here:
        other = difference.environments(there, here)
        raise RunError(
            f"{step.label}: computed elsewhere ({other}), and --strict-env asks for a run from here",
            "make the nodes like this machine, or leave out --strict-env",
        )
    return there


def behind(runs: Sequence[Run]) -> list[Behind]:
    """Return these runs and all behind them, each once."""
    listed: dict[str, Behind] = {}
    for run in runs:
        m = run.manifest
        own = Behind(run.experiment, run.key, run.seed, m.point, run.outputs, m.profile, m.overrides, m.data)
        for each in (*m.behind, own):
            listed[f"{each.experiment}/{each.key}"] = each
    return list(listed.values())
