from dataclasses import replace

import numpy as np
import pytest

from experiments import cifar
from report_cli.data.images import Images, Part, Raw, assemble
from report_cli.experiment import Experiment
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun

PARAMS = replace(cifar.PROFILES["smoke"], train=60, validation=20, test=40, batch_size=20, learning_rate=3e-3)
EXPERIMENTS = pytest.mark.parametrize("experiment", [cifar.cifar_control, cifar.cifar_inception], ids=lambda e: e.name)


@pytest.fixture(scope="module")
def images() -> Images:
    """Ten classes of coloured noise."""
    rng = np.random.default_rng(0)
    colours = rng.integers(40, 216, (10, 1, 1, 3))

    def part(count: int) -> Raw:
        labels = np.arange(count) % 10
        pixels = colours[labels] + rng.integers(-30, 30, (count, 32, 32, 3))
        return Raw(labels, pixels.astype(np.uint8))

    classes = tuple("zyxwvutsrq")
    return assemble("cifar10", "noise", "embedded", "coloured noise", classes, part(120), part(60))


@EXPERIMENTS
def test_measures_what_it_declares(experiment: Experiment, images: Images) -> None:
    """A run records every declared metric and no other, its history, and arrays that agree with the metrics."""
    record = MemoryRecord()
    experiment.measure(PARAMS, images, record)
    assert set(record.scalars) == set(experiment.metrics)
    assert len(record.history) == PARAMS.epochs
    labels, probabilities = record.arrays["test_labels"], record.arrays["test_predictions"]
    assert probabilities.shape == (40, 10)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(40))
    assert record.scalars["test_accuracy"] == (probabilities.argmax(axis=1) == labels).mean()
    assert record.scalars["test_loss"] == pytest.approx(-np.log(probabilities[range(40), labels]).mean())
    assert record.scalars["test_accuracy_error"] == pytest.approx(
        (probabilities.argmax(axis=1) == labels).std() / np.sqrt(40)
    )
    assert np.trace(record.arrays["confusion"]) == 40 * record.scalars["test_accuracy"]
    assert set(record.arrays["test_ids"]) <= set(images.test.ids)
    assert tuple(record.arrays["classes"]) == images.classes
    assert sum(array.size for array in record.trained.values()) == record.scalars["parameters"]


@EXPERIMENTS
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


def test_a_run_is_the_same_again_and_after_an_interruption(images: Images) -> None:
    """The same seed gives the same predictions to the last bit, after another experiment and after an interruption."""
    first, again, other = MemoryRecord(seed=3), MemoryRecord(seed=3), MemoryRecord(seed=4)
    cifar.cifar_control.measure(PARAMS, images, first)
    interrupted = MemoryRecord(seed=3, stop_after=1)
    with pytest.raises(InterruptionError):
        cifar.cifar_control.measure(PARAMS, images, interrupted)
    cifar.cifar_control.measure(PARAMS, images, other)
    again.checkpoint = interrupted.checkpoint
    cifar.cifar_control.measure(PARAMS, images, again)
    assert again.scalars == first.scalars
    assert again.history == first.history
    np.testing.assert_array_equal(again.arrays["test_predictions"], first.arrays["test_predictions"])
    assert not np.array_equal(other.arrays["test_predictions"], first.arrays["test_predictions"])


def test_run_seed_does_not_move_the_test_images(images: Images) -> None:
    """Which images are test images depends on the split seed, never on the seed of the run."""
    records = [MemoryRecord(seed=seed) for seed in (0, 1)]
    for record in records:
        cifar.cifar_control.measure(replace(PARAMS, epochs=1), images, record)
    np.testing.assert_array_equal(records[0].arrays["test_ids"], records[1].arrays["test_ids"])
    moved = MemoryRecord()
    cifar.cifar_control.measure(replace(PARAMS, epochs=1, split_seed=2), images, moved)
    assert not np.array_equal(moved.arrays["test_ids"], records[0].arrays["test_ids"])


def test_test_images_are_looked_at_once_and_last(images: Images) -> None:
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
    """The full profile has 40,000, 10,000 and 10,000 images, 50 epochs, batches of 32 and a rate of 0.001."""
    full = cifar.PROFILES["full"]
    assert (full.train, full.validation, full.test) == (40_000, 10_000, 10_000)
    assert (full.epochs, full.batch_size, full.learning_rate, full.dropout) == (50, 32, 1e-3, 0.25)
