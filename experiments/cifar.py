"""Ten classes of small images: the control network and the one with an inception block."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from report_cli.experiment import Figures, Record, StoredRun, experiment

if TYPE_CHECKING:
    import keras

    from report_cli.data.images import Images, Part
    from report_cli.data.normalise import Normalisation
    from report_cli.training.fit import Examples


@dataclass(frozen=True)
class Params:
    """Sizes count images; `split_seed` chooses them, the same for every run."""

    train: int = 40_000
    validation: int = 10_000
    test: int = 10_000
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 1e-3
    dropout: float = 0.25
    split_seed: int = 1


PROFILES = {
    "smoke": Params(train=120, validation=40, test=40, epochs=2),
    "quick": Params(train=2_000, validation=500, test=1_000, epochs=10),
    "full": Params(),
}
SEEDS = {"smoke": 1, "quick": 1, "full": 3}
METRICS = {
    "train_loss": "mean cross-entropy on the training images in the last epoch, dropout active",
    "train_accuracy": "fraction of training images classified correctly in the last epoch, dropout active",
    "validation_loss": "mean cross-entropy on the validation images after the last epoch",
    "validation_accuracy": "fraction of validation images classified correctly after the last epoch",
    "best_epoch": "epoch with the lowest validation loss",
    "best_validation_loss": "validation loss after that epoch",
    "test_loss": "mean cross-entropy on the test images after the last epoch",
    "test_accuracy": "fraction of test images classified correctly after the last epoch",
    "test_accuracy_error": "standard error of the test accuracy for this number of test images (binomial)",
    "parameters": "trained weights and biases of the network",
    "multiply_adds": "multiplications with an addition each, for one image, forward",
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the learning curves and the confusion matrix of one run."""
    from report_cli import plots

    figures.add("curves", plots.learning_curves(run.history), alt=plots.describe_curves(run.history))
    counts, classes = run.array("confusion"), [str(name) for name in run.array("classes")]
    figures.add("confusion", plots.confusion(counts, classes), alt=plots.describe_confusion(counts, classes))


@experiment(
    "cifar-control",
    title="Control network",
    images="cifar10",
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s={"smoke": 10, "quick": 50, "full": 4_000},
    figures=("curves", "confusion"),
    draw=draw,
)
def cifar_control(params: Params, images: "Images", record: Record) -> None:
    """How well does a plain stack of four convolutions classify small images?

    Command: report run cifar-control --profile full

    Expected (full, CIFAR-10): test accuracy 0.74 to 0.80. Published for this assignment: test loss 0.63801 and test
    accuracy 0.73830 beside a validation accuracy of about 0.78, one run; the example that comes with Keras has the
    same layers and reaches 0.79 after 50 epochs. Spread over seeds: not published; 0.004 is the standard error of
    one accuracy on 10,000 images.

    Cost: about 0.25 PFLOP a seed (6 x multiply-adds x images x epochs): an hour or two on two CPU cores.
    """
    from experiments.models import control
    from report_cli.training import backend

    backend.start(record.seed)
    classes = len(images.classes)
    _measure(control.build(images.train.pixels.shape[1:], classes, params.dropout), params, images, record)


@experiment(
    "cifar-inception",
    title="Inception network",
    images="cifar10",
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s={"smoke": 12, "quick": 60, "full": 5_000},
    figures=("curves", "confusion"),
    draw=draw,
)
def cifar_inception(params: Params, images: "Images", record: Record) -> None:
    """Does an inception block between the convolutions and the dense layers help the control network?

    Command: report run cifar-inception --profile full

    Expected (full, CIFAR-10): test accuracy 0.74 to 0.80. Published for this assignment: validation accuracy about
    0.78, one run. Spread over seeds: not published; 0.004 is the standard error of one accuracy on 10,000 images.

    Cost: about an eighth more than cifar-control.
    """
    from experiments.models import inception
    from report_cli.training import backend

    backend.start(record.seed)
    classes = len(images.classes)
    _measure(inception.build(images.train.pixels.shape[1:], classes, params.dropout), params, images, record)


def _measure(model: "keras.Model", params: Params, images: "Images", record: Record) -> None:
    """Train `model`, then look at the test images for the first and only time."""
    from report_cli.data import normalise, splits
    from report_cli.training import fit
    from report_cli.training.cost import multiply_adds
    from report_cli.training.evaluate import categorical

    parts = splits.stratified(images.train, {"train": params.train, "validation": params.validation}, params.split_seed)
    normalisation = normalise.fit(parts["train"].pixels)
    _compile(model, params.learning_rate)
    history = fit.fit(
        model,
        _examples(parts["train"], normalisation),
        _examples(parts["validation"], normalisation),
        record,
        epochs=params.epochs,
        batch_size=params.batch_size,
        score=categorical,
    )
    _record_training(history, record)
    record.scalar("parameters", model.count_params(), "count")
    record.scalar("multiply_adds", multiply_adds(model), "count")
    record.weights(fit.weights(model))
    test = splits.stratified(images.test, {"test": params.test}, params.split_seed)["test"]
    _test(model, test, normalisation, images.classes, record)


def _compile(model: "keras.Model", learning_rate: float) -> None:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.RMSprop(learning_rate), loss, metrics=["accuracy"])


def _examples(part: "Part", normalisation: "Normalisation") -> "Examples":
    from report_cli.data import normalise
    from report_cli.training.fit import Examples

    return Examples(normalise.apply(normalisation, part.pixels), part.labels)


def _record_training(history: list[dict[str, float]], record: Record) -> None:
    last, best = history[-1], min(history, key=lambda row: row["validation_loss"])
    record.scalar("train_loss", last["loss"], "nat")
    record.scalar("train_accuracy", last["accuracy"], "fraction")
    record.scalar("validation_loss", last["validation_loss"], "nat")
    record.scalar("validation_accuracy", last["validation_accuracy"], "fraction")
    record.scalar("best_epoch", best["epoch"], "count")
    record.scalar("best_validation_loss", best["validation_loss"], "nat")


def _test(
    model: "keras.Model", test: "Part", normalisation: "Normalisation", classes: tuple[str, ...], record: Record
) -> None:
    import numpy as np

    from report_cli.training import evaluate

    examples = _examples(test, normalisation)
    logits = evaluate.predict(model, examples.inputs)
    score = evaluate.categorical(logits, examples.labels)
    evaluate.check_floor(score)
    record.scalar("test_loss", score.loss, "nat")
    record.scalar("test_accuracy", score.accuracy, "fraction")
    record.scalar("test_accuracy_error", (score.accuracy * (1 - score.accuracy) / len(test)) ** 0.5, "fraction")
    record.array("test_ids", test.ids)
    record.array("test_labels", test.labels)
    record.array("test_predictions", np.exp(evaluate.log_probabilities(logits)))
    record.array("confusion", evaluate.confusion(logits.argmax(axis=1), test.labels, len(classes)))
    record.array("classes", np.array(classes))
