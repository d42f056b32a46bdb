"""Carries out a plan: lock, measure in the worker, commit; then the figures, under their own key."""

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from report_cli import files, wording
from report_cli.datasets.spec import Source
from report_cli.errors import ReportError, RunError
from report_cli.execution import space
from report_cli.execution.plan import Plan, Step
from report_cli.execution.worker_client import LocalWorker
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment
from report_cli.keys import key as fingerprint
from report_cli.store.store import ASKED, FigureFile, Run


class Listener(Protocol):
    """Is told what happens, for the person who waits."""

    def started(self, step: Step, number: int, total: int) -> None: ...

    def progressed(self, step: Step, done: int, total: int, metrics: Mapping[str, float]) -> None: ...

    def finished(self, step: Step, run: Run) -> None: ...

    def failed(self, step: Step, error: ReportError) -> None: ...

    def note(self, text: str) -> None: ...


class Worker(Protocol):
    """Carries out requests, by default in a process of its own."""

    @property
    def log(self) -> Path: ...

    def ask(self, request: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]: ...

    def close(self) -> None: ...


@dataclass
class Outcome:
    """What a plan came to: the runs by step, and the steps that failed."""

    runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    failures: dict[tuple[str, int], ReportError] = field(default_factory=dict)


class Runner:
    """Runs steps one after another in one worker process (in `full` a process per run). Close it after use."""

    def __init__(self, workspace: Workspace, listener: Listener, worker: Worker | None = None) -> None:
        self._workspace = workspace
        self._listener = listener
        self._worker = worker or LocalWorker(workspace.project)

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def read_in(self, source: Source) -> Source:
        """Read real images in, once per archive, and return the source with their digest."""
        self._listener.note(f"reading {source.label} (once)")
        request = {"do": "read_in", "source": source.to_json(), "cache": str(self._workspace.cache)}
        answer = self._ask({**request, "sources": self._digests()})
        return replace(source, digest=answer["digest"])

    def execute(self, plan: Plan, *, keep_going: bool = False) -> Outcome:
        """Run what is to be run and return every run of the plan.

        With `keep_going` a failed step stops only those that need it; otherwise its error is raised.
        """
        files.sweep(self._workspace.store.scratch)
        self._workspace.store.set_damaged_aside()
        outcome = Outcome()
        todo = {(s.experiment.name, s.seed): n for n, s in enumerate(plan.todo, start=1)}
        for step in plan.steps:
            name = (step.experiment.name, step.seed)
            try:
                if name in todo:
                    self._check_needs(step, outcome)
                    self._listener.started(step, todo[name], len(todo))
                outcome.runs[name] = self._bring_up_to_date(step, outcome)
            except ReportError as error:
                self._listener.failed(step, error)
                outcome.failures[name] = error
                if not keep_going:
                    raise
        return outcome

    def figures(self, experiment: Experiment, run: Run) -> dict[str, FigureFile]:
        """Return the figures of `run`, drawing them where the drawing code or the run is new."""
        if experiment.draw is None:
            return {}
        figure_key = fingerprint.figure_key(experiment, run.outputs, self._workspace.snapshot)
        store = self._workspace.store
        drawn = store.figures(run, figure_key)
        if drawn is not None:
            return drawn
        with store.lock(experiment.name, run.key, lambda: self._listener.note(f"waiting for {experiment.name}")):
            drawn = store.figures(run, figure_key)
            if drawn is None:
                self._listener.note(f"drawing the figures of {experiment.name}")
                with files.staged_folder(store.scratch, store.figure_target(run, figure_key)) as folder:
                    request = {"do": "draw", "run": str(run.folder), "folder": str(folder)}
                    self._ask({**request, **self._common(experiment)}, experiment.name)
                drawn = store.figures(run, figure_key)
        assert drawn is not None
        return drawn

    def _bring_up_to_date(self, step: Step, outcome: Outcome) -> Run:
        if step.state == "fresh" and step.run is not None:
            return step.run
        store, name, key = self._workspace.store, step.experiment.name, step.key

        def waiting() -> None:
            self._listener.note(f"another process is running {step.label}; waiting for its result")

        with store.lock(name, key, waiting):
            needs = {need: outcome.runs[need, seed] for need, seed in step.needs}
            if step.state != "forced":
                # Another process may have stored it meanwhile; or what it needs came out as it was before.
                found = store.find(name, step.recipe.digest, fingerprint.environment(), strict=step.strict_env)
                if found is not None and found.used({need: run.outputs for need, run in needs.items()}):
                    return found
            # A disk that is too full says nothing about the run: it is not recorded as failed.
            space.check_room(store, name)
            try:
                run = self._measure(step, needs)
            except ReportError as error:
                store.fail(name, key, error.message, self._worker.log.name, step.recipe.parts)
                raise
        self._listener.finished(step, run)
        return run

    def _measure(self, step: Step, needs: Mapping[str, Run]) -> Run:
        store, name, key = self._workspace.store, step.experiment.name, step.key
        if step.profile == "full":
            self._worker.close()
        began, started = wording.monotonic_s(), wording.now()
        # Progress made from other runs of what is needed is progress towards another result.
        checkpoints = store.checkpoints(name, key, {need: run.outputs for need, run in needs.items()})
        if step.state == "forced":
            files.remove_folder(checkpoints)
        files.write_json(checkpoints / ASKED, step.recipe.parts)
        with files.scratch_folder(store.scratch, key) as folder:
            request = {
                "do": "measure",
                "profile": step.profile,
                "settings": list(step.order.settings),
                "seed": step.seed,
                "folder": str(folder),
                "checkpoints": str(checkpoints),
                "source": step.source and step.source.to_json(),
                "cache": str(self._workspace.cache),
                "needs": {need: str(run.folder) for need, run in needs.items()},
            }
            self._ask({**request, **self._common(step.experiment)}, step.label, step)
            times = {"started": started, "finished": wording.now(), "duration_s": wording.monotonic_s() - began}
            return store.commit(folder, name, key, _facts(step, needs, times))

    def _check_needs(self, step: Step, outcome: Outcome) -> None:
        for need, seed in step.needs:
            if (need, seed) in outcome.failures:
                raise RunError(f"{step.label} needs {need}, which failed", f"report run {need}")

    def _common(self, experiment: Experiment) -> dict[str, Any]:
        return {"experiment": experiment.name, "sources": self._digests()}

    def _digests(self) -> dict[str, str]:
        return {module.name: module.digest for module in self._workspace.snapshot.read()}

    def _ask(self, request: Mapping[str, Any], label: str = "", step: Step | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        with contextlib.closing(self._worker.ask(request)) as events:
            try:
                for answer in events:
                    if answer["event"] == "progress" and step is not None:
                        self._listener.progressed(step, answer["done"], answer["total"], answer["metrics"])
            except RunError as error:
                message = f"{label}: {error.message}" if label else error.message
                raise RunError(message, error.hint) from error
        return answer


def _facts(step: Step, needs: Mapping[str, Run], times: Mapping[str, Any]) -> dict[str, Any]:
    images = None
    if step.source is not None:
        images = {"name": step.source.name, "origin": step.source.origin, "label": step.source.label}
    return {
        "experiment": step.experiment.name,
        "recipe": step.recipe.parts,
        "recipe_digest": step.recipe.digest,
        "environment": fingerprint.environment(),
        "profile": step.profile if step.experiment.has_profiles else None,
        "overrides": dict(step.order.overrides),
        "seed": step.seed,
        "images": images,
        "needs": {name: {"key": run.key, "outputs": run.outputs} for name, run in needs.items()},
        "times": times,
    }
