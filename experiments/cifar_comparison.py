"""The CIFAR-10 networks on the same test images, and what more of them to learn from are worth; trains nothing."""

import numpy as np

import report_cli as report
from experiments import overview
from experiments.cifar import SEEDS
from experiments.cifar_followups import NETWORKS
from report_cli import stats
from report_cli.figures import comparison
from report_cli.figures import results as charts

TRAINED = {
    "short": "cifar-control-20",
    "control": "cifar-control",
    "inception": "cifar-inception",
    "residual": "cifar-residual",
}
# Through fewer sizes no line is drawn.
FITTED = 4


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the course of the trainings, and the test accuracies against what an image costs."""
    overview.draw_curves(results, figures, classes=10)
    accuracies = overview.accuracies(results)
    costs = {row["network"]: row["multiply_adds"] / 1e6 for row in results.run(seed=0).table("networks")}
    figures.add("cost", *charts.against(costs, accuracies, "million multiply-adds an image", "test accuracy (%)"))


@report.experiment(
    "cifar-comparison",
    title="The networks on the same test images",
    metrics=overview.METRICS,
    profiles={},
    needs=tuple(TRAINED.values()),
    seeds=SEEDS,
    cost_s=1,
    figures=("curves", "cost"),
    draw=draw,
)
def cifar_comparison(record: report.Record) -> None:
    """Are the trained networks tested on the same images, and which difference would a test find on them?

    Command: report run cifar-comparison --profile full

    Expected (full, CIFAR-10): 0.9 points, with 80 % power, when two networks disagree about a tenth of the images.

    Cost: a second, beside the four networks.
    """
    overview.record_networks({heading: record.need(name).run() for heading, name in TRAINED.items()}, record)


def draw_sizes(results: "report.Results", figures: report.Figures) -> None:
    """Draw accuracy against the number of training images, of the first seed."""
    run = results.run(seed=0)
    arrays = run.array("sizes"), run.array("accuracy"), run.array("interval")
    figures.add("accuracy", *comparison.accuracy_by_size(NETWORKS, *arrays))


@report.experiment(
    "cifar-sizes",
    title="Accuracy by the number of training images",
    metrics={
        "smallest": report.Metric("count", "training images of the smallest subset"),
        "largest": report.Metric("count", "training images of the largest set"),
        "sizes": report.Metric("count", "sizes of the training set"),
        "steps": report.Metric("count", "steps of every training, the same for all sizes"),
        **{
            f"{network}_gain": report.Metric(
                "fraction",
                f"{network}: test accuracy gained per doubling of the training images, by least squares through all"
                f" sizes; 0 where they are fewer than {FITTED}",
            )
            for network in NETWORKS
        },
    },
    profiles={},
    needs=("cifar-less-data",),
    cost_s=1,
    figures=("accuracy",),
    draw=draw_sizes,
)
def cifar_sizes(record: report.Record) -> None:
    """How much is a doubling of the training images worth?

    Command: report run cifar-sizes --profile full

    Expected (full, CIFAR-10): nothing published. Cost: a second, beside the runs of all sizes.
    """
    less = record.need("cifar-less-data")
    sizes = sorted({int(size) for size in less.metric("train_images")})
    accuracy, interval = [], []
    for network in NETWORKS:
        runs = [less.run(seed=0, network=network, train=size) for size in sizes]
        accuracy.append([run.scalars["test_accuracy"] for run in runs])
        ends = [stats.wilson(int(overview.right_answers(run).sum()), len(run.array("test_ids"))) for run in runs]
        interval.append([(end.low, end.high) for end in ends])
    gains = np.polyfit(np.log2(sizes), np.array(accuracy).T, 1)[0] if len(sizes) >= FITTED else [0] * len(NETWORKS)
    steps = less.run(seed=0, network=NETWORKS[0], train=sizes[0]).parameters["steps"]
    record(smallest=sizes[0], largest=sizes[-1], sizes=len(sizes), steps=steps)
    record(**{f"{network}_gain": float(gain) for network, gain in zip(NETWORKS, gains, strict=True)})
    record.array("sizes", np.array(sizes))
    record.array("accuracy", np.array(accuracy))
    record.array("interval", np.array(interval))
