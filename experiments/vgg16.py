"""VGG16's convolutions, pretrained on small images for machines without the published weights."""

from dataclasses import dataclass

import report_cli as report
from experiments.datasets import CIFAR10
from experiments.models import vgg16
from report_cli.errors import RunError
from report_cli.training import classify, fit, losses
from report_cli.training.cost import multiply_adds
from report_cli.training.fit import Examples, Trainer
from report_cli.training.precision import chosen, set_precision


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
    precision: str = "auto"

    def __post_init__(self) -> None:
        report.check_positive(self, "train", "validation", "epochs", "batch_size", "learning_rate", "width")
        report.check_share(self, "dropout")


@report.experiment(
    "vgg16-pretrain",
    title="Pretraining of VGG16",
    data=CIFAR10,
    profiles={
        "smoke": Params(train=100, validation=40, epochs=1, width=0.0625, least_accuracy=0),
        "quick": Params(train=1_200, validation=500, epochs=4, dropout=0.1, width=0.25, least_accuracy=0),
        "full": Params(),
    },
    cost_s={"smoke": 10, "quick": 24, "full": 20_000},
    **report.TRAINING,
)
def vgg16_pretrain(params: Params, data: "report.ImageData", record: report.Record) -> None:
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
    split = data.split(train=params.train, validation=params.validation, seed=params.split_seed)
    inputs = classify.normalised(split.train, record)
    model = vgg16.pretraining(split.shape, split.classes, params.width, params.dropout)
    set_precision(model, chosen(params, record))
    losses.compile_classifier(model, params.learning_rate)
    train, validation = (Examples(part.pixels, part.labels) for part in (split.train, split.validation))
    trainer = Trainer(model, inputs)
    history = trainer.fit(train, validation, record, epochs=params.epochs, batch_size=params.batch_size)
    if (accuracy := history[-1]["validation_accuracy"]) < params.least_accuracy:
        raise RunError(
            f"the pretrained network reaches {accuracy:.1%} on the validation images, less than the"
            f" {params.least_accuracy:.0%} below which it is not transferred",
            "train it longer: report run vgg16-pretrain --set epochs=N",
        )
    base = vgg16.fold(fit.weights(model), params.width)
    classify.record_training(history, split, record)
    classify.record_predictions("validation", trainer.predict(validation.inputs), split.validation, record)
    record(parameters=model.count_params(), multiply_adds=multiply_adds(model))
    record.weights(base)
