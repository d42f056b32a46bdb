"""The CIFAR-10 networks against each other on the same test images; trains nothing."""

import numpy as np

import report_cli as report
from experiments import pairs
from experiments.cifar import SEEDS
from experiments.cifar_followups import NETWORKS
from report_cli import stats
from report_cli.figures import comparison

THREE = (("control", "inception"), ("control", "residual"), ("inception", "residual"))
DEEPER = (("inception", "inception-deep"), ("residual", "residual-deep"))
# Through fewer sizes no line is drawn.
FITTED = 4


@report.experiment(
    "cifar-comparison",
    title="Three networks on the same test images",
    metrics=pairs.metrics(THREE),
    profiles={},
    needs=("cifar-control", "cifar-inception", "cifar-residual"),
    seeds=SEEDS,
    cost_s=1,
)
def cifar_comparison(record: report.Record) -> None:
    """Which of the three trained networks differ by more than the choice of test images explains?

    Command: report run cifar-comparison --profile full

    Expected (full, CIFAR-10): differences of 0 to 3 points; 0.9 points are found with 80 % power when the two
    networks disagree about a tenth of the images. The test is about two trained networks; what their recipes are
    worth shows over the seeds.

    Cost: a second, beside the three networks.
    """
    pairs.compare({network: record.need(f"cifar-{network}").run() for network in NETWORKS}, THREE, record)


@report.experiment(
    "cifar-deeper",
    title="More complicated structures on the same test images",
    metrics=pairs.metrics(DEEPER),
    profiles={},
    needs=("cifar-inception", "cifar-inception-deep", "cifar-residual", "cifar-residual-deep"),
    seeds=SEEDS,
    cost_s=1,
)
def cifar_deeper(record: report.Record) -> None:
    """Do the more complicated blocks change what the inception and the residual network get right?

    Command: report run cifar-deeper --profile full

    Expected (full, CIFAR-10): nothing published. The comparison says something about the blocks only where both
    networks of a pair had the same training, which is so in the full profile.

    Cost: a second, beside the four networks.
    """
    networks = [network for pair in DEEPER for network in pair]
    pairs.compare({network: record.need(f"cifar-{network}").run() for network in networks}, DEEPER, record)


@report.experiment(
    "cifar-matched-comparison",
    title="Three networks of the same size on the same test images",
    metrics=pairs.metrics(THREE),
    profiles={},
    needs=("cifar-matched",),
    seeds=SEEDS,
    cost_s=1,
)
def cifar_matched_comparison(record: report.Record) -> None:
    """Which of the three trained networks of the same size differ by more than the choice of test images explains?

    Command: report run cifar-matched-comparison --profile full

    Expected (full, CIFAR-10): nothing published. Cost: a second, beside the three networks.
    """
    matched = record.need("cifar-matched")
    pairs.compare({network: matched.run(network=network) for network in NETWORKS}, THREE, record)


def draw_sizes(results: "report.Results", figures: report.Figures) -> None:
    """Draw accuracy against the number of training images, of the first seed."""
    run = results.run(seed=0)
    sizes, accuracy = run.array("sizes"), run.array("accuracy")
    figure = comparison.accuracy_by_size(NETWORKS, sizes, accuracy, run.array("interval"))
    figures.add("accuracy", figure, alt=comparison.describe_accuracy_by_size(NETWORKS, sizes, accuracy))


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
        **pairs.metrics(THREE),
    },
    profiles={},
    needs=("cifar-less-data",),
    seeds=SEEDS,
    cost_s=1,
    figures=("accuracy",),
    draw=draw_sizes,
)
def cifar_sizes(record: report.Record) -> None:
    """How much is a doubling of the training images worth, and which networks differ on the smallest subset?

    Command: report run cifar-sizes --profile full

    Expected (full, CIFAR-10): nothing published. Cost: a second, beside the runs of all sizes.
    """
    less = record.need("cifar-less-data")
    sizes = sorted({int(size) for size in less.metric("train_images")})
    accuracy, interval = [], []
    for network in NETWORKS:
        runs = [less.run(network=network, train=size) for size in sizes]
        accuracy.append([run.scalars["test_accuracy"] for run in runs])
        ends = [stats.wilson(int(pairs.right_answers(run).sum()), len(run.array("test_ids"))) for run in runs]
        interval.append([(end.low, end.high) for end in ends])
    gains = np.polyfit(np.log2(sizes), np.array(accuracy).T, 1)[0] if len(sizes) >= FITTED else [0] * len(NETWORKS)
    steps = less.run(network=NETWORKS[0], train=sizes[0]).parameters["steps"]
    record(smallest=sizes[0], largest=sizes[-1], sizes=len(sizes), steps=steps)
    record(**{f"{network}_gain": float(gain) for network, gain in zip(NETWORKS, gains, strict=True)})
    pairs.compare({network: less.run(network=network, train=sizes[0]) for network in NETWORKS}, THREE, record)
    record.array("sizes", np.array(sizes))
    record.array("accuracy", np.array(accuracy))
    record.array("interval", np.array(interval))
