"""What the author of an experiment writes: frozen parameters per profile and a function that measures.

    @experiment("cifar-control", title=..., data=CIFAR10, profiles={"smoke": Params(...), ...}, ...)
    def cifar_control(params: Params, data: ImageData, record: Record) -> None: ...

Standard library only: listing the experiments of a project must load nothing heavy.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from report_cli.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

T = TypeVar("T")
# A name becomes a folder, a word on the command line, and the part before the dot in a template.
NAME = re.compile("[a-z0-9][a-z0-9-]*")
PROFILES = ("smoke", "quick", "full")


class Checkpoint(Protocol):
    """Where a run keeps its progress, so that an interrupted one goes on after its last finished epoch."""

    def load(self) -> "tuple[int, dict[str, NDArray[Any]], dict[str, Any]] | None":
        """Return (epochs done, arrays, state) of the newest whole checkpoint, or None."""

    def save(self, epoch: int, arrays: "Mapping[str, NDArray[Any]]", state: Mapping[str, Any]) -> None:
        """Store the state after `epoch` epochs; `state` must be JSON. Atomic: the old or the new survives."""

    def keep(self, name: str, arrays: "Mapping[str, NDArray[Any]]") -> None:
        """Store what later checkpoints need and don't repeat, until the run is finished; again replaces it."""

    def kept(self, name: str) -> "dict[str, NDArray[Any]] | None":
        """Return what was kept under this name, or None where there is nothing whole."""


class StoredRun(Protocol):
    """A finished run, as `draw` and the experiments that need it read it."""

    @property
    def scalars(self) -> Mapping[str, float]: ...

    @property
    def history(self) -> "list[dict[str, float]]": ...

    def array(self, name: str) -> "NDArray[Any]": ...

    def weights(self) -> "dict[str, NDArray[Any]]": ...


class Record(Protocol):
    """Takes what an experiment measures. A non-finite number raises and the run is recorded as failed."""

    @property
    def seed(self) -> int:
        """What moves initialisation, order, dropout and augmentation, and nothing else."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the run keeps its progress."""

    def need(self, name: str) -> StoredRun:
        """Return the finished run of an experiment declared in `needs`."""

    def scalar(self, name: str, value: float, unit: str = "") -> None:
        """Record one number. Fractions stay 0-1 (unit "fraction"); counts have unit "count", times "s"."""

    def row(self, **values: float) -> None:
        """Append one row (an epoch) to the history."""

    def array(self, name: str, values: "NDArray[Any]") -> None:
        """Record an array, for instance predictions with their image ids."""

    def weights(self, arrays: "Mapping[str, NDArray[Any]]") -> None:
        """Record trained weights, by name."""

    def progress(self, done: int, total: int, **metrics: float) -> None:
        """Tell the person who waits: `done` of `total` epochs, and the latest metrics."""


class Figures(Protocol):
    """Takes the figures that `draw` makes from the stored arrays."""

    def add(self, name: str, figure: "Figure", *, alt: str) -> None:
        """Store `figure`; `alt` says in words what it shows, computed from the same arrays."""


Measure = Callable[[Any, Any, Record], None]
Draw = Callable[[StoredRun, Figures], None]
Needs = tuple[str, ...] | Callable[[Any], tuple[str, ...]]


@dataclass(frozen=True)
class Experiment:
    """A registered specification; `params` maps each profile to an instance of one frozen dataclass."""

    name: str
    title: str
    measure: Measure
    params: Mapping[str, Any]
    metrics: Mapping[str, str]
    # The declared set (report_cli.datasets.spec) that it measures on.
    data: Any = None
    needs: Needs = ()
    seeds: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(PROFILES, 1))
    cost_s: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PROFILES, 5.0))
    figures: tuple[str, ...] = ()
    draw: Draw | None = None

    @property
    def doc(self) -> str:
        """The docstring of the measuring function: question, source, expected metric with spread, cost."""
        return (self.measure.__doc__ or "").strip()

    def needs_of(self, params: Any) -> tuple[str, ...]:
        """Return the experiments whose runs this one uses with these parameters."""
        return self.needs(params) if callable(self.needs) else self.needs

    @property
    def has_profiles(self) -> bool:
        """Whether the budget changes anything: computed facts are the same under every profile."""
        return any(self.params[p] != self.params[PROFILES[0]] for p in PROFILES)


def experiment(
    name: str,
    *,
    title: str,
    metrics: Mapping[str, str],
    profiles: Mapping[str, Any],
    data: Any = None,
    needs: Needs = (),
    seeds: Mapping[str, int] | None = None,
    cost_s: Mapping[str, float] | None = None,
    figures: tuple[str, ...] = (),
    draw: Draw | None = None,
) -> Callable[[Measure], Experiment]:
    """Register the decorated function as the experiment `name`.

    `data` is the declared set of images that is measured on.
    `needs` names the experiments whose runs this one uses, or is a function of the parameters that does.
    `metrics` declares every scalar the function must record, with what it is in words; `profiles` has one parameter
    instance for each of smoke, quick and full (`every_profile(params)` where the budget changes nothing); `seeds`
    and `cost_s` (seconds on 2 cores, the first estimate) are per profile; `figures` names what `draw` makes.
    """
    if not NAME.fullmatch(name) or name == "all":
        raise UsageError(f"{name!r} can't be the name of an experiment", "use small letters, digits and hyphens")
    if set(profiles) != set(PROFILES):
        raise UsageError(f"experiment {name!r} has profiles {sorted(profiles)}", f"needed: {', '.join(PROFILES)}")
    if len({type(p) for p in profiles.values()}) != 1 or not all(_is_frozen(p) for p in profiles.values()):
        raise UsageError(f"experiment {name!r}: parameters must be instances of one frozen dataclass")

    def register(measure: Measure) -> Experiment:
        optional: dict[str, Any] = {}
        if seeds is not None:
            optional["seeds"] = seeds
        if cost_s is not None:
            optional["cost_s"] = cost_s
        return Experiment(name, title, measure, profiles, metrics, data, needs, figures=figures, draw=draw, **optional)

    return register


def every_profile(params: T) -> dict[str, T]:
    """Return the same parameters for every profile, for facts whose computation has no budget."""
    return dict.fromkeys(PROFILES, params)


def check_positive(params: Any, *names: str) -> None:
    """Raise ValueError when one of these parameters is not above 0; to be called from `__post_init__`."""
    for name in names:
        if getattr(params, name) <= 0:
            raise ValueError(f"{name} must be above 0, not {getattr(params, name)}")


def check_share(params: Any, *names: str) -> None:
    """Raise ValueError when one of these parameters is not from 0 up to, but not including, 1."""
    for name in names:
        if not 0 <= getattr(params, name) < 1:
            raise ValueError(f"{name} must be from 0 to below 1, not {getattr(params, name)}")


def parameters(params: Any) -> dict[str, Any]:
    """Return the fields of a parameter instance by name, defaults expanded."""
    return {f.name: getattr(params, f.name) for f in fields(params)}


def _is_frozen(params: Any) -> bool:
    return is_dataclass(params) and not isinstance(params, type) and params.__dataclass_params__.frozen  # type: ignore[attr-defined]
