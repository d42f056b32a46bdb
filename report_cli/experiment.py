"""What the author of an experiment writes: parameters per profile, declared metrics, and a function that measures.

    @report.experiment("pi", title="Pi by chance", profiles={"points": 10_000}, metrics={"pi": Metric("", "estimate")})
    def pi(params, record): ...

Standard library only: listing the experiments of a project must load nothing heavy.
"""

import difflib
import inspect
import itertools
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from report_cli.errors import UsageError, unknown

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from report_cli.datasets.spec import DataSet, Weights
    from report_cli.datasets.split import Split
    from report_cli.store.run import Results

# A name becomes a folder, a word on the command line, and the part before the dot in a template.
NAME = re.compile("[a-z0-9][a-z0-9-]*")
# From the smallest budget to the largest.
PROFILES = ("smoke", "quick", "full")
# Units as they are written otherwise; a table of results and a figure know those on the right.
UNITS = {
    **dict.fromkeys(("percent", "%", "percentage", "share", "fractions", "Fraction"), "fraction"),
    **dict.fromkeys(("counts", "Count", "number"), "count"),
    **dict.fromkeys(("second", "seconds", "sec"), "s"),
}
# So far a fraction may be out of its range: sums of float32 end beside 1.
ROOM = 1e-6
# The name of generated classes of parameters, which no author can give to one of his own.
MADE = "<parameters>"


@dataclass(frozen=True)
class Metric:
    """What a recorded number is: its unit ("fraction", "count", "nat", "s", "" for none) and what it says in words.

    `of` names the metric that counts what a fraction is a share of, so that its interval is known.
    """

    unit: str
    words: str
    of: str = ""

    def unfit(self, number: float) -> tuple[str, str] | None:
        """Return why a finite number can't be of this unit, and what to do; None where it can.

        A fraction without `of` may be a difference of two, and below 0.
        """
        lowest = 0 if self.of else -1
        if self.unit == "fraction" and not lowest - ROOM <= number <= 1 + ROOM:
            told = f"{number:g} is no fraction, which is from {lowest} to 1"
            return told, 'write 0.731 for 73.1 %; a factor that may be above 1 has the unit ""'
        if self.unit == "count" and number % 1:
            return f"{number:g} is no count, which is a whole number", 'a mean of counts has the unit ""'
        return None


class Checkpoint(Protocol):
    """Where a run keeps its progress, so that an interrupted one goes on after its last finished epoch."""

    def load(self) -> "tuple[int, dict[str, NDArray[Any]], dict[str, Any]] | None":
        """Return (epochs done, arrays, state) of the newest whole checkpoint, or None."""

    def save(self, epoch: int, arrays: "Mapping[str, NDArray[Any]]", state: Mapping[str, Any]) -> None:
        """Store the state after `epoch` epochs; `state` must be JSON. Atomic: the old or the new survives."""


class Record(Protocol):
    """Takes what an experiment measures. A number that isn't finite raises, and the run is recorded as failed."""

    @property
    def seed(self) -> int:
        """What moves initialisation, order, dropout and augmentation, and nothing else."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the run keeps its progress."""

    @property
    def precision(self) -> str:
        """What networks compute in where they are free to, "float32" or "bfloat16": as this machine does best."""

    @property
    def cache(self) -> "Path":
        """A folder for what this kind of machine can compute again, under names that say all that decides it."""

    def __call__(self, **metrics: float) -> None:
        """Record declared metrics, each once. Fractions stay 0-1, times are seconds."""

    def row(self, **values: float) -> None:
        """Append one row (an epoch) to the history."""

    def array(self, name: str, values: "NDArray[Any]") -> None:
        """Record an array, for instance predictions with their image ids."""

    def table(self, name: str, rows: Any) -> None:
        """Record a table: a data frame, or a list of dictionaries with the same keys."""

    def weights(self, arrays: "Mapping[str, NDArray[Any]]") -> None:
        """Record trained weights, by name."""

    def time(self, seconds: float, images: int) -> None:
        """Note how long the training of an epoch took, on so many images: kept beside the results, in no digest."""

    def progress(
        self, epoch: int, epochs: int, *, step: int = 0, steps: int = 0, images: int = 0, **metrics: float
    ) -> None:
        """Tell the person who waits: the epoch of so many, in it the step of so many and the images seen, and metrics.

        Without `steps` the epoch is over.
        """

    def note(self, text: str) -> None:
        """Tell the person who waits something in words, once."""

    def need(self, name: str) -> "Results":
        """Return the finished runs of an experiment declared in `needs`: of all its seeds and points."""

    def file(self, path: str) -> str:
        """Declare that the run uses this file of the project, and return its whole path."""

    def pretrained(self, weights: "Weights") -> "dict[str, NDArray[Any]]":
        """Return declared pretrained weights by name, checked against their digest."""

    def classifier(self, model: Any, split: "Split[Any]", params: Any, **options: Any) -> list[dict[str, float]]:
        """Train, test and record a Keras classifier of images: all that `CLASSIFIER` declares. Returns the history.

        Options are those of `training.classify.classify`: `test=False` for what `TRAINING` declares, `best=True`.
        """


class Figures(Protocol):
    """Takes the figures that `draw` makes from the stored arrays."""

    def add(self, name: str, figure: "Figure", alt: str) -> None:
        """Store `figure`; `alt` says in words what it shows, computed from the same arrays."""


# Makes an error of what is wrong with a declaration and what to do.
Refuse = Callable[[str, str], UsageError]
# What a measuring function may take, by these names.
GIVEN = ("params", "data", "record")
Measure = Callable[..., None]
Draw = Callable[["Results", Figures], None]
Needs = tuple[str, ...] | Callable[[Any], tuple[str, ...]]
Point = Mapping[str, Any]
# Seconds of a run in each profile, or with any parameters.
Cost = Mapping[str, float] | Callable[[Any], float]


@dataclass(frozen=True)
class Experiment:
    """A registered specification; `params` maps each profile to an instance of one frozen dataclass.

    `module` and `line` say where it is declared. `grid` has the points of a sweep in each profile, one without
    changes where there is none. `files` are patterns of files of the project that no one can see it open: in a
    subprocess, in a C library.
    """

    name: str
    title: str
    measure: Measure
    params: Mapping[str, Any]
    metrics: Mapping[str, Metric]
    data: "DataSet | None" = None
    needs: Needs = ()
    seeds: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(PROFILES, 1))
    grid: Mapping[str, tuple[Point, ...]] = field(default_factory=lambda: dict.fromkeys(PROFILES, ({},)))
    cost_s: Cost = field(default_factory=lambda: dict.fromkeys(PROFILES, 5.0))
    figures: tuple[str, ...] = ()
    draw: Draw | None = None
    files: tuple[str, ...] = ()
    module: str = ""
    line: int = 0

    @property
    def doc(self) -> str:
        """The docstring of the measuring function: question, source, expected metric with spread, cost."""
        return (self.measure.__doc__ or "").strip()

    @property
    def has_profiles(self) -> bool:
        """Whether the budget changes anything: computed facts are the same under every profile."""
        return any(self.params[p] != self.params[PROFILES[0]] for p in PROFILES)

    def cost(self, profile: str) -> float:
        """Return the declared seconds of a run in `profile`."""
        return float(self.cost_s(self.params[profile]) if callable(self.cost_s) else self.cost_s[profile])

    def needs_of(self, params: Any) -> tuple[str, ...]:
        """Return the experiments whose runs this one uses with these parameters."""
        return self.needs(params) if callable(self.needs) else self.needs


# Takes what is declared while the registry imports a module; a notebook declares without one.
declared: "ContextVar[list[Experiment] | None]" = ContextVar("declared", default=None)


def experiment(
    name: str,
    *,
    title: str,
    metrics: Mapping[str, Metric],
    profiles: Any,
    data: "DataSet | None" = None,
    needs: Needs = (),
    seeds: int | Mapping[str, int] = 1,
    grid: Sequence[Point] | Mapping[str, Sequence[Point]] = ({},),
    cost_s: float | Cost = 5.0,
    figures: tuple[str, ...] = (),
    draw: Draw | None = None,
    files: tuple[str, ...] = (),
) -> Callable[[Measure], Experiment]:
    """Register the decorated function as the experiment `name`.

    `profiles` is an instance of a frozen dataclass, or a dictionary of values, or one of these for each profile: what
    a profile leaves out is as in the next larger one. `metrics` declares every number that the function must record.
    `needs` names the experiments whose runs this one uses, or is a function of the parameters that does. `seeds` and
    `cost_s` (seconds on 2 cores, the first estimate) are numbers, or one for each profile; `cost_s` may be a function
    of the parameters, too. `figures` names what `draw` makes of the results. `grid` comes from `report.grid(...)`, for
    all profiles alike or one for each.

    Raises:
        UsageError: something of this is not as it must be; the message has file and line.
    """
    frame = sys._getframe(1)
    module, line = frame.f_globals.get("__name__", ""), frame.f_lineno

    def refuse(what: str, hint: str = "") -> UsageError:
        return UsageError(f"{module.replace('.', '/')}.py:{line}: experiment {name!r} {what}", hint)

    if not NAME.fullmatch(name) or name == "all":
        raise refuse("has a name that can't be one", "use small letters, digits and hyphens")
    try:
        params = _by_profile(profiles)
        points = _checked(grid, params)
    except (TypeError, ValueError, UsageError) as error:
        raise refuse(f"has {error}", getattr(error, "hint", "")) from error
    counts = _counts(seeds, refuse)
    costs: Cost = dict.fromkeys(PROFILES, float(cost_s)) if isinstance(cost_s, int | float) else cost_s
    _check_metrics(metrics, refuse)
    for part, names in (("needs", needs), ("figures", figures), ("files", files)):
        if isinstance(names, str):
            raise refuse(f"has {part}={names!r}, which is one text", f'write {part}=("{names}",)')

    def register(measure: Measure) -> Experiment:
        function = measure.measure if isinstance(measure, Experiment) else measure
        if not re.fullmatch(r"\w+", getattr(function, "__qualname__", "")) or function.__qualname__ == "<lambda>":
            raise refuse(
                "is not measured by a function at the top level of a module, so its code can't be followed",
                "write a function, and let report.grid or the parameters say what differs",
            )
        _check_arguments(function, refuse)
        made = Experiment(
            name, title, function, params, metrics, data, needs, counts, points, costs, tuple(figures), draw,
            tuple(files), module, line,
        )  # fmt: skip
        if (registry := declared.get()) is not None:
            registry.append(made)
        return made

    return register


def _counts(seeds: object, refuse: Refuse) -> dict[str, int]:
    """Return the number of seeds in each profile."""
    each = seeds if isinstance(seeds, Mapping) else dict.fromkeys(PROFILES, seeds)
    counts = {profile: _plain("seeds", count) for profile, count in each.items()}
    if set(counts) != set(PROFILES) or not all(type(count) is int and count >= 1 for count in counts.values()):
        raise refuse(f"has seeds={seeds!r}", "give a whole number from 1, or one for each of smoke, quick and full")
    return counts


def _check_metrics(metrics: Mapping[str, Metric], refuse: Refuse) -> None:
    """Raise UsageError where a metric is none, or its unit or what it is a share of can't be meant."""
    for name, metric in metrics.items():
        if not isinstance(metric, Metric):
            raise refuse(f"declares the metric {name!r} otherwise", 'write Metric("fraction", "what it says")')
        if unit := UNITS.get(metric.unit):
            also = " and record 0.731 for 73.1 %" if unit == "fraction" else ""
            raise refuse(f"declares {name!r} with the unit {metric.unit!r}", f'write Metric("{unit}", ...){also}')
        if metric.of and metric.of not in metrics:
            raise refuse(f"declares {name!r} as a share of {metric.of!r}, which is no metric of it", "")


def _check_arguments(function: Measure, refuse: Refuse) -> None:
    """Raise UsageError where a measuring function takes what no run gives it."""
    wanted = inspect.signature(function).parameters.values()
    if odd := [each.name for each in wanted if each.name not in GIVEN and each.default is each.empty]:
        raise refuse(f"is measured by a function that takes {odd[0]!r}", f"it may take {', '.join(GIVEN)}, by name")


def grid(**values: Sequence[Any]) -> tuple[Point, ...]:
    """Return the points of a sweep: every combination of the values, the last parameter changing fastest."""
    if not values:
        raise UsageError("report.grid() goes over no parameter", "write report.grid(rate=[0.1, 0.01])")
    if odd := [name for name, each in values.items() if isinstance(each, str)]:
        raise UsageError(f"a grid goes over {odd[0]}={values[odd[0]]!r}, which is one text", "write a list of texts")
    return tuple(dict(zip(values, point, strict=True)) for point in itertools.product(*values.values()))


def parameters(params: Any) -> dict[str, Any]:
    """Return the fields of a parameter instance by name, as they are stored, defaults expanded.

    Raises:
        UsageError: one of them can't be stored.
    """
    return {f.name: _plain(f.name, getattr(params, f.name)) for f in fields(params)}


def _plain(name: str, value: Any) -> Any:
    """Return the value of a parameter as it is stored: a number of numpy is one of Python's."""
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, int) or value is None or (isinstance(value, float) and math.isfinite(value)):
        return value
    # The command line gives bytes that are no text as halves of characters.
    if isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    if isinstance(value, tuple | list):
        items = [_plain(name, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping) and all(isinstance(key, str | int) for key in value):
        return {key: _plain(name, item) for key, item in value.items()}
    what = f"is {value!r}" if isinstance(value, float | str) else f"is of the type {type(value).__name__}"
    raise UsageError(
        f"a parameter {name!r} that {what}, which can't be stored",
        "parameters are text, finite numbers, True, False, None, or tuples and dictionaries of these",
    )


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


def _by_profile(profiles: Any) -> dict[str, Any]:
    """Return one parameter instance for each profile."""
    if isinstance(profiles, Mapping) and (stray := _stray(profiles)):
        raise unknown("profile", stray, PROFILES)
    each = profiles if isinstance(profiles, Mapping) and profiles and set(profiles) <= set(PROFILES) else None
    given = dict(each) if each is not None else {PROFILES[-1]: profiles}
    if all(isinstance(values, Mapping) for values in given.values()):
        given = {profile: {n: _plain(n, value) for n, value in values.items()} for profile, values in given.items()}
        merged = dict(next(given[p] for p in reversed(PROFILES) if p in given))
        for profile in reversed(PROFILES):
            merged = {**merged, **given.get(profile, {})}
            given[profile] = merged
        if odd := [name for name in given[PROFILES[0]] if any(name not in values for values in given.values())]:
            raise ValueError(f"a parameter {odd[0]!r} that a larger profile lacks")
        kinds_of = {name: [type(values[name]) for values in given.values()] for name in given[PROFILES[0]]}
        made = make_dataclass(MADE, [(n, float if float in k else k[0]) for n, k in kinds_of.items()], frozen=True)
        given = {profile: made(**values) for profile, values in given.items()}
    largest = next(given[p] for p in reversed(PROFILES) if p in given)
    filled = {}
    for profile in reversed(PROFILES):
        largest = filled[profile] = given.get(profile, largest)
    kinds = {type(p) for p in filled.values()}
    if len(kinds) != 1 or not all(is_dataclass(k) and k.__dataclass_params__.frozen for k in kinds):  # type: ignore[attr-defined]
        raise TypeError("parameters that are not instances of one frozen dataclass, or dictionaries")
    return {profile: filled[profile] for profile in PROFILES}


def _stray(profiles: Mapping[Any, Any]) -> str:
    """Return a name beside those of profiles, where some are profiles, or mistyped ones, by what they have."""
    budgets = [str(name) for name, values in profiles.items() if isinstance(values, Mapping) or is_dataclass(values)]
    is_meant = any(difflib.get_close_matches(name, PROFILES, cutoff=0.75) for name in budgets)
    return next((str(name) for name in profiles if name not in PROFILES), "") if is_meant else ""


def _checked(
    grid: Sequence[Point] | Mapping[str, Sequence[Point]], params: Mapping[str, Any]
) -> dict[str, tuple[Point, ...]]:
    """Return the points of each profile; ValueError where there are none, two are equal, or one can't be set."""
    each = grid if isinstance(grid, Mapping) else dict.fromkeys(PROFILES, grid)
    if set(each) != set(PROFILES):
        raise ValueError(f"grids for {', '.join(each)}, not for each of {', '.join(PROFILES)}")
    known = parameters(params[PROFILES[0]])
    names = {tuple(point) for points in each.values() for point in points}
    if not all(each.values()):
        raise ValueError("a grid without points: a list in it is empty")
    if odd := next((name for point in names for name in point if name not in known), ""):
        raise ValueError(f"a grid over {odd!r}, which is no parameter; known: {', '.join(known)}")
    if len(names) > 1:
        raise ValueError(f"a grid whose points set different parameters: {', '.join(map(str, sorted(names)))}")
    for profile, points in each.items():
        settled = [parameters(replace(params[profile], **point)) for point in points]
        # 1 and 1.0 are equal, though they are written otherwise.
        if any(first == second for first, second in itertools.combinations(settled, 2)):
            raise ValueError(f"a grid with two equal points in {profile}")
    return {
        profile: tuple({name: _plain(name, value) for name, value in point.items()} for point in each[profile])
        for profile in PROFILES
    }
