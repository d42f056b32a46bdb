"""What has to be run, why, and how long it will take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from report_cli.datasets.spec import Source
from report_cli.execution.workspace import ImageChoice
from report_cli.experiment import Experiment
from report_cli.keys import difference
from report_cli.keys import key as fingerprint
from report_cli.keys.key import Recipe
from report_cli.store.store import Run

State = Literal["fresh", "missing", "stale", "failed", "forced"]


@dataclass(frozen=True)
class Order:
    """An experiment with its parameters settled: `settings` ("epochs=5") made `overrides` of the profile's own."""

    experiment: Experiment
    profile: str
    params: Any
    settings: tuple[str, ...]
    overrides: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One run that was asked for: its recipe, and the run that answers it if there is one."""

    order: Order
    seed: int
    source: Source | None
    recipe: Recipe
    needs: tuple[tuple[str, int], ...]
    state: State
    reason: str
    run: Run | None
    estimate_s: float
    strict_env: bool = False

    @property
    def experiment(self) -> Experiment:
        return self.order.experiment

    @property
    def profile(self) -> str:
        return self.order.profile

    @property
    def key(self) -> str:
        environment = fingerprint.digest(fingerprint.environment())
        return fingerprint.key(self.recipe.digest, environment)

    @property
    def elsewhere(self) -> str:
        """How the environment of its run differs from this one ("keras 3.14, here 3.15"); empty where it doesn't."""
        return difference.environments(self.run.environment, fingerprint.environment()) if self.run else ""

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
    # Only runs of this very environment count.
    strict_env: bool = False
