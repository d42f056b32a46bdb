"""The follow-ups with three networks each: less data, the same number of parameters, and a tenth of the rate."""

from dataclasses import dataclass, replace
from typing import Any

import report_cli as report
from experiments import cifar
from experiments.datasets import CIFAR10
from experiments.models import control, inception, pooled, residual
from report_cli.datasets import split as splits
from report_cli.figures import curves

NETWORKS = ("control", "inception", "residual")
BUILDERS = {"control": control.build, "inception": inception.build, "residual": residual.build}
POOLED = {"control": pooled.build_control, "inception": pooled.build_inception, "residual": pooled.build_residual}


@dataclass(frozen=True)
class Params(cifar.Params):
    """`network` is trained with these settings."""

    network: str = "control"


@dataclass(frozen=True)
class LessParams(cifar.ImageParams):
    """`network` is trained for `steps` steps however many images it has.

    Nothing is chosen by the validation images, so only `watched` of them are predicted after each epoch.
    """

    network: str = "control"
    steps: int = 12_500
    watched: int = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        report.check_positive(self, "steps", "watched")
        if self.steps % self.epoch_steps:
            raise ValueError(f"{self.steps} steps are no whole number of epochs of {self.epoch_steps} steps")

    @property
    def epochs(self) -> int:
        """How many epochs those steps are: the fewer images, the more."""
        return self.steps // self.epoch_steps


@report.experiment(
    "cifar-less-data",
    title="Three networks with less data",
    data=CIFAR10,
    profiles={
        "smoke": LessParams(train=120, validation=40, test=40, steps=8, watched=20),
        "quick": LessParams(train=960, validation=500, test=1_000, batch_size=16, steps=120, watched=100),
        "full": LessParams(),
    },
    # Sizes of whole batches whose epochs make up the same number of steps.
    grid={
        "smoke": report.grid(network=NETWORKS, train=[60, 120]),
        "quick": report.grid(network=NETWORKS, train=[240, 480, 960]),
        "full": report.grid(network=NETWORKS, train=[1_600, 4_000, 8_000, 16_000, 40_000]),
    },
    cost_s={"smoke": 5, "quick": 6, "full": 1_000},
    metrics=report.CLASSIFIER["metrics"],
)
def cifar_less_data(params: LessParams, data: "report.ImageData", record: report.Record) -> None:
    """How does the accuracy of the three networks grow with the number of training images?

    Command: report run cifar-less-data --profile full

    Every subset is part of the next, and all take as many steps, so that only the images differ: a quarter of them is
    seen four times as often. On all images these are 10 epochs, where the networks of the assignment are near their
    best.

    Expected (full, CIFAR-10): nothing published for these networks; accuracy falls with every halving, to 0.40 to
    0.55 with 1,600 images. Spread over seeds: not published; 0.005 is the standard error of one accuracy on 10,000
    images.

    Cost: that of the three networks of the assignment.
    """
    split = cifar.split_of(data, params)
    network = BUILDERS[params.network](split.shape, split.classes, params.dropout)
    watched = splits.take(split.validation, params.watched, params.split_seed)
    record.classifier(network, replace(split, validation=watched), params)


def draw_by_network(results: "report.Results", figures: report.Figures) -> None:
    """Draw the learning curves of the three networks side by side, of the first seed."""
    histories = [results.run(seed=0, network=network).history for network in NETWORKS]
    figures.add("curves", *curves.side_by_side(histories, NETWORKS, classes=10))


# Less training than the networks of the assignment have in the quick profile: there only the steps are shown.
PROFILES = {
    "smoke": Params(**vars(cifar.PROFILES["smoke"])),
    "quick": Params(train=320, validation=250, test=1_000, epochs=2),
    "full": Params(),
}
COMMON: dict[str, Any] = {
    "data": CIFAR10,
    "grid": report.grid(network=NETWORKS),
    "cost_s": {"smoke": 4, "quick": 6, "full": 3_500},
    "metrics": report.CLASSIFIER["metrics"],
    "figures": ("curves",),
    "draw": draw_by_network,
}


@report.experiment(
    "cifar-matched",
    title="Three networks of the same size",
    profiles=PROFILES,
    **COMMON,
)
def cifar_matched(params: Params, data: "report.ImageData", record: report.Record) -> None:
    """Which of the three structures makes most of the same number of parameters?

    Global average pooling takes the place of the large dense layer.

    Command: report run cifar-matched --profile full

    Expected (full, CIFAR-10): nothing published for these networks; test accuracy 0.65 to 0.80 at 66,000 parameters.
    The control spends its parameters at high resolution and takes about three times as many multiply-adds. 0.005 is
    the standard error of one accuracy on 10,000 images.

    Cost: all together about that of cifar-control and half of it.
    """
    split = cifar.split_of(data, params)
    network = POOLED[params.network](split.shape, split.classes, params.dropout)
    record.classifier(network, split, params)


@report.experiment(
    "cifar-slow",
    title="Three networks at a tenth of the rate",
    profiles={name: replace(params, learning_rate=1e-4) for name, params in PROFILES.items()},
    **COMMON,
)
def cifar_slow(params: Params, data: "report.ImageData", record: report.Record) -> None:
    """Is it the rate that undoes the training of the three networks, and what is a block worth where it doesn't?

    Everything is as the assignment has it, but the rate of RMSprop is a tenth: that of the example which comes with
    Keras for the layers of the control.

    Command: report run cifar-slow --profile full

    Expected (full, CIFAR-10): test accuracy 0.77 to 0.80 for the control; the example reaches 0.79 after 50 epochs,
    with changed views of its images. 0.004 is the standard error of one accuracy on 10,000 images.

    Cost: that of the three networks of the assignment.
    """
    split = cifar.split_of(data, params)
    network = BUILDERS[params.network](split.shape, split.classes, params.dropout)
    record.classifier(network, split, params)
