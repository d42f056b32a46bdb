"""A classifier of images from its training to everything that is recorded of it: `record.classifier`, and its parts."""

from math import log
from typing import TYPE_CHECKING, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.datasets import normalise
from report_cli.datasets.normalise import Normalisation
from report_cli.datasets.resize import resize
from report_cli.experiment import Record
from report_cli.training import backend, fit, frozen, losses
from report_cli.training.augment import Augmentation, Views
from report_cli.training.backend import Prepare
from report_cli.training.cost import multiply_adds
from report_cli.training.fit import Examples, Inputs, Row, Trainer
from report_cli.training.precision import chosen, set_precision

if TYPE_CHECKING:
    from report_cli.datasets.images import Part
    from report_cli.datasets.split import Split

# Of the test images that are named wrong, so many are kept to be shown: those that the network is surest of.
ERRORS = 32
# Larger ones are shrunk to squares of so many pixels.
ERROR_SIDE = 75


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
    inputs: Prepare | None = None,
    augmentation: Augmentation | None = None,
    views: int = 0,
    test: bool = True,
    best: bool = False,
    seed: int | None = None,
) -> list[Row]:
    """Train `model` on the split, test it, and record all that `CLASSIFIER` declares; return the history.

    `inputs` turns a tensor of pixels (N, H, W, 3), uint8, into what the model takes; without it they are normalised as
    the training images are. A model that is not compiled is trained by RMSprop on the cross-entropy of its logits.
    With an `augmentation` each epoch has views of its own of the training images, or one of so many fixed `views` of
    each. What the frozen beginning of a model makes of the images is computed once. The model computes in the
    precision of `params`, or of this machine where they have none or "auto".

    The test images are read once, after the last epoch; without `test` never, and what is recorded is what `TRAINING`
    declares. Weights and predictions are those of the last epoch, with `best` those of the epoch with the lowest
    validation loss. `seed` moves the order of the images where another than the run's is wanted.
    """
    prepare = inputs or normalised(split.train, record)
    set_precision(model, chosen(params, record))
    base, top = frozen.cut(model)
    if base and 2 * multiply_adds(base) < multiply_adds(model):
        # Its outputs may take more room than the images, and save little.
        base, top = None, model
    if model.compiled:
        top.compile(model.optimizer, model.loss)
    else:
        losses.compile_classifier(top, params.learning_rate)
    trainer = Trainer(top) if base else Trainer(top, prepare)
    # Compiled once for all images and views.
    predict = backend.predictor(base, prepare, split.train.pixels) if base else None

    def seen(pixels: Inputs, keep: bool = True) -> Inputs:
        """Return what is trained on and predicted from: pixels, or the features of the frozen beginning."""
        return frozen.features(base, pixels, prepare, record, keep=keep, predict=predict) if base else pixels

    def viewed(epoch: int) -> Examples:
        assert augmentation is not None
        number = (epoch - 1) % views + 1 if views else epoch
        shown = Views(split.train.pixels, split.train.ids, record.seed, number, augmentation)
        return Examples(seen(shown, keep=views > 0), split.train.labels)

    train = viewed if augmentation else Examples(seen(split.train.pixels), split.train.labels)
    validation = Examples(seen(split.validation.pixels), split.validation.labels)
    history = trainer.fit(train, validation, record, epochs=params.epochs, batch_size=params.batch_size, seed=seed)
    if best:
        trainer.take_best()
    record_training(history, split, record)
    record(parameters=model.count_params(), multiply_adds=multiply_adds(model))
    record.weights(fit.weights(top))
    if len(split.validation):
        record_predictions("validation", trainer.predict(validation.inputs), split.validation, record)
    if test:
        shown = seen(split.test.pixels)
        record_test(trainer.predict(shown), split.test, split.class_names, record)
        if len(split.validation):
            with trainer.at_best():
                record_best_test(trainer.predict(shown), split.test, record)
    return history


def normalised(part: "Part", record: Record) -> Prepare:
    """Return what turns pixels into inputs: normalisation as these images are. Records their mean and deviation."""
    normalisation = normalise.fit(part.pixels)
    record.array("mean", normalisation.mean)
    record.array("std", normalisation.std)
    return by(normalisation)


def by(normalisation: Normalisation) -> Prepare:
    """Return what turns a tensor of pixels into inputs by this normalisation."""
    scale, shift = normalisation.scale, normalisation.shift
    return lambda pixels: keras.ops.cast(pixels, "float32") * scale + shift


def record_training(history: list[Row], split: "Split[Part]", record: Record) -> None:
    """Record how a training ended, its best epoch by validation loss if there is any, and what guessing gives."""
    last = history[-1]
    record(train_images=len(split.train), train_loss=last["loss"], train_accuracy=last["accuracy"])
    record(learning_rate=last["learning_rate"], chance_loss=log(split.classes), chance_accuracy=1 / split.classes)
    if not len(split.validation):
        return
    best = fit.lowest(history)
    record(
        validation_images=len(split.validation),
        validation_loss=last["validation_loss"],
        validation_accuracy=last["validation_accuracy"],
        best_epoch=best["epoch"],
        best_validation_loss=best["validation_loss"],
        best_validation_accuracy=best["validation_accuracy"],
    )


def record_test(logits: NDArray[np.float64], part: "Part", class_names: tuple[str, ...], record: Record) -> None:
    """Record what a network made of the test images, which it has seen for the first and only time.

    Raises:
        RunError: the loss is impossible at this accuracy.
    """
    score = losses.score(logits, part.labels)
    losses.check_floor(score)
    record(test_images=len(part), test_loss=score.loss, test_accuracy=score.accuracy)
    record_predictions("test", logits, part, record)
    predicted = losses.predicted(logits)
    record.array("confusion", losses.confusion(predicted, part.labels, len(class_names)))
    record.array("classes", np.array(class_names))
    wrong = np.flatnonzero(predicted != part.labels)
    surest = wrong[np.argsort(-losses.confidence(logits)[wrong], kind="stable")][:ERRORS]
    record.array("errors", surest)
    pixels = part.pixels[surest]
    record.array("error_pixels", resize(pixels, ERROR_SIDE) if max(pixels.shape[1:3]) > ERROR_SIDE else pixels)


def record_best_test(logits: NDArray[np.float64], part: "Part", record: Record) -> None:
    """Record what the weights of the best epoch made of the test images; which epoch that is chose no test image."""
    score = losses.score(logits, part.labels)
    record(best_test_loss=score.loss, best_test_accuracy=score.accuracy)
    record.array("best_test_predicted", losses.predicted(logits).astype(np.uint8))


def record_predictions(name: str, logits: NDArray[np.float64], part: "Part", record: Record) -> None:
    """Record numbers (`Part.numbers`), labels and logits of the images of a part, by its name."""
    record.array(f"{name}_ids", part.numbers)
    record.array(f"{name}_labels", part.labels.astype(np.uint8))
    record.array(f"{name}_logits", logits.astype(np.float32))
