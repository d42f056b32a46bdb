"""The three structures at the same number of parameters: global average pooling in place of the large dense layer."""

from dataclasses import replace
from typing import TYPE_CHECKING

from experiments import cifar, cifar_several
from experiments.cifar_comparison import NETWORKS, PAIRS
from experiments.cifar_several import Trial
from experiments.cifar_training import SEEDS, Params, pair_metrics, record_pairs
from experiments.datasets import CIFAR10
from report_cli import stats
from report_cli.experiment import Figures, Record, StoredRun, experiment

if TYPE_CHECKING:
    from report_cli.datasets.images import ImageData

# Less training than the networks of the assignment have in the quick profile: there only the steps are shown.
PROFILES = {**cifar.PROFILES, "quick": replace(cifar.PROFILES["quick"], train=320, validation=250, test=500, epochs=2)}
METRICS = {
    **{
        f"{network}_{name}": f"{network} with average pooling: {what}"
        for network in NETWORKS
        for name, what in (
            ("test_loss", "mean cross-entropy on the test images"),
            ("test_accuracy", "fraction of test images classified correctly"),
            ("test_accuracy_low", "lower end of the Wilson 95 % interval of the test accuracy"),
            ("test_accuracy_high", "upper end of the Wilson 95 % interval of the test accuracy"),
            ("train_accuracy", "fraction of training images classified correctly in the last epoch, dropout active"),
            ("validation_accuracy", "fraction of validation images classified correctly after the last epoch"),
            ("parameters", "trained weights and biases"),
            ("multiply_adds", "multiplications with an addition each, for one image, forward"),
        )
    },
    "parameter_range": "largest number of parameters of the three divided by the smallest, minus 1",
    **pair_metrics(PAIRS),
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the learning curves of the three networks together."""
    from report_cli.figures import comparison

    histories = {
        network: [row for row in run.history if row["training"] == number]
        for number, network in enumerate(NETWORKS, start=1)
    }
    figure = comparison.several_curves(histories)
    figures.add("curves", figure, alt=comparison.describe_several_curves(histories))


@experiment(
    "cifar-matched",
    title="Three networks of the same size",
    data=CIFAR10,
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s={"smoke": 10, "quick": 18, "full": 10_000},
    figures=("curves",),
    draw=draw,
)
def cifar_matched(params: Params, data: "ImageData", record: Record) -> None:
    """Which of the three structures makes most of the same number of parameters?

    Command: report run cifar-matched --profile full

    Expected (full, CIFAR-10): nothing published for these networks; test accuracy 0.65 to 0.80 at 66,000 parameters.
    The control spends its parameters at high resolution and takes about three times as many multiply-adds. 0.005 is
    the standard error of one accuracy on 10,000 images.

    Cost: about that of cifar-control and half of it.
    """
    import numpy as np

    from experiments.models import pooled

    builders = (pooled.build_control, pooled.build_inception, pooled.build_residual)
    trials = {
        name: Trial(build, params.train, params.validation) for name, build in zip(NETWORKS, builders, strict=True)
    }
    results = cifar_several.measure(trials, params, data, record)
    for network, result in results.items():
        for name in ("train_accuracy", "validation_accuracy"):
            record.scalar(f"{network}_{name}", float(result[name]), "fraction")
        for name in ("parameters", "multiply_adds"):
            record.scalar(f"{network}_{name}", int(result[name]), "count")
        record.scalar(f"{network}_test_loss", float(result["loss"]), "nat")
        record.scalar(f"{network}_test_accuracy", float(result["accuracy"]), "fraction")
        interval = stats.wilson(int((result["predicted"] == result["labels"]).sum()), len(result["labels"]))
        record.scalar(f"{network}_test_accuracy_low", interval.low, "fraction")
        record.scalar(f"{network}_test_accuracy_high", interval.high, "fraction")
    counts = [int(result["parameters"]) for result in results.values()]
    record.scalar("parameter_range", max(counts) / min(counts) - 1, "fraction")
    labels = results["control"]["labels"]
    record_pairs({network: result["predicted"] == labels for network, result in results.items()}, PAIRS, record)
    record.array("test_ids", results["control"]["ids"])
    record.array("test_labels", labels)
    record.array("predicted", np.array([result["predicted"] for result in results.values()], np.uint8))
