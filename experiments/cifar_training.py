"""What the CIFAR-10 experiments have in common: their settings, how a network is trained, and how it is tested."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from report_cli import stats
from report_cli.experiment import Figures, Record, StoredRun, check_positive, check_share

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from report_cli.datasets.images import ImageData, Part
    from report_cli.datasets.normalise import Normalisation
    from report_cli.stats import Interval
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

    def __post_init__(self) -> None:
        check_positive(self, "train", "validation", "test", "epochs", "batch_size", "learning_rate")
        check_share(self, "dropout")


SEEDS = {"smoke": 1, "quick": 1, "full": 3}
METRICS = {
    "train_images": "images that the network was trained on",
    "train_loss": "mean cross-entropy on the training images in the last epoch, dropout active",
    "train_accuracy": "fraction of training images classified correctly in the last epoch, dropout active",
    "validation_loss": "mean cross-entropy on the validation images after the last epoch",
    "validation_accuracy": "fraction of validation images classified correctly after the last epoch",
    "best_epoch": "epoch with the lowest validation loss",
    "best_validation_loss": "validation loss after that epoch",
    "test_loss": "mean cross-entropy on the test images after the last epoch",
    "test_accuracy": "fraction of test images classified correctly after the last epoch",
    "test_accuracy_low": "lower end of the Wilson 95 % interval of the test accuracy",
    "test_accuracy_high": "upper end of the Wilson 95 % interval of the test accuracy",
    "test_validation_z": "test accuracy minus validation accuracy, in standard errors of that difference",
    "parameters": "trained weights and biases of the network",
    "multiply_adds": "multiplications with an addition each, for one image, forward",
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the learning curves and the confusion matrix of one run."""
    from report_cli.figures import confusion, curves

    figures.add("curves", curves.learning_curves(run.history), alt=curves.describe_learning_curves(run.history))
    counts, classes = run.array("confusion"), [str(name) for name in run.array("classes")]
    figures.add("confusion", confusion.matrix(counts, classes), alt=confusion.describe(counts, classes))


@dataclass(frozen=True)
class Learned:
    """Images to learn from and to choose by, normalised as the first of them are."""

    train: "Examples"
    validation: "Examples"
    normalisation: "Normalisation"


@dataclass(frozen=True)
class Tested:
    """Logits (N, classes) of the test images in their order, and what they come to."""

    logits: "NDArray[Any]"
    loss: float
    accuracy: float
    interval: "Interval"


def measure(model: "keras.Model", params: Params, images: "ImageData", record: Record) -> None:
    """Train `model`, then look at the test images for the first and only time, and record everything."""
    import numpy as np

    from report_cli.training import fit, losses
    from report_cli.training.cost import multiply_adds

    parts = split(params, images)
    learned = prepare(parts["train"], parts["validation"])
    history = train(model, params, learned, record)
    record.scalar("train_images", len(learned.train.labels), "count")
    record_training(history, record)
    record.scalar("parameters", model.count_params(), "count")
    record.scalar("multiply_adds", multiply_adds(model), "count")
    record.weights(fit.weights(model))
    part = test_part(params, images)
    tested = test(model, part, learned.normalisation)
    record.scalar("test_loss", tested.loss, "nat")
    record.scalar("test_accuracy", tested.accuracy, "fraction")
    record.scalar("test_accuracy_low", tested.interval.low, "fraction")
    record.scalar("test_accuracy_high", tested.interval.high, "fraction")
    record.scalar("test_validation_z", _difference_z(history[-1], len(learned.validation.labels), tested))
    record.array("test_ids", part.ids)
    record.array("test_labels", part.labels)
    record.array("test_predictions", np.exp(losses.log_probabilities(tested.logits)))
    predicted = tested.logits.argmax(axis=1)
    record.array("confusion", losses.confusion(predicted, part.labels, len(images.classes)))
    record.array("classes", np.array(images.classes))


def split(params: Params, images: "ImageData") -> "dict[str, Part]":
    """Return the training and the validation images."""
    from report_cli.datasets import split as splits

    sizes = {"train": params.train, "validation": params.validation}
    return splits.stratified(images.train, sizes, params.split_seed)


def prepare(train: "Part", validation: "Part") -> Learned:
    """Return both normalised by mean and standard deviation of the first."""
    from report_cli.datasets import normalise

    normalisation = normalise.fit(train.pixels)
    return Learned(_examples(train, normalisation), _examples(validation, normalisation), normalisation)


def train(model: "keras.Model", params: Params, learned: Learned, record: Record) -> list[dict[str, float]]:
    """Train `model` by RMSprop on the cross-entropy and return the history, one row an epoch."""
    from report_cli.training import fit
    from report_cli.training.categorical import compile_categorical
    from report_cli.training.losses import categorical

    compile_categorical(model, params.learning_rate)
    return fit.fit(
        model,
        learned.train,
        learned.validation,
        record,
        epochs=params.epochs,
        batch_size=params.batch_size,
        score=categorical,
    )


def test_part(params: Params, images: "ImageData") -> "Part":
    """Return the test images. To be called once in a run, after the last epoch of its last training."""
    from report_cli.datasets import split as splits

    return splits.stratified(images.test, {"test": params.test}, params.split_seed)["test"]


def test(model: "keras.Model", part: "Part", normalisation: "Normalisation") -> Tested:
    """Return what `model` makes of the test images."""
    from report_cli.training import losses

    logits = losses.predict(model, _examples(part, normalisation).inputs)
    score = losses.categorical(logits, part.labels)
    losses.check_floor(score)
    interval = stats.wilson(round(score.accuracy * len(part)), len(part))
    return Tested(logits, score.loss, score.accuracy, interval)


def record_training(history: list[dict[str, float]], record: Record) -> None:
    """Record how the training ended, and its best epoch by validation loss."""
    last, best = history[-1], min(history, key=lambda row: row["validation_loss"])
    record.scalar("train_loss", last["loss"], "nat")
    record.scalar("train_accuracy", last["accuracy"], "fraction")
    record.scalar("validation_loss", last["validation_loss"], "nat")
    record.scalar("validation_accuracy", last["validation_accuracy"], "fraction")
    record.scalar("best_epoch", best["epoch"], "count")
    record.scalar("best_validation_loss", best["validation_loss"], "nat")


def record_pairs(right: "Mapping[str, NDArray[Any]]", pairs: tuple[tuple[str, str], ...], record: Record) -> None:
    """Record for each pair of networks how they differ on the same images; the p-values are adjusted together.

    `right` has for every network whether each image is right, (N,) booleans.
    """
    tests = {pair: stats.paired(right[pair[0]].tolist(), right[pair[1]].tolist()) for pair in pairs}
    adjusted = stats.holm([test.p for test in tests.values()])
    for ((first, second), test), p in zip(tests.items(), adjusted, strict=True):
        name = _pair(first, second)
        record.scalar(f"{name}_only_first", test.only_first, "count")
        record.scalar(f"{name}_only_second", test.only_second, "count")
        record.scalar(f"{name}_difference", test.difference, "fraction")
        record.scalar(f"{name}_p", p)


def pair_metrics(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return what `record_pairs` records."""
    metrics: dict[str, str] = {}
    for first, second in pairs:
        name = _pair(first, second)
        metrics[f"{name}_only_first"] = f"test images that {first} has right and {second} has wrong"
        metrics[f"{name}_only_second"] = f"test images that {second} has right and {first} has wrong"
        metrics[f"{name}_difference"] = f"test accuracy of {second} minus that of {first}"
        metrics[f"{name}_p"] = f"exact McNemar test of {first} and {second}, two-sided, adjusted by Holm"
    return metrics


def _pair(first: str, second: str) -> str:
    return f"{first}_{second}".replace("-", "_")


def _examples(part: "Part", normalisation: "Normalisation") -> "Examples":
    from report_cli.datasets import normalise
    from report_cli.training.fit import Examples

    return Examples(normalise.apply(normalisation, part.pixels), part.labels)


def _difference_z(last: Mapping[str, float], validated: int, tested: Tested) -> float:
    rights = round(last["validation_accuracy"] * validated), round(tested.accuracy * len(tested.logits))
    return stats.two_shares_z(rights[0], validated, rights[1], len(tested.logits))
