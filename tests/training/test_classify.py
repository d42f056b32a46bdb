from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import pytest

import report_cli as report
from report_cli.datasets.images import ImageData, Part, Raw, assemble
from report_cli.datasets.split import Split
from report_cli.training import losses
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun, start


@dataclass(frozen=True)
class Params:
    epochs: int = 3
    batch_size: int = 20
    learning_rate: float = 3e-3


def _noise(classes: int) -> ImageData:
    """Return classes of coloured noise."""
    rng = np.random.default_rng(0)
    colours = rng.integers(40, 216, (classes, 1, 1, 3))

    def part(count: int) -> Raw:
        labels = np.arange(count) % classes
        return Raw(labels, (colours[labels] + rng.integers(-30, 30, (count, 8, 8, 3))).astype(np.uint8))

    names = tuple("zyxwvutsrq"[:classes])
    return assemble("noise", "noise", "drawn", "noise", names, part(120), part(60))


@pytest.fixture(params=[2, 10], ids=["two classes", "ten classes"])
def split(request: pytest.FixtureRequest) -> Split[Part]:
    return _noise(request.param).split(train=60, validation=20, test=40)


def _train(split: Split[Part], record: MemoryRecord, **options: Any) -> list[dict[str, float]]:
    start(record.seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(split.shape),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1 if split.classes == 2 else split.classes),
        ]
    )
    history: list[dict[str, float]] = record.classifier(model, split, Params(), **options)
    return history


def test_records_what_is_declared(split: Split[Part]) -> None:
    """All declared metrics are recorded and no other, and they follow from the recorded arrays and weights."""
    record = MemoryRecord()
    history = _train(split, record)
    assert set(record.scalars) == set(report.CLASSIFIER["metrics"])
    assert record.history == history
    assert [row["epoch"] for row in history] == [1, 2, 3]
    p, labels = record.arrays["test_predictions"], record.arrays["test_labels"]
    if split.classes == 2:
        p = np.stack([1 - p, p], axis=1)
    right = p.argmax(axis=1) == labels
    assert p.sum(axis=1) == pytest.approx(np.ones(40))
    assert record.scalars["test_accuracy"] == right.mean()
    assert record.scalars["test_loss"] == pytest.approx(-np.log(p[range(40), labels]).mean())
    assert np.trace(record.arrays["confusion"]) == right.sum()
    assert record.arrays["test_ids"].tolist() == split.test.ids.tolist()
    assert tuple(record.arrays["classes"]) == split.class_names
    counts = [record.scalars[f"{part}_images"] for part in ("train", "validation", "test")]
    assert counts == [60, 20, 40]
    assert sum(array.size for array in record.trained.values()) == record.scalars["parameters"]
    assert record.scalars["best_validation_loss"] == min(row["validation_loss"] for row in history)


def test_without_a_test_no_test_image_is_read(split: Split[Part]) -> None:
    """Where nothing is to be tested, the validation images are predicted and the test images never asked for."""

    def refuse() -> Part:
        raise AssertionError

    record = MemoryRecord()
    _train(replace(split, take_test=refuse), record, test=False)
    assert set(record.scalars) == set(report.TRAINING["metrics"])
    assert record.arrays["validation_ids"].tolist() == split.validation.ids.tolist()
    p, labels = record.arrays["validation_predictions"], record.arrays["validation_labels"]
    predicted = p > 0.5 if split.classes == 2 else p.argmax(axis=1)
    assert (predicted == labels).mean() == record.scalars["validation_accuracy"]
    assert not any(name.startswith("test") for name in record.arrays)


def test_test_images_are_read_once_and_last(split: Split[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    """The test images are taken once, after the last epoch, and their result is checked against the least loss."""
    record, events, checked = MemoryRecord(), [], []

    def taken(take: Callable[[], Part]) -> Part:
        events.append(len(record.history))
        return take()

    monkeypatch.setattr(losses, "check_floor", checked.append)
    _train(replace(split, take_test=lambda: taken(split.take_test)), record)
    assert events == [Params.epochs]
    assert [(each.loss, each.accuracy) for each in checked] == [
        (record.scalars["test_loss"], record.scalars["test_accuracy"])
    ]


@pytest.mark.parametrize("best", [False, True])
def test_an_interrupted_run_ends_the_same(split: Split[Part], best: bool) -> None:
    """The same seed gives the same numbers to the last bit, after other trainings and after an interruption."""
    first, interrupted = MemoryRecord(seed=3), MemoryRecord(seed=3, stop_after=2)
    _train(split, first, best=best)
    with pytest.raises(InterruptionError):
        _train(split, interrupted, best=best)
    again = MemoryRecord(seed=3, checkpoint=interrupted.checkpoint)
    _train(split, again, best=best)
    assert again.scalars == first.scalars
    assert again.history == first.history
    np.testing.assert_array_equal(again.arrays["test_predictions"], first.arrays["test_predictions"])
    other = MemoryRecord(seed=4)
    _train(split, other, best=best)
    assert other.scalars != first.scalars


def test_draws_what_is_declared(split: Split[Part]) -> None:
    """The figures come from stored results alone, with alternative texts computed from them."""
    record = MemoryRecord()
    history = _train(split, record)
    for declared in (report.CLASSIFIER, report.TRAINING):
        figures = MemoryFigures()
        declared["draw"](MemoryRun(record), figures)
        assert tuple(figures.figures) == declared["figures"]
        assert f"from {history[0]['loss']:.2f} to {history[-1]['loss']:.2f}" in figures.alts["curves"]
