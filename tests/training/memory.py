"""A record that keeps in memory what an experiment measures, as a run folder would."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Saved = tuple[int, dict[str, NDArray[Any]], dict[str, Any]]


class MemoryCheckpoint:
    """Keeps the newest checkpoint, whose state passes through JSON, as on disk, and what is kept beside it."""

    def __init__(self) -> None:
        self.saved: Saved | None = None
        self.beside: dict[str, dict[str, NDArray[Any]]] = {}

    def load(self) -> Saved | None:
        return copy.deepcopy(self.saved)

    def save(self, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        self.saved = (epoch, {name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(state)))

    def keep(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.beside[name] = {key: array.copy() for key, array in arrays.items()}

    def kept(self, name: str) -> dict[str, NDArray[Any]] | None:
        return copy.deepcopy(self.beside.get(name))


class InterruptionError(Exception):
    """The power went out."""


class MemoryRecord:
    """A record; raises InterruptionError after `stop_after` epochs."""

    def __init__(
        self,
        needs: "Mapping[str, MemoryRecord] | None" = None,
        seed: int = 0,
        checkpoint: MemoryCheckpoint | None = None,
        stop_after: int = 0,
    ) -> None:
        self._needs = needs or {}
        self.seed = seed
        self.checkpoint = checkpoint or MemoryCheckpoint()
        self.stop_after = stop_after
        self.scalars: dict[str, float] = {}
        self.units: dict[str, str] = {}
        self.history: list[dict[str, float]] = []
        self.arrays: dict[str, NDArray[Any]] = {}
        self.trained: dict[str, NDArray[Any]] = {}

    def need(self, name: str) -> "MemoryRun":
        return MemoryRun(self._needs[name])

    def scalar(self, name: str, value: float, unit: str = "") -> None:
        assert name not in self.scalars
        assert np.isfinite(value)
        self.scalars[name] = value
        self.units[name] = unit

    def row(self, **values: float) -> None:
        self.history.append(values)

    def array(self, name: str, values: NDArray[Any]) -> None:
        assert name not in self.arrays
        self.arrays[name] = values

    def weights(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.trained.update(arrays)

    def progress(self, done: int, total: int, **metrics: float) -> None:
        if done == self.stop_after:
            raise InterruptionError


class MemoryRun:
    """A finished run, as `draw` and the experiments that need it read it."""

    def __init__(self, record: MemoryRecord) -> None:
        self.scalars = record.scalars
        self.history = record.history
        self._arrays = record.arrays
        self._weights = record.trained

    def array(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def weights(self) -> dict[str, NDArray[Any]]:
        return dict(self._weights)


class MemoryFigures:
    """Keeps figures and their alternative texts by name."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.alts: dict[str, str] = {}

    def add(self, name: str, figure: Any, *, alt: str) -> None:
        self.figures[name] = figure
        self.alts[name] = alt
