"""Carries out a plan: lock, measure in the worker, commit; then the figures, under their own key.

Runs are measured elsewhere, several at once, and put into the store here, one after another; figures are drawn and put
there by several threads, each under the lock of its own.
"""

import contextlib
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import msgspec

from report_cli import files, wording
from report_cli.datasets.source import Source
from report_cli.errors import ReportError, RunError
from report_cli.execution import plan as plans
from report_cli.execution.listener import Listener, Progress
from report_cli.execution.local import Event, LocalExecutor, Request, Worker
from report_cli.execution.plan import Name, Plan, Step
from report_cli.execution.worker_client import commit
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.keys import difference
from report_cli.store.manifest import Behind, Commit, Data, Epoch, Manifest, Times, Warned
from report_cli.store.run import FigureFile, Results, Run
from report_cli.store.store import ASKED

# A small run, its figures, and what the report and the logs take beside it.
LEAST_BYTES = 200_000_000
# The run that is being written, and two checkpoints of which the older one goes when the newer one is there.
COPIES = 3
# Starting a worker takes as long as drawing one experiment, so each gets at least so many.
EXPERIMENTS_PER_WORKER = 3
# How often a run that another process is at is looked for again.
POLL_S = 0.1

# A run under way: yields what is to be measured, is sent the answer, and returns the run; None where another process
# is at it.
Measurement = Generator[Request, Event, Run | None]

Figures = dict[str, FigureFile]


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
        request = {"do": "read_in", "source": source.to_json(), "cache": str(self._workspace.cache)}
        return replace(source, digest=self._ask(self._worker, {**request, "sources": self._digests()})["digest"])

    def execute(self, plan: Plan, *, keep_going: bool = False) -> Outcome:
        """Run what is to be run and return every run of the plan, in its order.

        With `keep_going` a failed step stops only those that need it. Otherwise nothing new is started after it, and
        its error is raised when the runs under way have ended.
        """
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
        """Return the figures of each experiment, and for those that can't be drawn the error.

        They are drawn where the drawing code or a run is new.
        """
        from concurrent.futures import Future, ThreadPoolExecutor

        experiments = self._workspace.experiments
        stored = {name: figures_of(self._workspace, experiments[name], each) for name, each in results.items()}
        figures = {name: each for name, each in stored.items() if each is not None}
        todo = [name for name in results if name not in figures]
        workers = [self._worker, *self._more_workers][: max(1, len(todo) // EXPERIMENTS_PER_WORKER)]
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            idle.put(worker)
        drawing: dict[str, Future[Figures]] = {}
        errors = {}
        stop = threading.Event()
        with ThreadPoolExecutor(len(workers)) as pool:
            try:
                for name in todo:
                    drawing[name] = pool.submit(self._draw, name, results[name], idle, stop)
                for name, future in drawing.items():
                    try:
                        figures[name] = future.result()
                    except RunError as error:
                        errors[name] = error
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                while not all(future.done() for future in drawing.values()):
                    # Again and again: a worker may be just about to start its process.
                    for worker in workers:
                        worker.kill()
                    time.sleep(POLL_S)
                raise
        return {name: figures[name] for name in results if name in figures}, errors

    def _draw(self, name: str, results: Results, idle: "SimpleQueue[Worker]", stop: threading.Event) -> Figures:
        experiment, store = self._workspace.experiments[name], self._workspace.store
        figure_key = _figure_key(self._workspace, experiment, results)
        target = store.figure_target(name, figure_key)
        with self._figure_lock(name, target.name, stop):
            # Another process may have drawn them meanwhile.
            if (drawn := figures_of(self._workspace, experiment, results)) is not None:
                return drawn
            worker = idle.get()
            try:
                self._listener.note(f"drawing the figures of {name}")
                with files.staged_folder(store.scratch, target) as folder:
                    runs = [str(run.folder) for run in results]
                    log = self._log(name, "figures")
                    fonts = [str(path) for path in self._workspace.project.fonts.values()]
                    request = {"do": "draw", "runs": runs, "fonts": fonts, "folder": str(folder), "log": str(log)}
                    answer = self._ask(worker, {**request, **self._common(experiment)}, name, log)
            finally:
                idle.put(worker)
            for note in answer["notes"]:
                self._listener.note(note)
            # Whatever else has changed: these were drawn a moment ago.
            drawn = store.figures(name, figure_key)
        assert drawn is not None
        return drawn

    @contextlib.contextmanager
    def _figure_lock(self, name: str, target: str, stop: threading.Event) -> Iterator[None]:
        """Hold the lock of figures, once no other process does; RunError after `stop`."""
        with contextlib.ExitStack() as held:
            told = False
            while not stop.is_set():
                try:
                    held.enter_context(self._workspace.store.lock(name, target))
                except TimeoutError:
                    if not told:
                        self._listener.note(f"waiting for {name}")
                    told = True
                    stop.wait(POLL_S)
                else:
                    yield
                    return
        raise RunError(f"{name}: its figures were not drawn")

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
                log = self._log(name, step.lock_name).name
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
        log = self._log(name, step.lock_name)
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
            with self._told(step.label, log):
                answer = yield {**request, **self._common(step.experiment)}
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

    def _log(self, experiment: str, name: str) -> Path:
        return self._workspace.project.logs / f"{experiment}-{name}.log"

    def _digests(self) -> dict[str, str]:
        return {module.name: module.digest for module in self._workspace.snapshot.read()}

    def _common(self, experiment: Experiment) -> dict[str, Any]:
        return {"experiment": experiment.name, "module": experiment.module, "sources": self._digests()}

    def _ask(self, worker: Worker, request: Request, label: str = "", log: Path | None = None) -> Event:
        with contextlib.closing(worker.ask(request)) as events, self._told(label, log):
            return list(events)[-1]

    @contextlib.contextmanager
    def _told(self, label: str, log: Path | None) -> Iterator[None]:
        """Say of an error within the block what failed, and where it was logged."""
        try:
            yield
        except RunError as error:
            message = f"{label}: {error.message}" if label else error.message
            root = self._workspace.project.root
            place = (log.relative_to(root) if log.is_relative_to(root) else log).as_posix() if log else ""
            logged = f"what it printed is in {place}" if place else ""
            raise RunError(message, error.hint or logged) from error


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


def figures_of(workspace: Workspace, experiment: Experiment, results: Results) -> Figures | None:
    """Return the figures of `results`, which may be none; None where they are to be drawn."""
    if experiment.draw is None or not len(results):
        return {}
    judge = workspace.judge
    return workspace.store.figures(experiment.name, _figure_key(workspace, experiment, results), judge.is_current)


def _figure_key(workspace: Workspace, experiment: Experiment, results: Results) -> str:
    return workspace.judge.figure_key(experiment, {run.key: run.outputs for run in results})
