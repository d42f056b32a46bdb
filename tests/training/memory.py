"""A record that keeps in memory what an experiment measures, as a run folder would."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.keys.environment import THREADS
from report_cli.training import backend
from report_cli.training.classify import classify

Saved = tuple[int, dict[str, NDArray[Any]], dict[str, Any]]


def start(seed: int) -> None:
    """Begin a fresh session, as the worker does before a run."""
    backend.start(seed, THREADS)


class MemoryCheckpoint:
    """Keeps the newest checkpoint, whose state passes through JSON, as on disk."""

    def __init__(self) -> None:
        self.saved: Saved | None = None

    def load(self) -> Saved | None:
        return copy.deepcopy(self.saved)

    def save(self, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        self.saved = (epoch, {name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(state)))


class InterruptionError(Exception):
    """The power went out."""


class MemoryRecord:
    """A record; raises InterruptionError after `stop_after` epochs. `needs` has finished runs by experiment."""

    def __init__(
        self,
        needs: "Mapping[str, MemoryRun] | None" = None,
        seed: int = 0,
        checkpoint: MemoryCheckpoint | None = None,
        stop_after: int = 0,
        precision: str = "float32",
        cache: Path | None = None,
    ) -> None:
        self._needs = needs or {}
        self.seed = seed
        self.checkpoint = checkpoint or MemoryCheckpoint()
        self.stop_after = stop_after
        self.scalars: dict[str, float] = {}
        self.history: list[dict[str, float]] = []
        self.arrays: dict[str, NDArray[Any]] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.trained: dict[str, NDArray[Any]] = {}
        self.times: list[tuple[float, int]] = []
        self.notes: list[str] = []
        self.precision = precision
        self._cache = cache

    @property
    def cache(self) -> Path:
        assert self._cache is not None
        return self._cache

    def __call__(self, **metrics: float) -> None:
        assert not set(metrics) & set(self.scalars)
        assert all(np.isfinite(value) for value in metrics.values())
        self.scalars |= metrics

    def need(self, name: str) -> "MemoryRun":
        return self._needs[name]

    def row(self, **values: float) -> None:
        self.history.append(values)

    def array(self, name: str, values: NDArray[Any]) -> None:
        assert name not in self.arrays
        self.arrays[name] = np.asarray(values)

    def table(self, name: str, rows: Any) -> None:
        assert name not in self.tables
        self.tables[name] = list(rows)

    def weights(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.trained.update(arrays)

    def time(self, seconds: float, images: int) -> None:
        self.times.append((seconds, images))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(
        self, epoch: int, epochs: int, *, step: int = 0, steps: int = 0, images: int = 0, **metrics: float
    ) -> None:
        if epoch == self.stop_after and not steps:
            raise InterruptionError

    def classifier(self, model: Any, split: Any, params: Any, **options: Any) -> list[dict[str, float]]:
        return classify(model, split, params, self, **options)


class MemoryRun:
    """A finished run, and the results of an experiment that has this run alone."""

    def __init__(self, record: MemoryRecord | None = None, **parameters: Any) -> None:
        record = record or MemoryRecord()
        self.scalars = record.scalars
        self.history = record.history
        self.arrays = record.arrays
        self.trained = record.trained
        self.parameters = parameters

    def run(self, seed: int | None = None, **point: Any) -> "MemoryRun":
        return self

    def metric(self, name: str) -> list[float]:
        return [self.scalars[name]]

    def array(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def weights(self) -> dict[str, NDArray[Any]]:
        return dict(self.trained)


class MemoryFigures:
    """Keeps figures and their alternative texts by name."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.alts: dict[str, str] = {}

    def add(self, name: str, figure: Any, alt: str) -> None:
        self.figures[name] = figure
        self.alts[name] = alt
