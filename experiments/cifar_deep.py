"""The second follow-up: more complicated inception and residual structures. Both designs are ours."""

from typing import TYPE_CHECKING

from experiments.cifar import PROFILES
from experiments.cifar_training import METRICS, SEEDS, Params, draw, measure
from experiments.datasets import CIFAR10
from report_cli.experiment import Record, experiment

if TYPE_CHECKING:
    from report_cli.datasets.images import ImageData


@experiment(
    "cifar-inception-deep",
    title="Deep inception network",
    data=CIFAR10,
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s={"smoke": 6, "quick": 25, "full": 7_000},
    figures=("curves", "confusion"),
    draw=draw,
)
def cifar_inception_deep(params: Params, data: "ImageData", record: Record) -> None:
    """Do two inception blocks of four branches with bottlenecks do better than the one block of cifar-inception?

    Command: report run cifar-inception-deep --profile full

    Expected (full, CIFAR-10): not published; multiply-adds are within 3 % of those of cifar-inception, parameters two
    fifths fewer. 0.004 is the standard error of one accuracy on 10,000 images.

    Cost: about that of cifar-inception.
    """
    from experiments.models import inception_deep
    from report_cli.training import backend

    backend.start(record.seed)
    shape, classes = data.train.pixels.shape[1:], len(data.classes)
    measure(inception_deep.build(shape, classes, params.dropout), params, data, record)


@experiment(
    "cifar-residual-deep",
    title="Deep residual network",
    data=CIFAR10,
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s={"smoke": 6, "quick": 25, "full": 8_000},
    figures=("curves", "confusion"),
    draw=draw,
)
def cifar_residual_deep(params: Params, data: "ImageData", record: Record) -> None:
    """Do three small residual blocks do better than the one wide block of cifar-residual?

    Command: report run cifar-residual-deep --profile full

    Expected (full, CIFAR-10): not published; parameters and multiply-adds are within 2 % of those of cifar-residual,
    so that depth alone differs. 0.004 is the standard error of one accuracy on 10,000 images.

    Cost: about that of cifar-residual.
    """
    from experiments.models import residual_deep
    from report_cli.training import backend

    backend.start(record.seed)
    shape, classes = data.train.pixels.shape[1:], len(data.classes)
    measure(residual_deep.build(shape, classes, params.dropout), params, data, record)
