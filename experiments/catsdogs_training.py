"""What the networks for cats and dogs have in common: their settings, how they are trained, what is recorded."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from experiments.catsdogs_images import CHOICES
from report_cli.experiment import Figures, Record, StoredRun

if TYPE_CHECKING:
    import keras

    from report_cli.datasets.images import ImageData, Part
    from report_cli.datasets.normalise import Normalisation
    from report_cli.training.fit import Examples, Row

# The choice among the networks goes by the median over so many epochs at the end, which one odd epoch doesn't move.
LAST_EPOCHS = 5


@dataclass(frozen=True)
class ImageParams:
    """Which images: sizes count both classes together, `size` is the side in pixels."""

    train: int
    validation: int
    test: int
    size: int
    split_seed: int


@dataclass(frozen=True)
class Params(ImageParams):
    """How to train. Ours, where the published text is silent: size, batch size, learning rate, epochs.

    `momentum` is that of the averages which batch normalisation uses outside training.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    momentum: float = 0.99


@dataclass(frozen=True)
class DropoutParams(Params):
    """`dropout` is the rate between convolutions and dense layers."""

    dropout: float = 0.5


# Where time is short: smaller batches, as they take more steps with as many images; averages that forget their start
# within a few dozens of steps, not a thousand; and less dropout, which slows the first epochs down.
PROFILES = {
    "smoke": replace(Params(**CHOICES["smoke"]), epochs=2, batch_size=16, momentum=0.9),
    "quick": replace(Params(**CHOICES["quick"]), epochs=7, batch_size=16, momentum=0.9),
    "full": Params(**CHOICES["full"]),
}
DROPOUT_PROFILES = {
    "smoke": replace(DropoutParams(**CHOICES["smoke"]), epochs=2, batch_size=16, momentum=0.9),
    "quick": replace(DropoutParams(**CHOICES["quick"]), epochs=7, batch_size=16, momentum=0.9, dropout=0.3),
    "full": DropoutParams(**CHOICES["full"]),
}
# A tenth of the others' rate takes many steps; the quick profile has few and takes half their rate.
SLOW_PROFILES = {
    name: replace(params, learning_rate=5e-4 if name == "quick" else 1e-4) for name, params in PROFILES.items()
}
SEEDS = {"smoke": 1, "quick": 1, "full": 3}
COSTS = {"smoke": 6.0, "quick": 18.0, "full": 3_000.0}
METRICS = {
    "train_loss": "mean cross-entropy on the training images in the last epoch, dropout active",
    "train_accuracy": "fraction of training images classified correctly in the last epoch, dropout active",
    "validation_loss": "mean cross-entropy on the validation images after the last epoch",
    "validation_accuracy": "fraction of validation images classified correctly after the last epoch",
    "settled_validation_loss": f"median of the validation loss over the last {LAST_EPOCHS} epochs",
    "settled_validation_accuracy": f"median of the validation accuracy over the last {LAST_EPOCHS} epochs",
    "highest_validation_loss": "highest validation loss after any epoch",
    "validation_loss_step": "mean absolute change of the validation loss from one epoch to the next",
    "best_epoch": "epoch with the lowest validation loss",
    "best_validation_loss": "validation loss after that epoch",
    "best_validation_accuracy": "fraction of validation images classified correctly after that epoch",
    "parameters": "weights and biases of the network, with the averages of its normalisation",
    "multiply_adds": "multiplications with an addition each, for one image, forward",
    "learning_rate": "learning rate of RMSprop",
    "momentum": "momentum of the averages of batch normalisation",
    "dropout": "rate of the dropout between convolutions and dense layers, 0 where there is none",
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the learning curves of one run."""
    from report_cli.figures import curves

    figures.add("curves", curves.learning_curves(run.history), alt=curves.describe_learning_curves(run.history))


def measure(model: "keras.Model", params: Params, images: "ImageData", record: Record, dropout: float = 0.0) -> None:
    """Train `model` and record the training and its validation; no test image is looked at."""
    import numpy as np

    from experiments import catsdogs_images
    from report_cli.datasets import normalise
    from report_cli.training import fit
    from report_cli.training import losses as evaluate
    from report_cli.training.binary import compile_binary

    parts = catsdogs_images.select(images, params)
    normalisation = normalise.fit(parts["train"].pixels)
    train, validation = (examples(parts[name], normalisation) for name in ("train", "validation"))
    compile_binary(model, params.learning_rate)
    history = fit.fit(
        model, train, validation, record, epochs=params.epochs, batch_size=params.batch_size, score=evaluate.binary
    )
    record_training(history, model, params, dropout, record)
    logits = evaluate.predict(model, validation.inputs)
    record.array("validation_ids", parts["validation"].ids)
    record.array("validation_labels", validation.labels)
    record.array("validation_predictions", np.exp(-np.logaddexp(0.0, -logits[:, 0])))
    record.array("size", np.array(params.size))


def record_training(history: "list[Row]", model: "keras.Model", params: Params, dropout: float, record: Record) -> None:
    """Record how the training went, what the choice goes by, and the size and the settings of the network."""
    from itertools import pairwise
    from statistics import fmean, median

    from report_cli.training.best import lowest
    from report_cli.training.cost import multiply_adds

    last, best, losses = history[-1], lowest(history), [row["validation_loss"] for row in history]
    steps = [abs(later - earlier) for earlier, later in pairwise(losses)]
    record.scalar("train_loss", last["loss"], "nat")
    record.scalar("train_accuracy", last["accuracy"], "fraction")
    record.scalar("validation_loss", last["validation_loss"], "nat")
    record.scalar("validation_accuracy", last["validation_accuracy"], "fraction")
    record.scalar("settled_validation_loss", median(losses[-LAST_EPOCHS:]), "nat")
    accuracies = [row["validation_accuracy"] for row in history[-LAST_EPOCHS:]]
    record.scalar("settled_validation_accuracy", median(accuracies), "fraction")
    record.scalar("highest_validation_loss", max(losses), "nat")
    record.scalar("validation_loss_step", fmean(steps or [0.0]), "nat")
    record.scalar("best_epoch", best["epoch"], "count")
    record.scalar("best_validation_loss", best["validation_loss"], "nat")
    record.scalar("best_validation_accuracy", best["validation_accuracy"], "fraction")
    record.scalar("parameters", model.count_params(), "count")
    record.scalar("multiply_adds", multiply_adds(model), "count")
    record.scalar("learning_rate", params.learning_rate)
    record.scalar("momentum", params.momentum)
    record.scalar("dropout", dropout)


def examples(part: "Part", normalisation: "Normalisation") -> "Examples":
    """Return the images normalised, with their labels."""
    from report_cli.datasets import normalise
    from report_cli.training.fit import Examples

    return Examples(normalise.apply(normalisation, part.pixels), part.labels)
