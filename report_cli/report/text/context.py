"""What a document may take: the runs and figures that the caller selected, looked up by name, with exact errors."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

from report_cli.errors import ReportError, UsageError, unknown
from report_cli.experiment import PROFILES, Experiment, parameters
from report_cli.report.text.values import Ledger, Value
from report_cli.store.store import FigureFile, Run

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Selection:
    """What a document may take from the store, chosen by the caller.

    `runs` has one run per seed in seed order; `figures` the files of the first seed by experiment and name; `missing`
    says why an experiment has no run ("never run", "stale: ...", "failed: ..."), and `options` with which options
    `report run` would make it.
    """

    runs: Mapping[str, tuple[Run, ...]]
    figures: Mapping[str, Mapping[str, FigureFile]]
    missing: Mapping[str, str]
    options: tuple[str, ...] = ()

    def command(self, *arguments: str) -> str:
        """Return the command that runs what a hint names, as it has to be typed."""
        return shlex.join(["report", "run", *arguments, *self.options])


@dataclass(frozen=True)
class Context:
    """Answers what templates ask for. Without a selection (a dry rendering) every answer is a placeholder.

    Raises:
        UsageError: a name that no experiment declares.
        ReportError: a value or figure that has no run; a placeholder instead when `draft`.
    """

    experiments: Mapping[str, Experiment]
    selection: Selection | None
    draft: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    _arrays: "dict[str, NDArray[Any]]" = field(default_factory=dict)

    def value(self, name: str) -> Value:
        """Return the scalar EXPERIMENT.METRIC: the mean over the seeds."""
        experiment, metric = self._split(name, "metric")
        if metric not in experiment.metrics:
            raise unknown(f"metric of {experiment.name}", metric, experiment.metrics)
        runs, missing = self._runs(experiment.name)
        if missing:
            return self._placeholder(name, missing)
        samples = tuple(self._scalar(run, metric) for run in runs)
        unit = runs[0].units[metric]
        return Value(fmean(samples), unit, (name,), tuple(r.key for r in runs), self.ledger, samples)

    def parameter(self, name: str, field_name: str) -> "Value | str":
        """Return a parameter of the runs used: a number as a value, anything else as text."""
        experiment = self._experiment(name)
        declared = parameters(experiment.params[PROFILES[0]])
        if field_name not in declared:
            raise unknown(f"parameter of {name}", field_name, declared)
        runs, missing = self._runs(name)
        if missing:
            return self._placeholder(f"{name}.{field_name}", missing)
        content = runs[0].manifest["recipe"]["parameters"][field_name]
        if isinstance(content, int | float) and not isinstance(content, bool):
            keys = tuple(run.key for run in runs)
            return Value(content, "", (f"{name}.{field_name}",), keys, self.ledger, (content,) * len(runs))
        return _words(content)

    def array(self, name: str) -> "NDArray[Any] | None":
        """Return the array EXPERIMENT.ARRAY of the first seed, or None for a placeholder."""
        experiment, array = self._split(name, "array")
        runs, missing = self._runs(experiment.name)
        if missing:
            return None
        if name not in self._arrays:
            stored = sorted(path.stem for path in (runs[0].folder / "arrays").glob("*.npy"))
            if array not in stored:
                raise unknown(f"array of {experiment.name}", array, stored)
            self._arrays[name] = runs[0].array(array)
        return self._arrays[name]

    def element(self, name: str, *index: int) -> "Value | str":
        """Return one element of an array of the first seed, counted from 0: a number as a value, else text."""
        array = self.array(name)
        runs, missing = self._runs(name.partition(".")[0])
        if array is None:
            return self._placeholder(name, missing)
        if len(index) != array.ndim or not all(0 <= i < size for i, size in zip(index, array.shape, strict=True)):
            raise UsageError(f"{name} has the shape {array.shape}, and no element {index}", "count from 0")
        if array.dtype.kind not in "biuf":
            return str(array[index])
        number = array[index].item()
        return Value(number, "", (name,), (runs[0].key,), self.ledger, (number,))

    def figure(self, name: str) -> FigureFile | None:
        """Return the figure EXPERIMENT.FIGURE of the first seed, or None for a placeholder."""
        experiment, figure = self._split(name, "figure")
        if figure not in experiment.figures:
            raise unknown(f"figure of {experiment.name}", figure, experiment.figures)
        _, missing = self._runs(experiment.name)
        if missing or self.selection is None:
            return None
        drawn = self.selection.figures.get(experiment.name, {})
        if figure not in drawn:
            if self.draft:
                return None
            raise ReportError(f"the figure {name} was not drawn", self.selection.command(experiment.name))
        return drawn[figure]

    def title(self, name: str) -> str:
        return self._experiment(name).title

    def images_label(self, name: str) -> str:
        """Return what the images of the runs are called, or a placeholder."""
        self._experiment(name)
        runs, missing = self._runs(name)
        if missing:
            return f"[{name}: {missing}]"
        images = runs[0].images
        if images is None:
            raise UsageError(f"{name} uses no images", "images_label takes an experiment with images")
        return str(images["label"])

    def used(self) -> tuple[Run, ...]:
        """Return the runs of every experiment that was taken, in the order of taking."""
        if self.selection is None:
            return ()
        return tuple(run for name in self.ledger.experiments for run in self.selection.runs.get(name, ()))

    def _experiment(self, name: str) -> Experiment:
        if name not in self.experiments:
            raise unknown("experiment", name, self.experiments)
        return self.experiments[name]

    def _split(self, name: str, what: str) -> tuple[Experiment, str]:
        experiment, dot, rest = name.partition(".")
        if not dot or not rest:
            raise UsageError(f"{name!r} names no {what}", f'write it as "experiment.{what}"')
        return self._experiment(experiment), rest

    def _runs(self, name: str) -> tuple[tuple[Run, ...], str]:
        """Return the runs of `name`, or why there are none where a placeholder may stand for them."""
        self.ledger.experiments[name] = None
        if self.selection is None:
            return (), "not read"
        runs = self.selection.runs.get(name, ())
        if runs:
            return runs, ""
        reason = self.selection.missing.get(name, "never run")
        if not self.draft:
            raise ReportError(f"no result of {name}: {reason}", self.selection.command(name))
        return (), reason

    def _placeholder(self, name: str, missing: str) -> Value:
        return Value(math.nan, "", (name,), (), self.ledger, (), missing)

    def _scalar(self, run: Run, metric: str) -> float:
        assert self.selection is not None
        if metric not in run.scalars:
            again = self.selection.command(run.experiment, "--force")
            raise ReportError(f"run {run.key} of {run.experiment} has no {metric}", again)
        number = run.scalars[metric]
        if not math.isfinite(number):
            raise ReportError(
                f"{run.experiment}.{metric} is {number}, which is no result", self.selection.command(run.experiment)
            )
        return number


def _words(content: object) -> str:
    if isinstance(content, list | tuple):
        return ", ".join(_words(item) for item in content)
    if isinstance(content, bool):
        return "yes" if content else "no"
    return "none" if content is None else str(content)
