"""How fast the networks train, measured side by side."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

import report_cli as report
from experiments.cifar_followups import BUILDERS, POOLED
from report_cli.figures import comparison
from report_cli.training import losses, timing
from report_cli.training.cost import multiply_adds
from report_cli.training.fit import Trainer, generator
from report_cli.training.precision import set_precision

TIMED = {**BUILDERS, **{f"pooled_{network}": build for network, build in POOLED.items()}}
SHAPE, CLASSES, DROPOUT = (32, 32, 3), 10, 0.25


@dataclass(frozen=True)
class Params:
    """A turn is `steps` training steps and a prediction of `images` images; an epoch is that of the assignment."""

    repeats: int = 10
    steps: int = 100
    images: int = 3_200
    batch_size: int = 32
    train: int = 40_000
    validation: int = 10_000
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.repeats < 2 or self.images < self.batch_size or self.steps < 1:
            raise ValueError("a spread needs 2 repeats or more, of at least one step and one batch of images")


METRICS = {
    f"{network}_{name}": report.Metric(unit, f"{network.replace('_', ' ')}: {words}")
    for network in TIMED
    for name, unit, words in (
        ("train_s", "s", "time for an image of a training step, mean over the repeats"),
        ("image_ratio", "", "time for an image of a training step, as a multiple of the control's, mean"),
        ("image_ratio_spread", "", "sample standard deviation of that multiple over the repeats"),
        ("epoch_s", "s", "time for an epoch: training on its images, then prediction of the validation images"),
        ("epoch_ratio", "", "time for an epoch, as a multiple of the control's, mean over the repeats"),
        ("epoch_ratio_spread", "", "sample standard deviation of that multiple over the repeats"),
        ("parameters", "count", "trained weights and biases"),
        ("multiply_adds", "count", "multiplications with an addition each, for one image, forward"),
    )
}


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw every repeat's ratios beside the ratio of multiply-adds."""
    names = [network.replace("pooled_", "small ") for network in TIMED]
    ratios = {"per image": results.array("image_ratios"), "per epoch": results.array("epoch_ratios")}
    cost = results.array("multiply_add_ratios")
    figure = comparison.speed_ratios(names, ratios, cost)
    figures.add("ratios", figure, alt=comparison.describe_speed_ratios(names, ratios, cost))


@report.experiment(
    "cifar-speed",
    title="Speed of the networks",
    metrics=METRICS,
    profiles={
        "smoke": Params(repeats=2, steps=1, images=32),
        "quick": Params(steps=10, images=320),
        "full": Params(),
    },
    cost_s={"smoke": 12, "quick": 20, "full": 900},
    figures=("ratios",),
    draw=draw,
)
def cifar_speed(params: Params, record: report.Record) -> None:
    """How much longer than the control do the other networks take, for an image and for an epoch?

    All are trained in one process in turns, each repeat beginning with another one, on random images: the time of a
    step doesn't depend on what they show. A ratio compares the turns of one repeat.

    Command: report run cifar-speed --profile full

    Expected: depends on the machine. Published for this assignment: residual faster than inception and slower than
    control, without numbers; the multiply-adds, 1.13 for inception and 1.36 for residual, say otherwise.

    Cost: minutes on two CPU cores.
    """
    models = [build(SHAPE, CLASSES, DROPOUT) for build in TIMED.values()]
    for model in models:
        set_precision(model, record.precision if params.precision == "auto" else params.precision)
        losses.compile_classifier(model, learning_rate=1e-3)
    rng = generator(record.seed, 0, "speed")
    times = timing.interleaved(
        [Trainer(model, lambda pixels: keras.ops.cast(pixels, "float32") / 255) for model in models],
        rng.integers(0, 256, (params.images, *SHAPE), np.uint8),
        rng.integers(0, CLASSES, params.images),
        batch_size=params.batch_size,
        steps=params.steps,
        repeats=params.repeats,
        progress=record.progress,
    )
    costs = np.array([multiply_adds(model) for model in models])
    for network, model in zip(TIMED, models, strict=True):
        record(**{f"{network}_parameters": model.count_params(), f"{network}_multiply_adds": multiply_adds(model)})
    _record_times("image", "train_s", times.train, record)
    _record_times("epoch", "epoch_s", params.train * times.train + params.validation * times.predict, record)
    record.array("multiply_add_ratios", costs / costs[0])


def _record_times(name: str, seconds: str, times: NDArray[Any], record: report.Record) -> None:
    """Record the times (repeats, networks), and what they are as multiples of the control's."""
    ratios = times / times[:, :1]
    for place, network in enumerate(TIMED):
        record(
            **{
                f"{network}_{seconds}": times[:, place].mean(),
                f"{network}_{name}_ratio": ratios[:, place].mean(),
                f"{network}_{name}_ratio_spread": ratios[:, place].std(ddof=1),
            }
        )
    record.array(f"{name}_ratios", ratios)
