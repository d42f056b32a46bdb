from dataclasses import replace

import numpy as np
import pytest

from experiments import cifar, cifar_deep
from report_cli import stats
from report_cli.datasets.images import ImageData, Part
from report_cli.experiment import Experiment
from tests.experiments.small import Built, build_small, noise
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun

PARAMS = replace(cifar.PROFILES["smoke"], train=60, validation=20, test=40, batch_size=20, learning_rate=3e-3)
NETWORKS = [
    (cifar.cifar_control_20, ("control.build", {"dropout": 0.25, "last_dropout": False})),
    (cifar.cifar_control, ("control.build", {"dropout": 0.25})),
    (cifar.cifar_inception, ("inception.build", {"dropout": 0.25})),
    (cifar.cifar_residual, ("residual.build", {"dropout": 0.25})),
    (cifar_deep.cifar_inception_deep, ("inception_deep.build", {"dropout": 0.25})),
    (cifar_deep.cifar_residual_deep, ("residual_deep.build", {"dropout": 0.25})),
]
EXPERIMENTS = [experiment for experiment, _ in NETWORKS]
NAMES = [experiment.name for experiment in EXPERIMENTS]


@pytest.fixture(scope="module")
def images() -> ImageData:
    return noise()


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Built:
    return build_small(monkeypatch)


@pytest.mark.parametrize(("experiment", "network"), NETWORKS, ids=NAMES)
def test_measures_what_it_declares(experiment: Experiment, network: object, images: ImageData, built: Built) -> None:
    """A run trains the network of its row and records every declared metric, its history, and arrays that agree."""
    record = MemoryRecord()
    experiment.measure(PARAMS, images, record)
    assert built.calls == [network]
    assert set(record.scalars) == set(experiment.metrics)
    assert len(record.history) == PARAMS.epochs
    labels, probabilities = record.arrays["test_labels"], record.arrays["test_predictions"]
    right = probabilities.argmax(axis=1) == labels
    assert probabilities.shape == (40, 10)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(40))
    assert record.scalars["test_accuracy"] == right.mean()
    assert record.scalars["test_loss"] == pytest.approx(-np.log(probabilities[range(40), labels]).mean())
    interval = stats.wilson(int(right.sum()), 40)
    assert (record.scalars["test_accuracy_low"], record.scalars["test_accuracy_high"]) == (interval.low, interval.high)
    assert np.trace(record.arrays["confusion"]) == right.sum()
    assert set(record.arrays["test_ids"]) <= set(images.test.ids)
    assert tuple(record.arrays["classes"]) == images.classes
    assert record.scalars["train_images"] == 60
    assert sum(array.size for array in record.trained.values()) == record.scalars["parameters"]


def test_validation_and_test_are_compared(images: ImageData, built: Built) -> None:
    """The z-value is that of the two accuracies on their own numbers of images, positive where the test is better."""
    record = MemoryRecord()
    cifar.cifar_control.measure(PARAMS, images, record)
    rights = round(20 * record.scalars["validation_accuracy"]), round(40 * record.scalars["test_accuracy"])
    assert record.scalars["test_validation_z"] == stats.two_shares_z(rights[0], 20, rights[1], 40)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=NAMES)
def test_draws_what_it_declares(experiment: Experiment) -> None:
    """`draw` makes the declared figures from stored results alone, with alternative texts computed from them."""
    record = MemoryRecord()
    for epoch in (1, 2):
        record.row(epoch=epoch, loss=2 / epoch, accuracy=0.2, validation_loss=1 + epoch, validation_accuracy=0.3)
    record.array("confusion", np.array([[3, 1], [0, 4]]))
    record.array("classes", np.array(["cat", "dog"]))
    figures = MemoryFigures()
    assert experiment.draw is not None
    experiment.draw(MemoryRun(record), figures)
    assert tuple(figures.figures) == experiment.figures
    assert "from 2.00 to 1.00" in figures.alts["curves"]
    assert "lowest in epoch 1" in figures.alts["curves"]
    assert "takes cat for dog, in 1 image." in figures.alts["confusion"]


def test_a_run_is_the_same_again_and_after_an_interruption(images: ImageData) -> None:
    """The same seed gives the same predictions to the last bit, after another training and after an interruption."""
    first, interrupted, again = MemoryRecord(seed=3), MemoryRecord(seed=3, stop_after=1), MemoryRecord(seed=3)
    cifar.cifar_control.measure(PARAMS, images, first)
    with pytest.raises(InterruptionError):
        cifar.cifar_control.measure(PARAMS, images, interrupted)
    again.checkpoint = interrupted.checkpoint
    cifar.cifar_control.measure(PARAMS, images, again)
    assert again.scalars == first.scalars
    assert again.history == first.history
    np.testing.assert_array_equal(again.arrays["test_predictions"], first.arrays["test_predictions"])


def test_run_seed_does_not_move_the_test_images(images: ImageData, built: Built) -> None:
    """Which images are test images depends on the split seed, never on the seed of the run, which moves the rest."""
    records = [MemoryRecord(seed=seed) for seed in (0, 1)]
    for record in records:
        cifar.cifar_control.measure(replace(PARAMS, epochs=1), images, record)
    np.testing.assert_array_equal(records[0].arrays["test_ids"], records[1].arrays["test_ids"])
    first, second = (record.arrays["test_predictions"] for record in records)
    assert not np.array_equal(first, second)
    moved = MemoryRecord()
    cifar.cifar_control.measure(replace(PARAMS, epochs=1, split_seed=2), images, moved)
    assert not np.array_equal(moved.arrays["test_ids"], records[0].arrays["test_ids"])


def test_test_images_are_looked_at_once_and_last(images: ImageData, built: Built) -> None:
    """Nothing reads the test images before the last epoch is recorded."""
    record = MemoryRecord()
    seen: list[int] = []

    class Watched:
        classes, train = images.classes, images.train

        @property
        def test(self) -> Part:
            seen.append(len(record.history))
            return images.test

    cifar.cifar_control.measure(PARAMS, Watched(), record)
    assert seen == [PARAMS.epochs]


def test_full_is_the_protocol_of_the_assignment() -> None:
    """The full profile has 40,000, 10,000 and 10,000 images, 50 epochs (one row 20), batches of 32, a rate of 0.001."""
    for experiment in EXPERIMENTS:
        full = experiment.params["full"]
        assert (full.train, full.validation, full.test) == (40_000, 10_000, 10_000)
        assert (full.batch_size, full.learning_rate, full.dropout) == (32, 1e-3, 0.25)
        assert full.epochs == (20 if experiment.name == "cifar-control-20" else 50)
