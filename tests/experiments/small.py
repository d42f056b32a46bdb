"""Small images and networks for experiments on ten classes."""

import importlib
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest

from report_cli.datasets.images import ImageData, Raw, assemble

BUILDERS = {
    "control": ("build",),
    "inception": ("build",),
    "residual": ("build",),
    "inception_deep": ("build",),
    "residual_deep": ("build",),
    "pooled": ("build_control", "build_inception", "build_residual"),
}


def noise() -> ImageData:
    """Return ten classes of coloured noise."""
    rng = np.random.default_rng(0)
    colours = rng.integers(40, 216, (10, 1, 1, 3))

    def part(count: int) -> Raw:
        labels = np.arange(count) % 10
        pixels = colours[labels] + rng.integers(-30, 30, (count, 32, 32, 3))
        return Raw(labels, pixels.astype(np.uint8))

    return assemble("cifar10", "noise", "drawn", "coloured noise", tuple("zyxwvutsrq"), part(120), part(60))


@dataclass
class Built:
    """Which networks were built, with what options."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def build_small(monkeypatch: pytest.MonkeyPatch) -> Built:
    """Put a small network in place of every architecture, and tell which ones were asked for."""
    built = Built()
    for module, names in BUILDERS.items():
        architecture = importlib.import_module(f"experiments.models.{module}")
        for name in names:
            monkeypatch.setattr(architecture, name, _small(f"{module}.{name}", built))
    return built


def _small(name: str, built: Built) -> Any:
    def build(shape: tuple[int, int, int], classes: int, dropout: float, **options: Any) -> keras.Model:
        built.calls.append((name, {"dropout": dropout, **options}))
        inputs = keras.Input(shape)
        pooled = keras.layers.AveragePooling2D(8)(inputs)
        features = keras.layers.Dropout(dropout)(keras.layers.Flatten()(pooled))
        return keras.Model(inputs, keras.layers.Dense(classes)(features))

    return build
