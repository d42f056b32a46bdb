"""Carries out a plan: lock, measure in the worker, commit; then the figures, under their own key."""

import contextlib
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from report_cli import files, wording
from report_cli.datasets.source import Source
from report_cli.errors import ReportError, RunError
from report_cli.execution.plan import Name, Plan, Step
from report_cli.execution.worker_client import LocalWorker, commit
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.keys import key
from report_cli.store.manifest import Behind, Commit, Data, Epoch, Manifest, Times, Warned
from report_cli.store.run import FigureFile, Results, Run
from report_cli.store.store import ASKED

# A small run, its figures, and what the report and the logs take beside it.
LEAST_BYTES = 200_000_000
# The run that is being written, and two checkpoints of which the older one goes when the newer one is there.
COPIES = 3


@dataclass(frozen=True)
class Progress:
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

    def started(self, step: Step, number: int, total: int) -> None: ...

    def progressed(self, step: Step, progress: Progress) -> None: ...

    def finished(self, step: Step, run: Run) -> None: ...

    def failed(self, step: Step, error: ReportError) -> None: ...

    def note(self, text: str) -> None: ...


class Worker(Protocol):
    """Carries out requests, by default in a process of its own."""

    def ask(self, request: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]: ...

    def close(self) -> None: ...


@dataclass
class Outcome:
    """What a plan came to: the runs by step, and the steps that failed."""

    runs: dict[Name, Run] = field(default_factory=dict)
    failures: dict[Name, ReportError] = field(default_factory=dict)

    def results(self, experiment: str) -> Results:
        """Return the runs of one experiment, by point and seed."""
        return Results(experiment, tuple(run for name, run in sorted(self.runs.items()) if name[0] == experiment))


class Runner:
    """Runs steps one after another in one worker process (in `full` a process per run). Close it after use."""

    def __init__(self, workspace: Workspace, listener: Listener, worker: Worker | None = None) -> None:
        self._workspace = workspace
        self._listener = listener
        self._worker = worker or LocalWorker(workspace.project)
        self._commit: Commit | None = None
        self._data: Path | None = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def read_in(self, source: Source) -> Source:
        """Read real data in, once per archive, and return the source with its digest."""
        self._listener.note(f"reading {source.label} (once)")
        request = {"do": "read_in", "source": source.to_json(), "cache": str(self._workspace.cache)}
        return replace(source, digest=self._ask({**request, "sources": self._digests()})["digest"])

    def execute(self, plan: Plan, *, keep_going: bool = False) -> Outcome:
        """Run what is to be run and return every run of the plan.

        With `keep_going` a failed step stops only those that need it; otherwise its error is raised.
        """
        files.sweep(self._workspace.store.scratch)
        self._workspace.store.set_damaged_aside()
        self._commit = commit(self._workspace.project.root) if plan.todo else None
        self._data = plan.choice.folder
        outcome = Outcome()
        todo = {s.name: n for n, s in enumerate(plan.todo, start=1)}
        for step in plan.steps:
            try:
                if step.name in todo:
                    for need, names in step.needs.items():
                        if any(name in outcome.failures for name in names):
                            raise RunError(f"{step.label} needs {need}, which failed", f"report run {need}")
                    self._listener.started(step, todo[step.name], len(todo))
                outcome.runs[step.name] = self._bring_up_to_date(step, outcome)
            except ReportError as error:
                self._listener.failed(step, error)
                outcome.failures[step.name] = error
                if not keep_going:
                    raise
        return outcome

    def figures(self, experiment: Experiment, results: Results) -> dict[str, FigureFile]:
        """Return the figures of `results`, drawing them where the drawing code or a run is new."""
        if experiment.draw is None or not len(results):
            return {}
        store = self._workspace.store
        outputs = {run.key: run.outputs for run in results}
        figure_key = key.figure_key(experiment, outputs, self._workspace.snapshot)
        drawn = store.figures(experiment.name, figure_key)
        if drawn is not None:
            return drawn
        target = store.figure_target(experiment.name, figure_key)
        with store.lock(experiment.name, target.name, lambda: self._listener.note(f"waiting for {experiment.name}")):
            drawn = store.figures(experiment.name, figure_key)
            if drawn is None:
                self._listener.note(f"drawing the figures of {experiment.name}")
                with files.staged_folder(store.scratch, target) as folder:
                    runs = [str(run.folder) for run in results]
                    log = self._log(experiment.name, "figures")
                    request = {"do": "draw", "runs": runs, "folder": str(folder), "log": str(log)}
                    self._ask({**request, **self._common(experiment)}, experiment.name, log=log)
                drawn = store.figures(experiment.name, figure_key)
        assert drawn is not None
        return drawn

    def _bring_up_to_date(self, step: Step, outcome: Outcome) -> Run:
        if step.state == "fresh" and step.run is not None:
            return step.run
        store, name = self._workspace.store, step.experiment.name

        def waiting() -> None:
            self._listener.note(f"another process is running {step.label}; waiting for its result")

        with store.lock(name, step.lock_name, waiting):
            needs = {need: tuple(outcome.runs[n] for n in names) for need, names in step.needs.items()}
            outputs = {need: [run.outputs for run in runs] for need, runs in needs.items()}
            if step.state != "forced":
                # Another process may have stored it meanwhile; or what it needs came out as it was before.
                now = self._workspace.judge.answer(replace(step.question, needs=outputs))
                if now.state == "fresh" and now.run is not None:
                    return now.run
            # A disk that is too full says nothing about the run: it is not recorded as failed.
            self._check_room(name)
            try:
                run = self._measure(step, needs, outputs)
            except ReportError as error:
                log = self._log(name, step.lock_name).name
                store.fail(name, step.lock_name, error.message, log, step.recipe.parts)
                raise
        self._listener.finished(step, run)
        return run

    def _measure(self, step: Step, needs: Mapping[str, Sequence[Run]], outputs: Mapping[str, Sequence[str]]) -> Run:
        store, name = self._workspace.store, step.experiment.name
        if step.profile == "full":
            self._worker.close()
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
            }
            answer = self._ask({**request, **self._common(step.experiment)}, step.label, step, log)
            epochs = [Epoch(**each) for each in answer["times"]]
            times = Times(started, wording.timestamp(), time.monotonic() - began_s, epochs)
            manifest = Manifest(
                experiment=name,
                recipe=dict(step.recipe.parts),
                recipe_digest=step.recipe.digest,
                environment=step.recipe.environment,
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

    def _check_room(self, experiment: str) -> None:
        """Raise RunError where the disk has less room than a run may need, as far as former ones tell."""
        store = self._workspace.store
        former = [p for p in (store.own / experiment).glob("*") if p.suffix in ("", ".checkpoint") and p.is_dir()]
        needed = max(LEAST_BYTES, COPIES * max(map(files.size_bytes, former), default=0))
        free = files.free_bytes(store.own)
        if free < needed:
            raise RunError(
                f"only {wording.size(free)} free in {store.shown(store.own.parent)}, and a run of {experiment} needs "
                f"about {wording.size(needed)}",
                "report gc",
            )

    def _log(self, experiment: str, name: str) -> Path:
        return self._workspace.project.logs / f"{experiment}-{name}.log"

    def _digests(self) -> dict[str, str]:
        return {module.name: module.digest for module in self._workspace.snapshot.read()}

    def _common(self, experiment: Experiment) -> dict[str, Any]:
        return {"experiment": experiment.name, "module": experiment.module, "sources": self._digests()}

    def _ask(
        self, request: Mapping[str, Any], label: str = "", step: Step | None = None, log: Path | None = None
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        with contextlib.closing(self._worker.ask(request)) as events:
            try:
                for answer in events:
                    match answer:
                        case {"event": "progress", **progress} if step is not None:
                            self._listener.progressed(step, Progress(**progress))
                        case {"event": "note", "text": text}:
                            self._listener.note(text)
            except RunError as error:
                message = f"{label}: {error.message}" if label else error.message
                logged = f"log: {log.relative_to(self._workspace.project.root).as_posix()}" if log else ""
                raise RunError(message, error.hint or logged) from error
        return answer


def behind(runs: Sequence[Run]) -> list[Behind]:
    """Return these runs and all behind them, each once."""
    listed: dict[str, Behind] = {}
    for run in runs:
        m = run.manifest
        own = Behind(run.experiment, run.key, run.seed, m.point, run.outputs, m.profile, m.overrides, m.data)
        for each in (*m.behind, own):
            listed[f"{each.experiment}/{each.key}"] = each
    return list(listed.values())
