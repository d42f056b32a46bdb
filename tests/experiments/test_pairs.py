import numpy as np
import pytest

from experiments import cifar_comparison, cifar_followups, pairs
from report_cli import stats
from report_cli.errors import RunError
from tests.training.memory import MemoryRecord, MemoryRun


def _finished(right: str, name: str = "", epochs: int = 2, images: int = 60) -> MemoryRun:
    """Return a run whose network has the images with a 1 in `right` right; every label is 0."""
    record = MemoryRecord()
    wrong = np.array([mark != "1" for mark in right]).astype(int)
    record.array("test_predictions", np.eye(2)[wrong])
    record.array("test_labels", np.zeros(len(right), int))
    record.array("test_ids", np.array([f"{name}{number}" for number in range(len(right))]))
    record.history = [{"epoch": epoch} for epoch in range(1, epochs + 1)]
    record(train_images=images, test_accuracy=right.count("1") / len(right), train_accuracy=0.5)
    return MemoryRun(record)


def test_pairs_count_what_only_one_network_has_right() -> None:
    """Each pair is compared on the same images, and the p-values of the pairs are adjusted together."""
    needs = {
        "cifar-control": _finished("1111110000"),
        "cifar-inception": _finished("1111001111"),
        "cifar-residual": _finished("1111110001"),
    }
    record = MemoryRecord(needs)
    cifar_comparison.cifar_comparison.measure(record)
    assert set(record.scalars) == set(cifar_comparison.cifar_comparison.metrics)
    assert record.scalars["control_inception_only_first"] == 2
    assert record.scalars["control_inception_only_second"] == 4
    assert record.scalars["control_inception_difference"] == pytest.approx(0.2)
    raw = [stats.mcnemar(2, 4), stats.mcnemar(0, 1), stats.mcnemar(3, 2)]
    names = ("control_inception", "control_residual", "inception_residual")
    assert [record.scalars[f"{name}_p"] for name in names] == stats.holm(raw)
    assert record.scalars["test_images"] == 10
    assert record.scalars["detectable"] == stats.detectable_difference(0.6, 10)


def test_two_classes_are_told_by_their_one_probability() -> None:
    """A single probability above one half names class 1."""
    record = MemoryRecord()
    record.array("test_predictions", np.array([0.9, 0.4, 0.6, 0.1]))
    record.array("test_labels", np.array([1, 1, 0, 0]))
    assert pairs.right_answers(MemoryRun(record)).tolist() == [True, False, False, True]


def test_other_test_images_are_not_compared() -> None:
    """Networks that were tested on different images are not compared."""
    with pytest.raises(RunError, match="not tested on the same images"):
        pairs.compare({name: _finished("1100", name) for name in "ab"}, [("a", "b")], MemoryRecord())


class Swept:
    """Results of a grid over networks and sizes."""

    def __init__(self, runs: dict[tuple[str, int], MemoryRun]) -> None:
        self._runs = runs

    def metric(self, name: str) -> list[float]:
        return [run.scalars[name] for run in self._runs.values()]

    def where(self, network: str) -> list[MemoryRun]:
        return [run for (name, _), run in self._runs.items() if name == network]

    def run(self, network: str, train: int) -> MemoryRun:
        return self._runs[network, train]


def _needs(sizes: tuple[int, ...] = (20, 40), epochs: int = 2) -> dict[str, object]:
    runs = {
        (network, size): _finished("1" * place + "0" * (10 - place), images=size)
        for network in cifar_followups.NETWORKS
        for place, size in enumerate(sizes, start=1)
    }
    whole = {
        f"cifar-{network}": _finished("1110000000", images=80, epochs=epochs) for network in ("control", "inception")
    }
    return {
        "cifar-less-data": Swept(runs),
        **whole,
        "cifar-residual": _finished("1111100000", images=80, epochs=epochs),
    }


def test_sizes_are_put_together_with_the_whole_set() -> None:
    """Accuracies of the subsets and of the whole set are one row of each network; a doubling is worth its slope."""
    record = MemoryRecord(_needs())
    cifar_comparison.cifar_sizes.measure(record)
    assert set(record.scalars) == set(cifar_comparison.cifar_sizes.metrics)
    assert record.arrays["sizes"].tolist() == [20, 40, 80]
    np.testing.assert_allclose(record.arrays["accuracy"], [[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [0.1, 0.2, 0.5]])
    assert record.scalars["control_gain"] == pytest.approx(0.1)
    assert record.scalars["residual_gain"] == pytest.approx(0.2)
    assert (record.scalars["smallest"], record.scalars["largest"]) == (20, 80)
    low, high = record.arrays["interval"][0, 0]
    assert low < 0.1 < high


@pytest.mark.parametrize(
    "needs", [_needs(epochs=3), _needs((40, 20)), _needs((40, 80))], ids=["epochs", "order", "whole"]
)
def test_sizes_of_another_training_are_refused(needs: dict[str, object]) -> None:
    """Subsets that grow to the whole set, and as many epochs on each, are what a comparison of sizes needs."""
    with pytest.raises(RunError, match="differ in epochs or test images, or do not grow"):
        cifar_comparison.cifar_sizes.measure(MemoryRecord(needs))
