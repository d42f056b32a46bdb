"""What has to be run, why, and how long it will take. Planning trains nothing and changes nothing in the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from report_cli.datasets.source import Source, choose
from report_cli.datasets.spec import Table
from report_cli.errors import DataError, UsageError
from report_cli.execution.estimate import Estimator
from report_cli.execution.workspace import DataChoice, Workspace
from report_cli.experiment import Experiment, Point
from report_cli.keys import key
from report_cli.keys.key import Recipe
from report_cli.settings import override, written
from report_cli.store.freshness import Judge, Question, State, Verdict, elsewhere
from report_cli.store.run import Run

ReadIn = Callable[[Source], Source]
NO_IMAGES = "real images are needed, and there are none here"
# A run among those of a plan: experiment, number of its point in the grid, seed.
Name = tuple[str, int, int]


class Request(msgspec.Struct, frozen=True):
    """What the person asked for."""

    profile: str
    choice: DataChoice
    settings: tuple[str, ...] = ()
    seeds: int | None = None
    force: bool = False
    # Only runs of this very environment count.
    strict_env: bool = False


class Step(msgspec.Struct, frozen=True):
    """One run of a plan: what is asked, and the stored run that answers it if there is one.

    `settings` ("epochs=5") made `overrides` of the profile's own parameters; `needs` names the steps it is computed
    from, by experiment. What `lacks_images` needs real ones, and there are none here.
    """

    experiment: Experiment
    profile: str
    params: Any
    settings: tuple[str, ...]
    overrides: Mapping[str, Any]
    point: Point
    name: Name
    source: Source | None
    needs: Mapping[str, tuple[Name, ...]]
    question: Question
    verdict: Verdict
    estimate_s: float
    lacks_images: bool

    def __repr__(self) -> str:
        return f"<Step {self.label}: {self.reason}>"

    @property
    def seed(self) -> int:
        return self.question.seed

    @property
    def recipe(self) -> Recipe:
        return self.question.recipe

    @property
    def state(self) -> State:
        return self.verdict.state

    @property
    def reason(self) -> str:
        return self.verdict.reason

    @property
    def run(self) -> Run | None:
        return self.verdict.run

    @property
    def lock_name(self) -> str:
        return key.lock_name(self.recipe.digest, self.recipe.environment)

    @property
    def elsewhere(self) -> str:
        """How the environment of its run differs from this one ("keras 3.14, here 3.15"); empty where it doesn't."""
        return elsewhere(self.run) if self.run else ""

    @property
    def label(self) -> str:
        """The experiment's name, with its point and its seed where there are several."""
        several = self.experiment.seeds[self.profile] > 1 or self.seed
        return " ".join([self.experiment.name, *written(self.point), *([f"seed {self.seed}"] if several else [])])


class Plan(msgspec.Struct, frozen=True):
    """Steps in an order in which every run comes after those it needs."""

    steps: tuple[Step, ...]
    profile: str
    choice: DataChoice

    @property
    def todo(self) -> tuple[Step, ...]:
        return tuple(s for s in self.steps if s.state != "fresh")

    @property
    def estimate_s(self) -> float:
        return sum(s.estimate_s for s in self.todo)

    def check_data(self) -> None:
        """Refuse to run what takes real images where there are none: drawn ones are never taken in their place.

        Raises:
            DataError: for the first such step.
        """
        for step in self.todo:
            if step.lacks_images and (data := step.experiment.data) is not None:
                raise DataError(
                    f"{step.experiment.name}: the full profile needs real images of {data.title}, and there are none"
                    " here",
                    f"report data fetch {data.name}, or name the folder that has them: --data FOLDER or REPORT_DATA",
                )


def make(workspace: Workspace, experiments: Sequence[Experiment], request: Request, read_in: ReadIn) -> Plan:
    """Return the plan that brings `experiments`, and what they need, up to date.

    `read_in` is called for real data that no one has read yet: its identity is a part of the recipe.

    Raises:
        UsageError: a parameter that doesn't exist, or experiments that need each other.
        DataError: data is not what it claims to be, or a folder that is named has none of it.
    """
    estimator = Estimator(workspace.judge, workspace.experiments, request.profile)
    requested = frozenset(e.name for e in experiments)
    planner = _Planner(workspace, request, read_in, requested, workspace.judge, estimator)
    for experiment in experiments:
        planner.add(experiment)
    return Plan(tuple(planner.steps.values()), request.profile, request.choice)


class _Planner(msgspec.Struct):
    workspace: Workspace
    request: Request
    read_in: ReadIn
    requested: frozenset[str]
    judge: Judge
    estimator: Estimator
    steps: dict[Name, Step] = {}
    _open: list[str] = []
    _sources: dict[str, Source] = {}

    def add(self, experiment: Experiment) -> None:
        name, profile = experiment.name, self.request.profile
        if name in self._open:
            raise UsageError("experiments need each other: " + " -> ".join([*self._open, name]))
        if any(known == name for known, _, _ in self.steps):
            return
        own = self.request.settings if name in self.requested else ()
        settings = (*self.workspace.project.settings.of(name), *own)
        self._open.append(name)
        for number, point in enumerate(experiment.grid[profile]):
            params, overrides = override(experiment, profile, point, settings)
            for need in experiment.needs_of(params):
                if need not in self.workspace.experiments:
                    error = self.workspace.registry.absent(need)
                    raise UsageError(f"{name} needs {need!r} with these parameters: {error.message}", error.hint)
                self.add(self.workspace.experiments[need])
            for seed in range(self._seeds(experiment)):
                at = (name, number, seed)
                self.steps[at] = self._step(experiment, params, settings, overrides, point, at)
        self._open.pop()

    def _seeds(self, experiment: Experiment) -> int:
        # What even the full profile runs once is shared by all seeds of what needs it.
        shared = experiment.seeds["full"] == 1 and experiment.name not in self.requested
        return (None if shared else self.request.seeds) or experiment.seeds[self.request.profile]

    def _step(
        self,
        experiment: Experiment,
        params: Any,
        settings: tuple[str, ...],
        overrides: Mapping[str, Any],
        point: Point,
        name: Name,
    ) -> Step:
        workspace, profile, seed = self.workspace, self.request.profile, name[2]
        source = self._source(experiment)
        needed = self._needed(experiment, params, seed)
        recipe = key.recipe(
            experiment,
            params,
            seed,
            workspace.snapshot,
            source.digest if source is not None else None,
            {need: [step.recipe.digest for step in steps] for need, steps in needed.items()},
        )
        data = experiment.data
        lacks_images = source is not None and source.origin == "drawn" and profile == "full"
        if lacks_images and data is not None:
            recipe = self._as_stored(recipe, data.name, [r for r in self.judge.runs(experiment.name) if r.seed == seed])
        waits_for = [need for need, steps in needed.items() if any(step.state != "fresh" for step in steps)]
        outputs = {need: [s.run.outputs for s in steps if s.run is not None] for need, steps in needed.items()}
        question = Question(
            experiment.name,
            recipe,
            profile,
            seed,
            None if waits_for else outputs,
            self.request.strict_env,
            waits_for,
            overrides.keys(),
            point,
        )
        verdict = self.judge.answer(question)
        if verdict.run is not None and self.request.force and experiment.name in self.requested:
            verdict = Verdict("forced", "--force", verdict.run)
        if lacks_images and verdict.state != "fresh":
            verdict = Verdict(verdict.state, f"{verdict.reason}; {NO_IMAGES}", verdict.run)
        names = {need: tuple(step.name for step in steps) for need, steps in needed.items()}
        if verdict.state == "fresh" and verdict.run is not None:
            about_s = verdict.run.manifest.times.duration_s
        else:
            usual = replace(experiment.params[profile], **point)
            about_s = self.estimator.seconds(experiment, params, usual)
        return Step(
            experiment, profile, params, settings, overrides, point, name, source, names, question, verdict, about_s,
            lacks_images,
        )  # fmt: skip

    def _needed(self, experiment: Experiment, params: Any, seed: int) -> dict[str, list[Step]]:
        """Return the steps of what is needed: of the same seed where both have several by themselves, else all."""
        needed = {}
        for need in experiment.needs_of(params):
            steps = [step for name, step in self.steps.items() if name[0] == need]
            paired = experiment.seeds["full"] > 1 and steps[0].experiment.seeds["full"] > 1
            needed[need] = [s for s in steps if s.seed == seed] if paired else steps
            if not needed[need]:
                raise UsageError(
                    f"{experiment.name} has a seed {seed}, and {need}, which it needs, hasn't",
                    f"report run {need} {experiment.name} --seeds {seed + 1}",
                )
        return needed

    def _source(self, experiment: Experiment) -> Source | None:
        data = experiment.data
        if data is None:
            return None
        if data.name not in self._sources:
            choice, workspace = self.request.choice, self.workspace
            try:
                source = choose(data, choice.folder, workspace.cache, workspace.project.root)
            except DataError:
                if choice.origin != "fetched" or isinstance(data, Table):
                    raise
                source = choose(data, None, workspace.cache)  # other images were fetched, these were not
            if source.origin == "real" and source.digest is None:
                source = self.read_in(source)
            self._sources[data.name] = source
        return self._sources[data.name]

    def _as_stored(self, recipe: Recipe, data: str, runs: Sequence[Run]) -> Recipe:
        """Return `recipe` with the real data of one of these runs: of one that answers it, else of the newest of this
        profile, else of the newest; where there is none, with data that no run has."""
        real = [run for run in runs if run.manifest.data is not None and run.manifest.data.origin == "real"]
        real.sort(key=lambda run: (run.profile in (self.request.profile, None), run.age), reverse=True)
        # Most runs share their data, so that one digest says which of them answers.
        contents = [*dict.fromkeys(run.manifest.recipe["data"]["content"] for run in real), None]
        asked = [Recipe({**recipe.parts, "data": {"name": data, "content": c}}, recipe.code) for c in contents]
        stored = {run.manifest.recipe_digest for run in real}
        return next((same for same in asked if same.digest in stored), asked[0])
