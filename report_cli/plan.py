"""What has to be run, why, and how long it will take. Planning trains nothing and changes nothing in the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from report_cli import difference, fingerprint
from report_cli.data import catalog
from report_cli.data.catalog import Source
from report_cli.errors import DataError, UsageError, unknown
from report_cli.experiment import PROFILES, Experiment, parameters
from report_cli.fingerprint import Recipe
from report_cli.overrides import override
from report_cli.store import Run
from report_cli.workspace import ImageChoice, Workspace

State = Literal["fresh", "missing", "stale", "failed", "forced"]
ReadIn = Callable[[Source], Source]


@dataclass(frozen=True)
class Step:
    """One run that was asked for: its recipe, and the run that answers it if there is one."""

    experiment: Experiment
    params: Any
    settings: tuple[str, ...]
    overrides: Mapping[str, Any]
    profile: str
    seed: int
    source: Source | None
    recipe: Recipe
    needs: tuple[tuple[str, int], ...]
    state: State
    reason: str
    run: Run | None
    estimate_s: float

    @property
    def key(self) -> str:
        environment = fingerprint.digest(fingerprint.environment())
        return fingerprint.key(self.recipe.digest, environment)

    @property
    def label(self) -> str:
        """The experiment's name, and the seed where there are several."""
        several = self.experiment.seeds[self.profile] > 1 or self.seed
        return f"{self.experiment.name} seed {self.seed}" if several else self.experiment.name


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which every run comes after those it needs."""

    steps: tuple[Step, ...]
    profile: str
    choice: ImageChoice

    @property
    def todo(self) -> tuple[Step, ...]:
        return tuple(s for s in self.steps if s.state != "fresh")

    @property
    def estimate_s(self) -> float:
        return sum(s.estimate_s for s in self.todo)


@dataclass(frozen=True)
class Wish:
    """What the person asked for."""

    profile: str
    choice: ImageChoice
    settings: tuple[str, ...] = ()
    seeds: int | None = None
    force: bool = False


def make(workspace: Workspace, experiments: Sequence[Experiment], wish: Wish, read_in: ReadIn) -> Plan:
    """Return the plan that brings `experiments`, and what they need, up to date.

    `read_in` is called for real images that no one has read yet: their identity is a part of the recipe.

    Raises:
        UsageError: a parameter that doesn't exist, or experiments that need each other.
        DataError: real images are needed and absent, or not what they claim to be.
    """
    if wish.profile not in PROFILES:
        raise unknown("profile", wish.profile, PROFILES)
    planner = _Planner(workspace, wish, read_in, frozenset(e.name for e in experiments))
    for experiment in experiments:
        planner.add(experiment, wish.settings)
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

    def add(self, experiment: Experiment, settings: tuple[str, ...]) -> None:
        name = experiment.name
        if name in self._open:
            raise UsageError("experiments need each other: " + " -> ".join([*self._open, name]))
        if any(known == name for known, _ in self.steps):
            return
        self._open.append(name)
        for need in experiment.needs:
            self.add(self.workspace.experiments[need], ())
        self._open.pop()
        for seed in range(self.wish.seeds or experiment.seeds[self.wish.profile]):
            self.steps[name, seed] = self._step(experiment, settings, seed)

    def _step(self, experiment: Experiment, settings: tuple[str, ...], seed: int) -> Step:
        profile = self.wish.profile
        params, overrides = override(experiment, profile, settings)
        source = self._source(experiment)
        needed = self._needed(experiment, seed)
        needs = {name: step.recipe.digest for name, step in needed.items()}
        recipe = fingerprint.recipe(experiment, params, seed, self.workspace.snapshot, self._identity(source), needs)
        if source is not None and source.origin == "embedded" and profile == "full":
            recipe = self._kept(experiment, seed, recipe)
        run = self.workspace.store.find(experiment.name, recipe.digest, fingerprint.environment())
        state: State
        if run is not None and self.wish.force and experiment.name in self.asked:
            state, reason = "forced", "--force"
        elif run is not None and not run.used({name: _outputs(step) for name, step in needed.items()}):
            state, reason = "stale", "what it needs was run again, or is to be"
        elif run is not None:
            state, reason = "fresh", "up to date"
        else:
            state, reason = self._absence(experiment, seed, recipe)
        estimate = _estimate(self.workspace, experiment, params, profile)
        return Step(
            experiment,
            params,
            settings,
            overrides,
            profile,
            seed,
            source,
            recipe,
            tuple((s.experiment.name, s.seed) for s in needed.values()),
            state,
            reason,
            run,
            estimate,
        )

    def _needed(self, experiment: Experiment, seed: int) -> dict[str, Step]:
        # One shared run serves all seeds of what needs it, unless it has a seed of its own for each.
        return {need: self.steps.get((need, seed)) or self.steps[need, 0] for need in experiment.needs}

    def _absence(self, experiment: Experiment, seed: int, recipe: Recipe) -> tuple[State, str]:
        key = fingerprint.key(recipe.digest, fingerprint.digest(fingerprint.environment()))
        if failure := self.workspace.store.failure(experiment.name, key):
            return "failed", f"failed on {failure.when}: {failure.message}"
        older = closest(self.workspace, experiment, self.wish.profile, seed, recipe)
        if older is None:
            others = {run.profile for run in self.workspace.store.runs(experiment.name) if run.profile}
            return "missing", f"never run with profile {self.wish.profile}" if others else "never run"
        return "stale", "; ".join(difference.sentences(older.manifest["recipe"], recipe.parts))

    def _source(self, experiment: Experiment) -> Source | None:
        kind = experiment.images
        if kind is None:
            return None
        if kind not in self._sources:
            self._sources[kind] = self._choose(kind)
        return self._sources[kind]

    def _kept(self, experiment: Experiment, seed: int, recipe: Recipe) -> Recipe:
        """Return the recipe of the run in git that answers `recipe` with the real images it was computed from.

        Never substituted silently: where there is none, the full profile needs the images.
        """
        for run in self.workspace.store.runs(experiment.name):
            same = Recipe({**recipe.parts, "images": run.manifest["recipe"]["images"]})
            if run.seed == seed and run.images and run.images["origin"] == "real" and same.digest == run.recipe:
                return same
        title = catalog.KINDS[experiment.images or ""].title
        raise DataError(
            f"{experiment.name}: the full profile needs real images of {title}, and there are none here",
            "name the folder with the official archive: --data FOLDER, or set REPORT_DATA",
        )

    def _choose(self, kind: str) -> Source:
        choice, cache = self.wish.choice, self.workspace.cache
        if choice.origin == "fetched":
            try:
                return self._read(catalog.choose(kind, choice.folder, cache))
            except DataError:
                return catalog.choose(kind, None, cache)  # other images were fetched, these were not
        return self._read(catalog.choose(kind, choice.folder, cache))

    def _read(self, source: Source) -> Source:
        return self.read_in(source) if source.origin == "real" and source.digest is None else source

    def _identity(self, source: Source | None) -> dict[str, Any] | None:
        if source is None:
            return None
        kind = catalog.KINDS[source.kind]
        return fingerprint.images_identity(kind.name, kind.generator, source.digest, self.workspace.snapshot)


def closest(workspace: Workspace, experiment: Experiment, profile: str, seed: int, recipe: Recipe) -> Run | None:
    """Return the stored run most like what is asked: same profile and seed, fewest differences, newest."""

    def likeness(run: Run) -> tuple[int, str]:
        return -len(difference.between(run.manifest["recipe"], recipe.parts)), str(run.manifest["times"]["finished"])

    stored = workspace.store.runs(experiment.name)
    return max((r for r in stored if r.seed == seed and r.profile in (profile, None)), key=likeness, default=None)


def _outputs(step: Step) -> str:
    return step.run.outputs if step.run is not None and step.state == "fresh" else "not there yet"


def _estimate(workspace: Workspace, experiment: Experiment, params: Any, profile: str) -> float:
    """Return seconds: what the same parameters took here before, else what the author declares."""
    asked = fingerprint.digest(parameters(params))
    took = [
        float(run.manifest["times"]["duration_s"])
        for run in workspace.store.runs(experiment.name)
        if fingerprint.digest(run.manifest["recipe"]["parameters"]) == asked
    ]
    return max(took, default=float(experiment.cost_s[profile]))
