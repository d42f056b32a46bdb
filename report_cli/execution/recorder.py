"""What the worker hands to a measuring function: takes its results into the staging folder, keeps its checkpoints."""

import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report_cli import files
from report_cli.errors import RunError, unknown
from report_cli.experiment import Checkpoint, Experiment, StoredRun
from report_cli.store.store import WEIGHTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[int, int, Mapping[str, float]], None]
STATE = "state.json"


class Recorder:
    """The `Record` of one run. Call `finish` when the measuring function has returned."""

    def __init__(
        self,
        experiment: Experiment,
        seed: int,
        folder: Path,
        checkpoints: Path,
        needs: Mapping[str, StoredRun],
        tell: Progress,
    ) -> None:
        self._seed = seed
        self._checkpoint = CheckpointFolder(checkpoints)
        self._experiment = experiment
        self._folder = folder
        self._needs = needs
        self._tell = tell
        self._scalars: dict[str, dict[str, Any]] = {}
        self._history: list[dict[str, float]] = []

    @property
    def seed(self) -> int:
        return self._seed

    @property
    def checkpoint(self) -> Checkpoint:
        return self._checkpoint

    def need(self, name: str) -> StoredRun:
        if name not in self._needs:
            raise RunError(f"it asked for the run of {name!r}, which it does not declare", f'add needs=("{name}",)')
        return self._needs[name]

    def scalar(self, name: str, value: float, unit: str = "") -> None:
        if name not in self._experiment.metrics:
            error = unknown("metric", name, self._experiment.metrics)
            raise RunError(f"it recorded an undeclared metric: {error.message}", error.hint)
        self._scalars[name] = {"value": _number(name, value), "unit": unit}

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
        files.write_bytes(self._folder / "arrays" / f"{name}.npy", content.getvalue())

    def weights(self, arrays: "Mapping[str, NDArray[Any]]") -> None:
        files.write_bytes(self._folder / WEIGHTS, _npz(arrays))

    def progress(self, done: int, total: int, **metrics: float) -> None:
        self._tell(done, total, {name: float(value) for name, value in metrics.items()})

    def finish(self) -> None:
        """Write the scalars and the history; RunError when a declared metric is missing."""
        missing = [name for name in self._experiment.metrics if name not in self._scalars]
        if missing:
            raise RunError(
                f"it did not record the declared metric {missing[0]!r}",
                f'call record.scalar("{missing[0]}", ...) or take it out of metrics=',
            )
        files.write_json(self._folder / "measured.json", {"scalars": self._scalars, "history": self._history})


class CheckpointFolder:
    """Checkpoints of one run, one file an epoch, of which the newest two stay, and what is kept beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> "tuple[int, dict[str, NDArray[Any]], dict[str, Any]] | None":
        for path in sorted(self._folder.glob("epoch-*.npz"), reverse=True):
            try:
                arrays = _read(path) or {}
                told = files.from_json(bytes(arrays.pop(STATE)))
                return int(told["epoch"]), arrays, dict(told["state"])
            except (ValueError, KeyError, TypeError):
                continue
        return None

    def save(self, epoch: int, arrays: "Mapping[str, NDArray[Any]]", state: Mapping[str, Any]) -> None:
        import numpy as np

        text = json.dumps({"epoch": epoch, "state": dict(state)}).encode()
        content = _npz({**arrays, STATE: np.frombuffer(text, np.uint8)})
        files.write_bytes(self._folder / f"epoch-{epoch:05d}.npz", content)
        for old in sorted(self._folder.glob("epoch-*.npz"))[:-2]:
            files.remove(old)

    def keep(self, name: str, arrays: "Mapping[str, NDArray[Any]]") -> None:
        files.write_bytes(self._kept(name), _npz(arrays))

    def kept(self, name: str) -> "dict[str, NDArray[Any]] | None":
        return _read(self._kept(name))

    def _kept(self, name: str) -> Path:
        return self._folder / f"kept-{name}.npz"


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


def _number(name: str, value: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise RunError(f"{name} is {number}, not a finite number")
    # A count stays a count: 4624 reads better than 4624.0, and both are equal in Python and in JSON.
    return int(number) if number.is_integer() and not isinstance(value, float) else number
