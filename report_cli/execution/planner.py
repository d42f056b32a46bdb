"""Makes a plan. Planning trains nothing and changes nothing in the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from report_cli.datasets import spec
from report_cli.datasets.spec import Images, Source
from report_cli.errors import DataError, UsageError
from report_cli.execution.parameters import override
from report_cli.execution.plan import Order, Plan, State, Step, Wish
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment, parameters
from report_cli.keys import difference
from report_cli.keys import key as fingerprint
from report_cli.keys.key import Recipe
from report_cli.store.store import Run

ReadIn = Callable[[Source], Source]


def make(workspace: Workspace, experiments: Sequence[Experiment], wish: Wish, read_in: ReadIn) -> Plan:
    """Return the plan that brings `experiments`, and what they need, up to date.

    `read_in` is called for real images that no one has read yet: their identity is a part of the recipe.

    Raises:
        UsageError: a parameter that doesn't exist, or experiments that need each other.
        DataError: real images are needed and absent, or not what they claim to be.
    """
    planner = _Planner(workspace, wish, read_in, frozenset(e.name for e in experiments))
    for experiment in experiments:
        planner.add(experiment)
    return Plan(tuple(planner.steps.values()), wish.profile, wish.choice)


@dataclass
class _Planner:
    workspace: Workspace
    wish: Wish
    read_in: ReadIn
    asked: frozenset[str]
    steps: dict[tuple[str, int], Step] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _sources: dict[str, Source] = field(default_factory=dict)

    def add(self, experiment: Experiment) -> None:
        name = experiment.name
        if name in self._open:
            raise UsageError("experiments need each other: " + " -> ".join([*self._open, name]))
        if any(known == name for known, _ in self.steps):
            return
        settings = (*self.workspace.project.settings.of(name), *(self.wish.settings if name in self.asked else ()))
        params, overrides = override(experiment, self.wish.profile, settings)
        order = Order(experiment, self.wish.profile, params, settings, overrides)
        self._open.append(name)
        for need in experiment.needs_of(params):
            self.add(self.workspace.experiments[need])
        self._open.pop()
        for seed in range(self._seeds(experiment)):
            self.steps[name, seed] = self._step(order, seed)

    def _seeds(self, experiment: Experiment) -> int:
        # What even the full profile runs once is shared by all seeds of what needs it.
        shared = experiment.seeds["full"] == 1 and experiment.name not in self.asked
        return (None if shared else self.wish.seeds) or experiment.seeds[self.wish.profile]

    def _step(self, order: Order, seed: int) -> Step:
        experiment = order.experiment
        source = self._source(experiment)
        needed = self._needed(order, seed)
        needs = {name: step.recipe.digest for name, step in needed.items()}
        recipe = self._recipe(order, seed, source, needs)
        absent = source is not None and source.origin == "embedded" and order.profile == "full"
        if absent:
            recipe = self._kept(experiment, seed, recipe)
        run = self.workspace.store.find(
            experiment.name, recipe.digest, fingerprint.environment(), strict=self.wish.strict_env
        )
        # The same question may have been asked as another profile, or with --set.
        run = run and run.asked_as(order.profile, order.overrides)
        state: State
        if run is not None and self.wish.force and experiment.name in self.asked:
            state, reason = "forced", "--force"
        elif run is not None and not run.used({name: _outputs(step) for name, step in needed.items()}):
            state, reason = "stale", "what it needs was run again, or is to be"
        elif run is not None:
            state, reason = "fresh", "up to date"
        else:
            state, reason = self._absence(experiment, seed, recipe)
        if absent and state != "fresh":
            raise self._no_images(experiment)
        estimate = _estimate(self.workspace, order)
        used = tuple((s.experiment.name, s.seed) for s in needed.values())
        return Step(order, seed, source, recipe, used, state, reason, run, estimate, self.wish.strict_env)

    def _recipe(self, order: Order, seed: int, source: Source | None, needs: Mapping[str, str]) -> Recipe:
        identity = self._identity(source)
        return fingerprint.recipe(order.experiment, order.params, seed, self.workspace.snapshot, identity, needs)

    def _needed(self, order: Order, seed: int) -> dict[str, Step]:
        needs = order.experiment.needs_of(order.params)
        # One shared run serves all seeds of what needs it, unless it has a seed of its own for each.
        return {need: self.steps.get((need, seed)) or self.steps[need, 0] for need in needs}

    def _absence(self, experiment: Experiment, seed: int, recipe: Recipe) -> tuple[State, str]:
        here = fingerprint.environment()
        key = fingerprint.key(recipe.digest, fingerprint.digest(here))
        if failure := self.workspace.store.failure(experiment.name, key):
            return "failed", f"failed on {failure.when}: {failure.message}"
        if there := self.workspace.store.find(experiment.name, recipe.digest, here):
            differing = difference.environments(there.environment, here)
            return "stale", f"computed elsewhere ({differing}), and --strict-env asks for a run from here"
        older = closest(self.workspace, experiment, self.wish.profile, seed, recipe)
        if older is None:
            others = {run.profile for run in self.workspace.store.runs(experiment.name) if run.profile}
            return "missing", f"never run with profile {self.wish.profile}" if others else "never run"
        return "stale", "; ".join(difference.sentences(older.manifest["recipe"], recipe.parts))

    def _source(self, experiment: Experiment) -> Source | None:
        data = experiment.data
        if data is None:
            return None
        if data.name not in self._sources:
            self._sources[data.name] = self._choose(data)
        return self._sources[data.name]

    def _kept(self, experiment: Experiment, seed: int, recipe: Recipe) -> Recipe:
        """Return the recipe of the run in git that answers `recipe` with the real images it was computed from.

        Never substituted silently: where there is none, the full profile needs the images.
        """
        for run in self.workspace.store.runs(experiment.name):
            same = Recipe({**recipe.parts, "images": run.manifest["recipe"].get("images")})
            if run.seed == seed and run.images and run.images["origin"] == "real" and same.digest == run.recipe:
                return same
        raise self._no_images(experiment)

    def _no_images(self, experiment: Experiment) -> DataError:
        data = experiment.data
        return DataError(
            f"{experiment.name}: the full profile needs real images of {data.title}, and there are none here",
            f"report data fetch {data.name}, or name the folder that has them: --data FOLDER or REPORT_DATA",
        )

    def _choose(self, data: Images) -> Source:
        choice, cache = self.wish.choice, self.workspace.cache
        if choice.origin == "fetched":
            try:
                return self._read(spec.choose(data, choice.folder, cache))
            except DataError:
                return spec.choose(data, None, cache)  # other images were fetched, these were not
        return self._read(spec.choose(data, choice.folder, cache))

    def _read(self, source: Source) -> Source:
        return self.read_in(source) if source.origin == "real" and source.digest is None else source

    def _identity(self, source: Source | None) -> dict[str, Any] | None:
        if source is None:
            return None
        return fingerprint.images_identity(source.data, source.digest, self.workspace.snapshot)


def closest(
    workspace: Workspace,
    experiment: Experiment,
    profile: str,
    seed: int,
    recipe: Recipe,
    eligible: Callable[[Run], bool] = lambda _: True,
) -> Run | None:
    """Return the stored run most like what is asked: same profile and seed, fewest differences, newest."""

    def likeness(run: Run) -> tuple[int, str, int]:
        return -len(difference.between(run.manifest["recipe"], recipe.parts)), *run.age

    stored = workspace.store.runs(experiment.name)
    alike = (r for r in stored if r.seed == seed and r.profile in (profile, None))
    return max(filter(eligible, alike), key=likeness, default=None)


def _outputs(step: Step) -> str:
    return step.run.outputs if step.run is not None and step.state == "fresh" else "not there yet"


def _estimate(workspace: Workspace, order: Order) -> float:
    """Return seconds: what the same parameters took here before, else what the author declares."""
    asked = fingerprint.digest(parameters(order.params))
    took = [
        float(run.manifest["times"]["duration_s"])
        for run in workspace.store.runs(order.experiment.name)
        if fingerprint.digest(run.manifest["recipe"]["parameters"]) == asked
    ]
    return max(took, default=float(order.experiment.cost_s[order.profile]))
