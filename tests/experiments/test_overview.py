from dataclasses import replace

import numpy as np
import pytest

from experiments import cifar, cifar_comparison, cifar_followups, overview
from report_cli import stats
from report_cli.errors import RunError
from tests.training.memory import MemoryRecord, MemoryRun


def _finished(right: str, first: int = 0, images: int = 60) -> MemoryRun:
    """Return a run whose network has the images with a 1 in `right` right; every label is 0. Ids count from `first`."""
    record = MemoryRecord()
    wrong = np.array([mark != "1" for mark in right]).astype(int)
    record.array("test_logits", np.eye(2, dtype=np.float32)[wrong])
    record.array("test_labels", np.zeros(len(right), np.uint8))
    record.array("test_ids", np.arange(first, first + len(right)).astype(np.uint64))
    record(train_images=images, test_accuracy=right.count("1") / len(right), train_accuracy=0.5, multiply_adds=100)
    return MemoryRun(record, steps=16)


def test_networks_are_recorded_together() -> None:
    """Each network has a row, and the least difference that is found goes by the two that disagree most."""
    right = ["1111110000", "1111001111", "1111110001", "1111110000"]
    record = MemoryRecord(dict(zip(cifar_comparison.TRAINED.values(), map(_finished, right), strict=True)))
    cifar_comparison.cifar_comparison.measure(record)
    assert set(record.scalars) == set(cifar_comparison.cifar_comparison.metrics)
    assert record.scalars["test_images"] == 10
    assert record.scalars["detectable"] == stats.detectable_difference(0.6, 10)
    rows = record.tables["networks"]
    assert [row["network"] for row in rows] == list(cifar_comparison.TRAINED)
    assert [row["accuracy"] for row in rows] == [0.6, 0.8, 0.7, 0.6]


def test_two_classes_are_told_by_their_one_logit() -> None:
    """A single logit above 0 names class 1."""
    record = MemoryRecord()
    record.array("test_logits", np.array([[2.2], [-0.4], [0.4], [-2.2]], np.float32))
    record.array("test_labels", np.array([1, 1, 0, 0]))
    assert overview.right_answers(MemoryRun(record)).tolist() == [True, False, False, True]


def test_other_test_images_are_not_compared() -> None:
    """Networks that were tested on different images are not compared."""
    with pytest.raises(RunError, match="not tested on the same images"):
        overview.record_networks({name: _finished("1100", first) for first, name in enumerate("ab")}, MemoryRecord())


class Swept:
    """Results of a grid over networks and sizes."""

    def __init__(self, runs: dict[tuple[str, int], MemoryRun]) -> None:
        self._runs = runs

    def metric(self, name: str) -> list[float]:
        return [run.scalars[name] for run in self._runs.values()]

    def run(self, seed: int, network: str, train: int) -> MemoryRun:
        return self._runs[network, train]


def _needs(sizes: tuple[int, ...] = (80, 10, 20, 40)) -> dict[str, object]:
    """The more images, the more answers are right; of the residual network most with the most images."""
    runs = {
        (network, size): _finished("1" * right + "0" * (10 - right), images=size)
        for network in cifar_followups.NETWORKS
        for right, size in enumerate(sorted(sizes), start=1)
    }
    return {"cifar-less-data": Swept({**runs, ("residual", 80): _finished("1111111000", images=80)})}


def test_sizes_are_put_together() -> None:
    """Accuracies with all sizes, the smallest first, are one row of each network; a doubling is worth its slope."""
    record = MemoryRecord(_needs())
    cifar_comparison.cifar_sizes.measure(record)
    assert set(record.scalars) == set(cifar_comparison.cifar_sizes.metrics)
    assert record.arrays["sizes"].tolist() == [10, 20, 40, 80]
    rising = [0.1, 0.2, 0.3, 0.4]
    np.testing.assert_allclose(record.arrays["accuracy"], [rising, rising, [0.1, 0.2, 0.3, 0.7]])
    assert record.scalars["control_gain"] == pytest.approx(0.1)
    assert record.scalars["residual_gain"] == pytest.approx(0.19)
    assert (record.scalars["smallest"], record.scalars["largest"], record.scalars["sizes"]) == (10, 80, 4)
    assert record.scalars["steps"] == 16
    low, high = record.arrays["interval"][0, 0]
    assert low < 0.1 < high


def test_no_line_is_drawn_through_few_sizes() -> None:
    """Through fewer than four sizes there is no gain per doubling."""
    record = MemoryRecord(_needs((20, 40, 80)))
    cifar_comparison.cifar_sizes.measure(record)
    assert record.scalars["sizes"] == 3
    assert [record.scalars[f"{network}_gain"] for network in cifar_followups.NETWORKS] == [0, 0, 0]


def test_every_size_has_as_many_steps() -> None:
    """In every profile the sizes take as many steps, in whole epochs of whole batches, up to all images."""
    less = cifar_followups.cifar_less_data
    for profile, base in less.params.items():
        sizes = [replace(base, **point) for point in less.grid[profile]]
        assert all(params.epochs * params.epoch_steps == base.steps for params in sizes)
        assert max(params.train for params in sizes) == cifar.cifar_control.params[profile].train
    assert len({point["train"] for point in less.grid["full"]}) >= 5
    with pytest.raises(ValueError, match="no whole number of epochs"):
        replace(less.params["full"], train=1_030)
