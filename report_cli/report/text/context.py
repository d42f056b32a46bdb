"""What a document may take: the runs and figures that the caller selected, looked up by name, with exact errors."""

import math
import shlex
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from report_cli.errors import ReportError, ResultError, UsageError, unknown
from report_cli.experiment import PROFILES, UNITS, Experiment, Metric, parameters
from report_cli.report.text import words
from report_cli.report.text.comparisons import Comparison, compare
from report_cli.report.text.escape import escape
from report_cli.report.text.values import GIVEN, Ledger, Value
from report_cli.store.run import FigureFile, Results, Run, as_stored, place

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Selection:
    """What a document may take from the store, chosen by the caller.

    `runs` has the results of each experiment over its points and seeds; `figures` the files drawn from them by
    experiment and name; `missing` says why an experiment has no results ("never run", "out of date: ..."), and
    `options` with which options `report run` would make them. `behind` has the runs on which all these rest, at any
    distance, by their keys, and `undrawn` why an experiment has no figures; `drawn_by` identifies what figures of an
    experiment are drawn with.
    """

    runs: Mapping[str, Results]
    figures: Mapping[str, Mapping[str, FigureFile]]
    missing: Mapping[str, str]
    options: tuple[str, ...] = ()
    behind: Mapping[str, Run] = field(default_factory=dict)
    undrawn: Mapping[str, ReportError] = field(default_factory=dict)
    drawn_by: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: Container[str]) -> "Selection":
        """Return what of it belongs to these experiments."""
        runs = {name: results for name, results in self.runs.items() if name in names}
        figures = {name: drawn for name, drawn in self.figures.items() if name in names}
        missing = {name: why for name, why in self.missing.items() if name in names}
        rests = {each.key for results in runs.values() for run in results for each in run.manifest.behind}
        behind = {key: run for key, run in self.behind.items() if key in rests}
        return replace(self, runs=runs, figures=figures, missing=missing, behind=behind)

    def command(self, *arguments: str) -> str:
        """Return the command that runs what a hint names, as it has to be typed."""
        return shlex.join(["report", "run", *arguments, *self.options])


@dataclass
class Context:
    """Answers what templates ask for. Without a selection (a dry rendering) every answer is a placeholder, and so it is
    `elsewhere`: outside of the section that is built alone.

    Raises:
        UsageError: a name that no experiment declares.
        ReportError: a value or figure that has no run; a placeholder instead when `draft`.
    """

    experiments: Mapping[str, Experiment]
    selection: Selection | None
    draft: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    elsewhere: bool = False
    _arrays: "dict[str, NDArray[Any]]" = field(default_factory=dict)

    def value(self, name: str, **point: Any) -> Value:
        """Return the metric EXPERIMENT.METRIC, at one point of a grid: the mean over the seeds."""
        experiment, metric = self._split(name, "metric")
        if metric not in experiment.metrics:
            raise unknown(f"metric of {experiment.name}", metric, experiment.metrics)
        results, missing = self._runs(experiment.name)
        if missing:
            return self._placeholder(name, missing, experiment.metrics[metric].unit)
        return self._value(name, metric, self._at(results, point))

    def compare(
        self,
        a: str | Value,
        b: str | Value,
        margin: float = 0.0,
        family: Sequence[tuple[str | Value, str | Value]] = (),
    ) -> Comparison:
        """Return how far result `a` lies above `b`, each EXPERIMENT.METRIC or a value of it.

        Equivalent is what differs by less than `margin`. Where several comparisons are made at once, `family` has all
        their pairs, and their p-values are adjusted together.
        """
        pairs = [(self._result(first), self._result(second)) for first, second in family]
        return compare(self.by_key(), self._result(a), self._result(b), margin, pairs)

    def by_key(self) -> dict[str, Run]:
        """Return all runs that may be taken, by their keys."""
        return {run.key: run for results in (self.selection.runs if self.selection else {}).values() for run in results}

    def grid(self, name: str) -> list[Mapping[str, Any]]:
        """Return the points of the runs of an experiment, one without parameters where it has no grid."""
        results, _ = self._runs(self._experiment(name).name)
        points = {repr(run.point): run.point for run in results}
        return list(points.values()) or list(self.experiments[name].grid[PROFILES[-1]]) or [{}]

    def find(self, name: str, point: Mapping[str, Any], metric: str) -> Value | None:
        """Return a metric of an experiment at a point of its grid, None where it doesn't declare it."""
        declared = metric in self.experiments[name].metrics
        return self.value(f"{name}.{metric}", **point) if declared else None

    def constant(self, number: float, unit: str = "", of: int = 0) -> Value:
        """Return a number that is no result of a run: given by the task, or published elsewhere.

        `of` says of how many a fraction is a share, for its interval.
        """
        if not _is_number(number) or not _is_number(of):
            raise UsageError(
                f"constant takes a number, not {of if _is_number(number) else number!r}",
                'write constant(0.7383, "fraction")',
            )
        if unit in UNITS:
            raise UsageError(f"constant of the unit {unit!r}", f'write constant(..., "{UNITS[unit]}")')
        if unfit := Metric(unit, "", "of" if of else "").unfit(number):
            raise UsageError(*unfit)
        counts = (of,) if of else ()
        return Value(number, unit, GIVEN, (), self.ledger, (number,), counts=counts, is_set=True)

    def _result(self, named: str | Value) -> Value:
        if not isinstance(named, str | Value):
            raise UsageError(f"compare takes names and values, not {named!r}", 'write "EXPERIMENT.METRIC"')
        return named if isinstance(named, Value) else self.value(named)

    def points(self, name: str) -> "list[tuple[Mapping[str, Any], Value]]":
        """Return (point, value) for every point of the grid of EXPERIMENT, for the metric EXPERIMENT.METRIC.

        Numbers of a point are values, as they were set.
        """
        experiment, _ = self._split(name, "metric")
        pairs: list[tuple[Mapping[str, Any], Value]] = []
        for point in self.grid(experiment.name):
            value = self.value(name, **point)
            shown = {
                key: self._set(f"{experiment.name}.{key}", content, value.runs) if _is_number(content) else content
                for key, content in point.items()
            }
            pairs.append((shown, value))
        return pairs

    def table(self, name: str, **point: Any) -> list[dict[str, Any]]:
        """Return the rows of the table EXPERIMENT.TABLE of one run, numbers as values; none for a placeholder."""
        run = self._run(name, point, "table")
        if run is None:
            return []
        table = run.table(name.partition(".")[2])
        return [{key: self._cell(name, run, cell) for key, cell in row.items()} for row in table]

    def parameter(self, name: str, field_name: str) -> "Value | str":
        """Return in Markdown a parameter of the runs used: numbers, those of a list too, as values."""
        experiment = self._experiment(name)
        declared = parameters(experiment.params[PROFILES[0]])
        if field_name not in declared:
            raise unknown(f"parameter of {name}", field_name, declared)
        results, missing = self._runs(name)
        if missing:
            return self._placeholder(f"{name}.{field_name}", missing)
        contents = [run.parameters[field_name] for run in results]
        if any(content != contents[0] for content in contents):
            raise UsageError(f"{name} runs over a grid of {field_name}", "take it from points(...)")
        return self._setting(f"{name}.{field_name}", contents[0], tuple(run.key for run in results))

    def setting(self, name: str, field_name: str, content: Any) -> str:
        """Return in Markdown what a parameter is at a point of a grid: numbers, those of a list too, as values."""
        keys = tuple(run.key for run in self._runs(name)[0] if run.point.get(field_name) == content)
        return str(self._setting(f"{name}.{field_name}", content, keys))

    def array(self, name: str, **point: Any) -> "NDArray[Any] | None":
        """Return the array EXPERIMENT.ARRAY of one run, or None for a placeholder."""
        run = self._run(name, point)
        if run is None:
            return None
        at = f"{name} {run.key}"
        if at not in self._arrays:
            self._arrays[at] = run.array(name.partition(".")[2])
        return self._arrays[at]

    def element(self, name: str, *index: int, **point: Any) -> "Value | str":
        """Return one element of an array of one run, counted from 0: a number as a value, else text."""
        array, run = self.array(name, **point), self._run(name, point)
        if array is None or run is None:
            return self._placeholder(name, self._runs(name.partition(".")[0])[1])
        if len(index) != array.ndim or not all(0 <= i < size for i, size in zip(index, array.shape, strict=True)):
            raise UsageError(f"{name} has the shape {array.shape}, and no element {index}", "count from 0")
        if array.dtype.kind not in "biuf":
            return self._text(str(array[index]))
        number = array[index].item()
        return Value(number, "", (name,), (run.key,), self.ledger, (number,))

    def figure(self, name: str) -> FigureFile | None:
        """Return the figure EXPERIMENT.FIGURE, or None for a placeholder."""
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
            if (why := self.selection.undrawn.get(experiment.name)) is not None:
                raise ReportError(f"the figure {name} can't be drawn: {why.message}", why.hint) from why
            raise ResultError(f"the figure {name} was not drawn", self.selection.command(experiment.name))
        return drawn[figure]

    def title(self, name: str) -> str:
        return self._text(self._experiment(name).title)

    def images_label(self, name: str) -> str:
        """Return what the data of the runs is called, or a placeholder."""
        self._experiment(name)
        results, missing = self._runs(name)
        if missing:
            return self._text(f"[{name}: {missing}]")
        data = results.runs[0].manifest.data
        if data is None:
            raise UsageError(f"{name} uses no images", "images_label takes an experiment with images")
        return self._text(data.label)

    def used(self) -> tuple[Run, ...]:
        """Return the runs of every experiment that was taken, in the order of taking."""
        if self.selection is None:
            return ()
        taken = (self.selection.runs[name] for name in self.ledger.experiments if name in self.selection.runs)
        return tuple(run for results in taken for run in results)

    def _experiment(self, name: str) -> Experiment:
        if name not in self.experiments:
            raise unknown("experiment", name, self.experiments)
        return self.experiments[name]

    def _split(self, name: str, what: str) -> tuple[Experiment, str]:
        experiment, dot, rest = name.partition(".")
        if not dot or not rest:
            raise UsageError(f"{name!r} names no {what}", f'write it as "experiment.{what}"')
        return self._experiment(experiment), rest

    def _runs(self, name: str) -> tuple[Results, str]:
        """Return the results of `name`, or why there are none where a placeholder may stand for them."""
        if not self.elsewhere:
            self.ledger.experiments[name] = None
        if self.selection is None or self.elsewhere:
            return Results(name, ()), "not read"
        results = self.selection.runs.get(name)
        if results is not None and len(results):
            return results, ""
        reason = self.selection.missing.get(name, "never run")
        if not self.draft:
            what = f"{name} is {reason}" if reason.startswith("out of date") else f"no result of {name}: {reason}"
            raise ResultError(what, self.selection.command(name))
        return Results(name, ()), self.ledger.language.get(reason, reason)

    def _at(self, results: Results, point: Mapping[str, Any]) -> tuple[Run, ...]:
        """Return the runs at one point of a grid, one for each seed."""
        swept = results.runs[0].point
        seed = point.get("seed")
        point = {name: as_stored(value) for name, value in point.items() if name != "seed"}
        if names := [name for name in point if name not in swept]:
            raise unknown(f"parameter in the grid of {results.experiment}", names[0], swept)
        for name, value in point.items():
            if value not in (there := [run.point[name] for run in results.runs]):
                raise UsageError(
                    f"{results.experiment} has no point with {name}={value!r}",
                    "there are " + ", ".join(dict.fromkeys(map(str, sorted(there, key=place)))),
                )
        runs = results.where(seed, **point).runs
        if seed is not None and not runs:
            seeds = ", ".join(map(str, sorted({run.seed for run in results.runs})))
            raise UsageError(f"{results.experiment} has no seed {seed!r}", f"there are {seeds}")
        points = {repr(sorted(run.point.items())) for run in runs}
        if len(points) != 1:
            asked = ", ".join(f"{name}={values!r}" for name, values in swept.items())
            raise UsageError(
                f"{results.experiment} has {len(points)} points where one is asked for", f"name it: {asked}"
            )
        return runs

    def _run(self, name: str, point: Mapping[str, Any], what: str = "array") -> Run | None:
        """Return the run that EXPERIMENT.ARRAY, or a table, is taken from, None for a placeholder; of several seeds
        one is named."""
        experiment, _ = self._split(name, what)
        results, missing = self._runs(experiment.name)
        if missing:
            return None
        runs = self._at(results, point)
        if len(runs) > 1:
            raise UsageError(f"{experiment.name} has {len(runs)} seeds, each with a {name}", "name one: seed=0")
        return runs[0]

    def _value(self, name: str, metric: str, runs: tuple[Run, ...]) -> Value:
        samples = tuple(self._scalar(run, metric) for run in runs)
        declared = self.experiments[runs[0].experiment].metrics
        counts = tuple(self._scalar(run, declared[metric].of) for run in runs) if declared[metric].of else ()
        keys = tuple(run.key for run in runs)
        from statistics import fmean

        seeds = tuple(run.seed for run in runs)
        unit = declared[metric].unit
        return Value(fmean(samples), unit, (name,), keys, self.ledger, samples, counts=counts, seeds=seeds)

    def _setting(self, origin: str, content: Any, keys: tuple[str, ...]) -> "Value | str":
        if _is_number(content):
            return self._set(origin, content, keys)
        if isinstance(content, list | tuple):
            return self.ledger.language["list"].join(str(self._setting(origin, each, keys)) for each in content)
        return escape(self.words(content))

    def _set(self, origin: str, content: float, keys: tuple[str, ...]) -> Value:
        """Return a parameter, which is written with the digits that it has."""
        return Value(content, "", (origin,), keys, self.ledger, (content,) * len(keys), is_set=True)

    def _cell(self, name: str, run: Run, cell: Any) -> Any:
        if _is_number(cell):
            return Value(cell, "", (name,), (run.key,), self.ledger, (cell,))
        if isinstance(cell, list):
            return self.ledger.language["list"].join(str(self._cell(name, run, each)) for each in cell)
        return self.words(cell)

    def _placeholder(self, name: str, missing: str, unit: str = "") -> Value:
        return Value(math.nan, unit, (name,), (), self.ledger, (), missing)

    def _scalar(self, run: Run, metric: str) -> float:
        assert self.selection is not None
        if metric not in run.scalars:
            again = self.selection.command(run.experiment, "--force")
            raise ResultError(f"run {run.key} of {run.experiment} has no {metric}", again)
        number = run.scalars[metric]
        if not math.isfinite(number):
            raise ResultError(
                f"{run.experiment}.{metric} is {number}, which is no result", self.selection.command(run.experiment)
            )
        return number

    def words(self, content: object) -> str:
        """Return what is set, a parameter or a cell, as the language has it."""
        language = self.ledger.language
        if isinstance(content, list | tuple):
            return language["list"].join(self.words(item) for item in content)
        if isinstance(content, bool):
            return language["yes" if content else "no"]
        if isinstance(content, int | float):
            return words.number(str(content), language) if isinstance(content, float) else str(content)
        return language["none"] if content is None else self._text(str(content))

    def _text(self, text: str) -> str:
        self.ledger.texts.add(text)
        return text


def _is_number(content: object) -> bool:
    return isinstance(content, int | float) and not isinstance(content, bool)
