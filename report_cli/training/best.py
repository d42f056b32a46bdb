"""Training that ends with the weights of its best epoch, also when it was interrupted after that epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.experiment import Checkpoint, Record, StoredRun
from report_cli.training import fit
from report_cli.training.fit import Examples, Row
from report_cli.training.losses import Score

Arrays = dict[str, NDArray[Any]]
# What the checkpoint of `fit` calls the variables of the model, and what ours calls those of the best epoch.
_MODEL, _BEST = "model-", "best-"


@dataclass(frozen=True)
class Settings:
    """How to train; `seed` moves the order of the images, where another than the run's is wanted."""

    epochs: int
    batch_size: int
    seed: int
    score: Callable[[NDArray[np.float64], NDArray[np.int64]], Score]


def fit_best(
    model: keras.Model, train: Examples, validation: Examples, record: Record, settings: Settings
) -> list[Row]:
    """Train as `fit.fit` does, then give `model` the weights of the epoch with the lowest validation loss.

    Returns the whole history; of epochs with the same loss the first counts.
    """
    ours = _Record(record, settings.seed)
    history = fit.fit(
        model,
        train,
        validation,
        ours,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        score=settings.score,
    )
    for number, variable in enumerate(model.variables):
        variable.assign(ours.kept.best[f"{_MODEL}{number:03d}"])
    return history


def lowest(history: list[Row]) -> Row:
    """Return the row of the epoch with the lowest validation loss, the first of several."""
    return min(history, key=lambda row: row["validation_loss"])


class _Checkpoint:
    """A checkpoint that also keeps the variables of the best epoch so far."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self.best: Arrays = {}

    def load(self) -> tuple[int, Arrays, dict[str, Any]] | None:
        found = self._checkpoint.load()
        if found is None:
            return None
        epoch, arrays, state = found
        self.best = {n.removeprefix(_BEST): a for n, a in arrays.items() if n.startswith(_BEST)}
        if not self.best:
            raise RunError("the checkpoint has no best epoch", "run the experiment again with --force")
        return epoch, {n: a for n, a in arrays.items() if not n.startswith(_BEST)}, state

    def save(self, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        if lowest(state["history"])["epoch"] == epoch:
            self.best = {n: a for n, a in arrays.items() if n.startswith(_MODEL)}
        self._checkpoint.save(epoch, {**arrays, **{_BEST + n: a for n, a in self.best.items()}}, state)

    def keep(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._checkpoint.keep(name, arrays)

    def kept(self, name: str) -> Arrays | None:
        return self._checkpoint.kept(name)


class _Record:
    """The record of a run with a seed of its own and that checkpoint."""

    def __init__(self, record: Record, seed: int) -> None:
        self._record = record
        self._seed = seed
        self.kept = _Checkpoint(record.checkpoint)

    @property
    def seed(self) -> int:
        return self._seed

    @property
    def checkpoint(self) -> Checkpoint:
        return self.kept

    def need(self, name: str) -> StoredRun:
        return self._record.need(name)

    def scalar(self, name: str, value: float, unit: str = "") -> None:
        self._record.scalar(name, value, unit)

    def row(self, **values: float) -> None:
        self._record.row(**values)

    def array(self, name: str, values: NDArray[Any]) -> None:
        self._record.array(name, values)

    def weights(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._record.weights(arrays)

    def progress(self, done: int, total: int, **metrics: float) -> None:
        self._record.progress(done, total, **metrics)
