"""The drawn images are worth a network: a linear classifier has little success, a small network much, none all."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.datasets import toy_objects, toy_pets
from report_cli.datasets import normalise, split
from report_cli.datasets.images import Part

Values = NDArray[np.float32]
Labels = NDArray[np.int64]


@cache
def parts(name: str) -> dict[str, tuple[Values, Labels]]:
    """Return normalised images and labels of 1,200 training and 800 test images."""
    if name == "toy-pets":
        whole = split.stratified(toy_pets.draw_images().train, {"train": 1200, "test": 800}, 0)
    else:
        images = toy_objects.draw_images()
        whole = {"train": split.take(images.train, 1200, 0), "test": split.take(images.test, 800, 0)}
    found = normalise.fit(whole["train"].pixels)
    return {part: (normalise.apply(found, _halved(images)), images.labels) for part, images in whole.items()}


def _halved(part: Part) -> NDArray[np.uint8]:
    """Return the images at 32x32 pixels at most: what is tested doesn't need more, and takes a quarter of the time."""
    step = part.pixels.shape[1] // 32
    blocks = part.pixels.reshape(len(part), 32, step, 32, step, 3).astype(np.uint16)
    return (blocks.sum(axis=(2, 4)) // (step * step)).astype(np.uint8)


def linear_accuracy(name: str, labels: Labels | None = None) -> float:
    """Return the best test accuracy of linear classifiers on the pixels: least squares, penalised more and more."""
    (images, truth), (other, wanted) = parts(name)["train"], parts(name)["test"]
    return best_linear(images, truth if labels is None else labels, other, wanted)


def best_linear(images: Values, truth: Labels, other: Values, wanted: Labels) -> float:
    rows, others = images.reshape(len(images), -1), other.reshape(len(other), -1)
    targets = np.eye(int(wanted.max()) + 1)[truth]
    # With fewer images than pixels the solution is a weighted sum of the images.
    alike, also = (rows @ rows.T).astype(np.float64), (others @ rows.T).astype(np.float64)
    accuracies = []
    for penalty in (1e2, 1e3, 1e4, 1e5, 1e6):
        weights = np.linalg.solve(alike + penalty * np.eye(len(rows)), targets - targets.mean(axis=0))
        accuracies.append(float(((also @ weights).argmax(axis=1) == wanted).mean()))
    return max(accuracies)


def network_accuracy(name: str, epochs: int) -> float:
    """Return the test accuracy of three convolutions and a dense layer."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    (images, truth), (other, wanted) = parts(name)["train"], parts(name)["test"]
    body = [
        each for width in (16, 32, 64) for each in (layers.Conv2D(width, 3, activation="relu"), layers.MaxPooling2D())
    ]
    head = [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(int(wanted.max()) + 1)]
    model = keras.Sequential([keras.Input(images.shape[1:]), *body, *head])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.RMSprop(1e-3), loss)
    model.fit(images, truth, batch_size=32, epochs=epochs, verbose=0)
    return float((model.predict(other, verbose=0).argmax(axis=1) == wanted).mean())


@pytest.mark.parametrize(("name", "chance"), [("toy-objects", 0.1), ("toy-pets", 0.5)])
def test_a_linear_classifier_goes_less_than_half_the_way(name: str, chance: float) -> None:
    """Pixel by pixel there is little to see: at most 40 % of the way from chance to certainty."""
    assert linear_accuracy(name) <= chance + 0.4 * (1 - chance)


@pytest.mark.parametrize("name", ["toy-objects", "toy-pets"])
def test_the_linear_classifier_finds_what_a_linear_classifier_can(name: str) -> None:
    """It tells bright images from dark ones: where it fails, it is not for want of strength."""
    (images, _), (other, _) = parts(name)["train"], parts(name)["test"]
    bright, also = (each.mean(axis=(1, 2, 3)) > 0 for each in (images, other))
    assert best_linear(images, bright.astype(np.int64), other, also.astype(np.int64)) > 0.9


@pytest.mark.parametrize(("name", "chance"), [("toy-objects", 0.1), ("toy-pets", 0.5)])
def test_with_shuffled_labels_there_is_nothing_to_learn(name: str, chance: float) -> None:
    """Labels dealt at random lead to test accuracies within four standard errors of chance, the best of five."""
    labels = np.random.default_rng(0).permutation(parts(name)["train"][1])
    assert linear_accuracy(name, labels) <= chance + 4 * np.sqrt(chance * (1 - chance) / 800)


@pytest.mark.parametrize(("name", "epochs"), [("toy-objects", 5), ("toy-pets", 12)])
def test_a_small_network_finds_what_tells_the_classes_apart(name: str, epochs: int) -> None:
    """Even at 32x32 pixels it is 15 points better than the linear classifier, and it doesn't solve the set."""
    accuracy = network_accuracy(name, epochs)
    assert linear_accuracy(name) + 0.15 <= accuracy <= 0.97
