"""A classifier of images from its training to everything that is recorded of it: `record.classifier`, and its parts."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.datasets import normalise
from report_cli.experiment import Record
from report_cli.training import fit, losses
from report_cli.training.cost import multiply_adds
from report_cli.training.fit import Examples, Row

if TYPE_CHECKING:
    from report_cli.datasets.images import Part
    from report_cli.datasets.split import Split

Inputs = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class Params(Protocol):
    """What the parameters of an experiment must have for a training."""

    @property
    def epochs(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def learning_rate(self) -> float: ...


def classify(
    model: keras.Model,
    split: "Split[Part]",
    params: Params,
    record: Record,
    *,
    test: bool = True,
    best: bool = False,
    seed: int | None = None,
) -> list[Row]:
    """Train `model` on the split, test it, and record all that `CLASSIFIER` declares; return the history.

    Pixels are normalised as the training images are. The test images are read once, after the last epoch; without
    `test` never, and what is recorded is what `TRAINING` declares. `best` and `seed` are those of `fit.fit`.
    """
    inputs = normalised(split.train, record)
    train_examples, validation = examples(split.train, inputs), examples(split.validation, inputs)
    history = train(model, train_examples, validation, params, record, best=best, seed=seed)
    record_training(history, len(split.train), len(split.validation), record)
    record(parameters=model.count_params(), multiply_adds=multiply_adds(model))
    record.weights(fit.weights(model))
    if test:
        record_test(model, split.test, inputs, split.class_names, record)
    else:
        record_predictions("validation", losses.predict(model, validation.inputs), split.validation, record)
    return history


def normalised(part: "Part", record: Record) -> Inputs:
    """Return what turns pixels into inputs: normalisation as these images are. Records their mean and deviation."""
    normalisation = normalise.fit(part.pixels)
    record.array("mean", normalisation.mean)
    record.array("std", normalisation.std)
    return partial(normalise.apply, normalisation)


def examples(part: "Part", inputs: Inputs) -> Examples:
    """Return the inputs made of some images, with their labels."""
    return Examples(inputs(part.pixels), part.labels)


def train(
    model: keras.Model,
    train: Examples | Callable[[int], Examples],
    validation: Examples,
    params: Params,
    record: Record,
    *,
    best: bool = False,
    seed: int | None = None,
) -> list[Row]:
    """Train `model` by RMSprop on the cross-entropy of its logits, as `fit.fit` does, and return the history."""
    losses.compile_classifier(model, params.learning_rate)
    return fit.fit(
        model,
        train,
        validation,
        record,
        epochs=params.epochs,
        batch_size=params.batch_size,
        seed=seed,
        best=best,
    )


def record_training(history: list[Row], train_images: int, validation_images: int, record: Record) -> None:
    """Record how a training ended, and its best epoch by validation loss."""
    last, best = history[-1], fit.lowest(history)
    record(
        train_images=train_images,
        train_loss=last["loss"],
        train_accuracy=last["accuracy"],
        validation_images=validation_images,
        validation_loss=last["validation_loss"],
        validation_accuracy=last["validation_accuracy"],
        best_epoch=best["epoch"],
        best_validation_loss=best["validation_loss"],
        best_validation_accuracy=best["validation_accuracy"],
    )


def record_test(model: keras.Model, part: "Part", inputs: Inputs, class_names: tuple[str, ...], record: Record) -> None:
    """Look at the test images, for the first and only time, and record what `model` makes of them.

    Raises:
        RunError: the loss is impossible at this accuracy.
    """
    logits = losses.predict(model, inputs(part.pixels))
    score = losses.score(logits, part.labels)
    losses.check_floor(score)
    record(test_images=len(part), test_loss=score.loss, test_accuracy=score.accuracy)
    record_predictions("test", logits, part, record)
    record.array("confusion", losses.confusion(losses.predicted(logits), part.labels, len(class_names)))
    record.array("classes", np.array(class_names))


def record_predictions(name: str, logits: NDArray[np.float64], part: "Part", record: Record) -> None:
    """Record ids, labels and predicted probabilities of the images of a part, by its name."""
    record.array(f"{name}_ids", part.ids)
    record.array(f"{name}_labels", part.labels)
    record.array(f"{name}_predictions", losses.probabilities(logits))
