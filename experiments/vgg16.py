"""VGG16's convolutions, pretrained on small images for machines without the published weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.datasets import CIFAR10
from report_cli.experiment import Figures, Record, StoredRun, check_positive, check_share, experiment

if TYPE_CHECKING:
    import keras

    from report_cli.datasets.images import ImageData, Part
    from report_cli.datasets.normalise import Normalisation
    from report_cli.training.fit import Examples


@dataclass(frozen=True)
class Params:
    """Sizes count images; `width` is the factor on the filters of every convolution.

    A run whose validation accuracy is below `least_accuracy` fails, as its features would be no base to build on.
    """

    train: int = 40_000
    validation: int = 10_000
    epochs: int = 20
    batch_size: int = 50
    learning_rate: float = 1e-3
    dropout: float = 0.2
    width: float = 1.0
    least_accuracy: float = 0.6
    split_seed: int = 1

    def __post_init__(self) -> None:
        check_positive(self, "train", "validation", "epochs", "batch_size", "learning_rate", "width")
        check_share(self, "dropout")


METRICS = {
    "train_loss": "mean cross-entropy on the training images in the last epoch, dropout active",
    "train_accuracy": "fraction of training images classified correctly in the last epoch, dropout active",
    "validation_loss": "mean cross-entropy on the validation images after the last epoch",
    "validation_accuracy": "fraction of validation images classified correctly after the last epoch",
    "parameters": "weights and biases of the convolution base, the normalisation folded into it",
    "multiply_adds": "multiplications with an addition each in the pretraining network, for one image, forward",
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the learning curves."""
    from report_cli.figures import curves

    figures.add("curves", curves.learning_curves(run.history), alt=curves.describe_learning_curves(run.history))


@experiment(
    "vgg16-pretrain",
    title="Pretraining of VGG16",
    data=CIFAR10,
    metrics=METRICS,
    profiles={
        "smoke": Params(train=100, validation=40, epochs=1, width=0.0625, least_accuracy=0),
        "quick": Params(train=1_600, validation=500, epochs=5, dropout=0.1, width=0.25, least_accuracy=0),
        "full": Params(),
    },
    cost_s={"smoke": 10, "quick": 35, "full": 20_000},
    figures=("curves",),
    draw=draw,
)
def vgg16_pretrain(params: Params, data: "ImageData", record: Record) -> None:
    """What can the convolutions of VGG16 learn from small images, to be transferred to larger ones?

    VGG16 without normalisation often stays at chance from scratch. So every convolution is followed by batch
    normalisation here, which is folded into the convolutions afterwards: the weights that are recorded have the names
    and shapes of the published ones. One run serves all seeds of what needs it. No test image is read.

    Source: configuration D of Simonyan and Zisserman, Very deep convolutional networks (2015), table 1.

    Command: report run vgg16-pretrain --profile full

    Expected (full, CIFAR-10): validation accuracy 0.75 to 0.85; not published for this assignment. Below 0.6 the run
    fails. Spread over seeds: not measured.

    Cost: about 1.5 PFLOP (6 x multiply-adds x images x epochs): several hours on two CPU cores.
    """
    import numpy as np

    from experiments.models import vgg16
    from report_cli.datasets import normalise, split
    from report_cli.training import backend, fit
    from report_cli.training.cost import multiply_adds

    backend.start(record.seed)
    sizes = {"train": params.train, "validation": params.validation}
    parts = split.stratified(data.train, sizes, params.split_seed)
    normalisation = normalise.fit(parts["train"].pixels)
    model = vgg16.pretraining(data.train.pixels.shape[1:], len(data.classes), params.width, params.dropout)
    history = _train(
        model, _examples(parts["train"], normalisation), _examples(parts["validation"], normalisation), params, record
    )
    _check(history[-1], params)
    base = vgg16.fold(fit.weights(model), params.width)
    for name in ("loss", "accuracy"):
        record.scalar(f"train_{name}", history[-1][name], "nat" if name == "loss" else "fraction")
        record.scalar(f"validation_{name}", history[-1][f"validation_{name}"], "nat" if name == "loss" else "fraction")
    record.scalar("parameters", sum(array.size for array in base.values()), "count")
    record.scalar("multiply_adds", multiply_adds(model), "count")
    record.array("mean", np.asarray(normalisation.mean))
    record.array("std", np.asarray(normalisation.std))
    record.weights(base)


def _train(
    model: "keras.Model", train: "Examples", validation: "Examples", params: Params, record: Record
) -> list[dict[str, float]]:
    from report_cli.training import fit
    from report_cli.training.categorical import compile_categorical
    from report_cli.training.losses import categorical

    compile_categorical(model, params.learning_rate)
    return fit.fit(
        model, train, validation, record, epochs=params.epochs, batch_size=params.batch_size, score=categorical
    )


def _check(last: dict[str, float], params: Params) -> None:
    from report_cli.errors import RunError

    if last["validation_accuracy"] < params.least_accuracy:
        raise RunError(
            f"the pretrained network reaches {last['validation_accuracy']:.1%} on the validation images,"
            f" less than the {params.least_accuracy:.0%} below which it is not transferred",
            "train it longer: report run vgg16-pretrain --set epochs=N",
        )


def _examples(part: "Part", normalisation: "Normalisation") -> "Examples":
    from report_cli.datasets import normalise
    from report_cli.training.fit import Examples

    return Examples(normalise.apply(normalisation, part.pixels), part.labels)
