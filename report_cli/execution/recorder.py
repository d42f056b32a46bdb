"""What the worker hands to an experiment: `record` and `figures`, which take results into a staging folder."""

import io
import json
import math
import numbers
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report_cli import files
from report_cli.errors import RunError, unknown
from report_cli.experiment import Checkpoint, Experiment
from report_cli.keys.inputs import Inputs, Watch, quiet
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Drawing
from report_cli.store.run import MEASURED, WEIGHTS, Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from report_cli.datasets.spec import Weights
    from report_cli.datasets.split import Split

Tell = Callable[[Mapping[str, Any]], None]
Pretrained = Callable[["Weights"], "dict[str, NDArray[Any]]"]
STATE = "state.json"


class Recorder:
    """The `Record` of one run. Call `finish` when the measuring function has returned."""

    def __init__(
        self,
        experiment: Experiment,
        seed: int,
        folder: Path,
        checkpoint: "CheckpointFolder",
        needs: Mapping[str, Results],
        watch: Watch,
        pretrained: Pretrained,
        tell: Tell,
        precision: str,
        cache: Path,
    ) -> None:
        self.seed = seed
        self.precision = precision
        self.cache = cache
        self.times: list[dict[str, float]] = []
        self.checkpoint: Checkpoint = checkpoint
        self._experiment = experiment
        self._folder = folder
        self._needs = needs
        self._watch = watch
        self._pretrained = pretrained
        self._tell = tell
        self._began_s = time.monotonic()
        self._metrics: dict[str, float] = {}
        self._history: list[dict[str, float]] = []

    def __call__(self, **metrics: float) -> None:
        for name, value in metrics.items():
            if name not in self._experiment.metrics:
                near = unknown("metric", name, self._experiment.metrics).hint
                raise RunError(
                    f"it recorded a metric that it doesn't declare: {name!r}",
                    f"declare it in metrics=..., beside the others; {near}",
                )
            if name in self._metrics:
                raise RunError(
                    f"it recorded the metric {name!r} twice", "record what belongs to an epoch with record.row"
                )
            number = _number(name, value)
            if unfit := self._experiment.metrics[name].unfit(number):
                raise RunError(f"{name}: {unfit[0]}", unfit[1])
            self._metrics[name] = number

    def __getattr__(self, name: str) -> Any:
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        error = unknown("method of record", name, known)
        raise RunError(error.message, f"{error.hint} Metrics are recorded with record(name=...)")

    def row(self, **values: float) -> None:
        self._history.append({name: _number(f"{name} in the history", value) for name, value in values.items()})

    def array(self, name: str, values: "NDArray[Any]") -> None:
        import numpy as np

        array = np.asarray(values)
        if array.dtype.hasobject:
            raise RunError(f"array {name!r} holds Python objects", "record numbers, booleans or text")
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise RunError(f"array {name!r} holds a value that is not finite")
        content = io.BytesIO()
        np.save(content, array, allow_pickle=False)
        self._write(f"arrays/{name}.npy", content.getvalue())

    def table(self, name: str, rows: Any) -> None:
        records: list[Mapping[str, Any]] = rows.to_dict("records") if hasattr(rows, "to_dict") else list(rows)
        if not all(isinstance(row, Mapping) for row in records):
            raise RunError(f"table {name!r} is no list of dictionaries", 'write record.table(name, [{"column": 1}])')
        columns = list(records[0]) if records else []
        if any(list(row) != columns for row in records):
            raise RunError(f"the rows of table {name!r} have different columns", f"give each of them {columns}")
        cells = [[_cell(f"{column} in table {name!r}", row[column]) for column in columns] for row in records]
        titles = [_cell(f"a column of table {name!r}", column) for column in columns]
        self._write(f"tables/{name}.json", files.json_text({"columns": titles, "rows": cells}).encode())

    def weights(self, arrays: "Mapping[str, NDArray[Any]]") -> None:
        self._write(WEIGHTS, _npz(arrays))

    def time(self, seconds: float, images: int) -> None:
        self.times.append({"seconds": _number("the time of an epoch", seconds), "images": int(images)})

    def progress(
        self, epoch: int, epochs: int, *, step: int = 0, steps: int = 0, images: int = 0, **metrics: float
    ) -> None:
        done = {"epoch": int(epoch), "epochs": int(epochs), "step": int(step), "steps": int(steps)}
        done["images"] = int(images)
        values = {name: float(value) for name, value in metrics.items()}
        self._tell({"event": "progress", **done, "seconds": time.monotonic() - self._began_s, "metrics": values})

    def note(self, text: str) -> None:
        self._tell({"event": "note", "text": str(text)})

    def need(self, name: str) -> Results:
        if name not in self._needs:
            raise RunError(f"it asked for the run of {name!r}, which it does not declare", f'add needs=("{name}",)')
        return self._needs[name]

    def file(self, path: str) -> str:
        self._watch.file(path)
        return str(Path(path).absolute())

    def pretrained(self, weights: "Weights") -> "dict[str, NDArray[Any]]":
        with quiet():
            return self._pretrained(weights)

    def classifier(self, model: Any, split: "Split[Any]", params: Any, **options: Any) -> list[dict[str, float]]:
        from report_cli.training.classify import classify

        return classify(model, split, params, self, **options)

    def finish(self) -> None:
        """Write the metrics and the history; RunError when a declared metric is missing."""
        missing = [name for name in self._experiment.metrics if name not in self._metrics]
        if missing:
            raise RunError(
                f"it did not record the declared metric {missing[0]!r}",
                f"call record({missing[0]}=...) or take it out of metrics=",
            )
        self._write(MEASURED, files.json_text({"metrics": self._metrics, "history": self._history}).encode())

    def _write(self, name: str, content: bytes) -> None:
        with quiet():
            files.write_bytes(self._folder / name, content)


class FigureFolder:
    """The `Figures` of one experiment. Call `finish` when `draw` has returned."""

    def __init__(self, experiment: Experiment, folder: Path, results: Results) -> None:
        self._experiment = experiment
        self._folder = folder
        self._results = results
        self._alt: dict[str, str] = {}
        # What the author should know of the figures.
        self.notes: list[str] = []

    def add(self, name: str, figure: "Figure", alt: str) -> None:
        from report_cli.figures import screen, style

        if name not in self._experiment.figures:
            error = unknown("figure", name, self._experiment.figures)
            raise RunError(error.message, error.hint)
        label = f"{self._experiment.name}.{name}"
        if not isinstance(alt, str) or not alt.strip():
            raise RunError(
                f"the figure {label} has no alternative text", 'say what it shows: figures.add(..., alt="...")'
            )
        try:
            if pixels := style.rasterise(figure):
                self.notes.append(f"the figure {label} has {pixels:,} marks, so they are pixels")
            forms = screen.forms(figure)
        except ValueError as error:
            raise RunError(f"the figure {label} can't be drawn: {error}") from error
        for ending, content in forms.items():
            files.write_bytes(self._folder / f"{name}.{ending}", content)
        self._alt[name] = alt

    def finish(self, inputs: Inputs) -> None:
        """Write the manifest of figures drawn with these inputs; RunError when a declared one is missing."""
        missing = [name for name in self._experiment.figures if name not in self._alt]
        if missing:
            raise RunError(f"it did not draw the declared figure {missing[0]!r}")
        runs = {run.key: run.outputs for run in self._results}
        manifests.write(
            self._folder,
            Drawing(figures=self._alt, runs=runs, inputs={kind: dict(noted) for kind, noted in inputs.items()}),
        )


class CheckpointFolder:
    """Checkpoints of one run, one file an epoch, of which the newest two stay.

    Each has the inputs that were seen so far: one whose inputs have changed since is not gone on from.
    """

    def __init__(self, folder: Path, watch: Watch, note_modules: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self._watch = watch
        self._note_modules = note_modules
        self._began_s = time.monotonic()
        # Seconds that interrupted attempts took, up to the checkpoint that this one goes on from.
        self.earlier_s = 0.0

    def load(self) -> "tuple[int, dict[str, NDArray[Any]], dict[str, Any]] | None":
        with quiet():
            for path in sorted(self._folder.glob("epoch-*.npz"), reverse=True):
                try:
                    arrays = _read(path) or {}
                    content = files.from_json(bytes(arrays.pop(STATE)))
                    if self._watch.changed(content["inputs"]):
                        continue
                    found = int(content["epoch"]), arrays, dict(content["state"])
                    earlier_s = float(content["took_s"])
                    self._watch.adopt(content["inputs"])
                    self.earlier_s = earlier_s
                    return found
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue
        return None

    def save(self, epoch: int, arrays: "Mapping[str, NDArray[Any]]", state: Mapping[str, Any]) -> None:
        import numpy as np

        with quiet():
            self._note_modules()
            took_s = self.earlier_s + time.monotonic() - self._began_s
            content = {"epoch": epoch, "state": dict(state), "inputs": self._watch.inputs(), "took_s": took_s}
            text = np.frombuffer(json.dumps(content).encode(), np.uint8)
            files.write_bytes(self._folder / f"epoch-{epoch:05d}.npz", _npz({**arrays, STATE: text}))
            for old in sorted(self._folder.glob("epoch-*.npz"))[:-2]:
                files.remove(old)


def _read(path: Path) -> "dict[str, NDArray[Any]] | None":
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as stored:
            # Reading every member checks its CRC, so a torn or flipped file shows here.
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile):
        return None


def _npz(arrays: "Mapping[str, NDArray[Any]]") -> bytes:
    import numpy as np

    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{name: np.asarray(a) for name, a in arrays.items()})
    return content.getvalue()


def _number(name: str, value: Any) -> float:
    if getattr(value, "ndim", 0):
        raise RunError(
            f"{name} is an array of the shape {tuple(value.shape)}, not a number",
            "take one element, as x[0], or record it with record.array",
        )
    is_complex = isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)
    if is_complex or isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        raise RunError(f"{name} is {value!r}, not a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise RunError(f"{name} has more than 308 digits", "record its logarithm") from error
    if not math.isfinite(number):
        raise RunError(f"{name} is {number}, not a finite number")
    # A count stays a count: 4624 reads better than 4624.0, and both are equal in Python and in JSON.
    return int(value) if isinstance(value, numbers.Integral) else number


def _cell(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return bool(value)
    return _number(name, value)
