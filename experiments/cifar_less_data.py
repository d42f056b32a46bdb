"""The first follow-up: what the three networks make of less data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from experiments import cifar, cifar_several, cifar_training
from experiments.cifar_comparison import NETWORKS, PAIRS
from experiments.cifar_several import Trial
from experiments.cifar_training import SEEDS, pair_metrics, record_pairs
from experiments.datasets import CIFAR10
from report_cli import stats
from report_cli.errors import RunError
from report_cli.experiment import Figures, Record, StoredRun, check_positive, experiment

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from report_cli.datasets.images import ImageData


@dataclass(frozen=True)
class Params(cifar_training.Params):
    """`sizes` are those of the subsets, each a part of the next one; all are chosen from `train` images.

    Nothing is chosen by the validation images here, so only `watched` of them are predicted after each epoch.
    """

    sizes: tuple[int, ...] = (1_000, 2_500, 5_000, 10_000, 20_000)
    watched: int = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "watched")
        if not self.sizes or any(small >= large for small, large in pairwise((0, *self.sizes, self.train))):
            raise ValueError(f"sizes must grow and stay below {self.train}, the size of the whole set: {self.sizes}")


def _less(params: cifar_training.Params, size: int, watched: int) -> Params:
    return Params(**vars(params), sizes=(size,), watched=watched)


PROFILES = {
    "smoke": _less(cifar.PROFILES["smoke"], size=60, watched=20),
    "quick": _less(cifar.PROFILES["quick"], size=640, watched=100),
    "full": Params(),
}
METRICS = {
    "smallest": "training images of the smallest subset",
    "largest": "training images of the whole set, from the runs that this one needs",
    **{
        f"{network}_{name}": f"{network}: {what}"
        for network in NETWORKS
        for name, what in (
            ("smallest_accuracy", "test accuracy after training on the smallest subset"),
            ("smallest_train_accuracy", "accuracy on the smallest subset in the last epoch of training on it"),
            ("largest_accuracy", "test accuracy after training on the whole set"),
            ("gain", "test accuracy gained per doubling of the training images, least squares over all sizes"),
        )
    },
    **pair_metrics(PAIRS),
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw accuracy against the number of training images."""
    from report_cli.figures import comparison

    arrays = run.array("sizes"), run.array("accuracy"), run.array("interval")
    figure = comparison.accuracy_by_size(NETWORKS, *arrays)
    figures.add("accuracy", figure, alt=comparison.describe_accuracy_by_size(NETWORKS, *arrays[:2]))


@experiment(
    "cifar-less-data",
    title="Three networks with less data",
    data=CIFAR10,
    metrics=METRICS,
    profiles=PROFILES,
    needs=("cifar-control", "cifar-inception", "cifar-residual"),
    seeds=SEEDS,
    cost_s={"smoke": 15, "quick": 25, "full": 20_000},
    figures=("accuracy",),
    draw=draw,
)
def cifar_less_data(params: Params, data: "ImageData", record: Record) -> None:
    """How does the accuracy of the three networks grow with the number of training images?

    Command: report run cifar-less-data --profile full

    Expected (full, CIFAR-10): nothing published for these networks; accuracy falls with every halving, to 0.35 to
    0.50 with 1,000 images. Every subset is part of the next, and all have as many epochs as the whole set, so fewer
    images also mean fewer steps. 0.005 is the standard error of one accuracy on 10,000 images.

    Cost: about that of the three networks on all images.
    """
    whole = {network: record.need(f"cifar-{network}") for network in NETWORKS}
    for network, run in whole.items():
        _check_same_training(network, run, params)
    builders = _builders()
    names = {(network, size): f"{network} {size}" for network in builders for size in params.sizes}
    trials = {name: Trial(builders[network], size, params.watched) for (network, size), name in names.items()}
    results = cifar_several.measure(trials, params, data, record)
    _record(params, whole, {key: results[name] for key, name in names.items()}, record)


def _builders() -> "Mapping[str, Callable[..., keras.Model]]":
    from experiments.models import control, inception, residual

    return {"control": control.build, "inception": inception.build, "residual": residual.build}


def _check_same_training(network: str, run: StoredRun, params: Params) -> None:
    theirs = run.scalars["train_images"], len(run.history), len(run.array("test_ids"))
    if theirs != (params.train, params.epochs, params.test):
        raise RunError(
            f"cifar-{network} had {theirs[0]:.0f} training images, {theirs[1]} epochs and {theirs[2]} test images, "
            f"not {params.train}, {params.epochs} and {params.test}",
            "set train, epochs and test alike for cifar-control, cifar-inception, cifar-residual and cifar-less-data",
        )


def _record(
    params: Params,
    whole: Mapping[str, StoredRun],
    results: "Mapping[tuple[str, int], Mapping[str, NDArray[Any]]]",
    record: Record,
) -> None:
    import numpy as np

    sizes, smallest = [*params.sizes, params.train], params.sizes[0]
    record.scalar("smallest", smallest, "count")
    record.scalar("largest", params.train, "count")
    accuracy = []
    for network, run in whole.items():
        measured = [float(results[network, size]["accuracy"]) for size in params.sizes]
        accuracy.append([*measured, run.scalars["test_accuracy"]])
        record.scalar(f"{network}_smallest_accuracy", measured[0], "fraction")
        trained = float(results[network, smallest]["train_accuracy"])
        record.scalar(f"{network}_smallest_train_accuracy", trained, "fraction")
        record.scalar(f"{network}_largest_accuracy", accuracy[-1][-1], "fraction")
        record.scalar(f"{network}_gain", float(np.polyfit(np.log2(sizes), accuracy[-1], 1)[0]), "fraction")
    any_result = results["control", smallest]
    right = {network: results[network, smallest]["predicted"] == any_result["labels"] for network in whole}
    record_pairs(right, PAIRS, record)
    record.array("sizes", np.array(sizes))
    record.array("accuracy", np.array(accuracy))
    record.array("interval", np.array([[_interval(share, params.test) for share in row] for row in accuracy]))
    record.array("test_ids", any_result["ids"])
    record.array("test_labels", any_result["labels"])
    predicted = [[results[network, size]["predicted"] for size in params.sizes] for network in whole]
    record.array("predicted", np.array(predicted, np.uint8))


def _interval(accuracy: float, total: int) -> tuple[float, float]:
    interval = stats.wilson(round(accuracy * total), total)
    return interval.low, interval.high
