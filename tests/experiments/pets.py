"""Small images of two classes, and a record that hands over finished runs with their weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from report_cli.data.images import Images, Raw, assemble
from tests.training.memory import MemoryRecord, MemoryRun

SIDE = 46
# Small enough for seconds: the side is the least that four convolutions with pooling leave anything of.
SIZES = {"train": 24, "validation": 12, "test": 12, "size": SIDE, "split_seed": 1}


class FinishedRun(MemoryRun):
    """A finished run with its weights."""

    def __init__(self, record: MemoryRecord) -> None:
        super().__init__(record)
        self._weights = record.trained

    def weights(self) -> dict[str, Any]:
        return dict(self._weights)


class NeedingRecord(MemoryRecord):
    """A record that hands over finished runs by name."""

    def __init__(self, needs: Mapping[str, MemoryRecord], **options: Any) -> None:
        super().__init__(**options)
        self._needs = needs

    def need(self, name: str) -> FinishedRun:
        return FinishedRun(self._needs[name])


def noise(first: int = 1241) -> Images:
    """Return two classes of noise, dogs darker at the left; cats and dogs are numbered from `first`."""
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    pixels = rng.integers(0, 256, (80, SIDE, SIDE, 3))
    pixels[labels == 1, :, : SIDE // 2] //= 3
    names = np.array([f"{('cat', 'dog')[label]}.{first + place // 2}" for place, label in enumerate(labels)])
    raw = Raw(labels, pixels.astype(np.uint8), names)
    nothing = Raw(labels[:0], raw.pixels[:0])
    return assemble("dogs-vs-cats", "noise", "embedded", "noise", ("cat", "dog"), raw, nothing)
