"""How fast the networks train, measured side by side."""

from dataclasses import asdict, dataclass
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
from report_cli.training.precision import chosen, set_precision

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


# Which times are divided by which: those of every network by the control's, and what was published.
RATIOS = {**{network: (network, "control") for network in TIMED}, "residual_inception": ("residual", "inception")}
SPREAD = (
    "sample standard deviation (n - 1) of the ratios of the single repeats, of which there are as many as `repeats`"
)
METRICS = {
    "repeats": report.Metric("count", "turns of every network that were timed"),
    **{
        f"{network}_{name}": report.Metric(unit, f"{network.replace('_', ' ')}: {words}")
        for network in TIMED
        for name, unit, words in (
            ("image_s", "s", "time for an image of a training step: the time of all repeats over their images"),
            ("epoch_s", "s", "time for an epoch: training on its images, then prediction of the validation images"),
            ("parameters", "count", "trained weights and biases"),
            ("multiply_adds", "count", "multiplications with an addition each, for one image, forward"),
        )
    },
    **{
        f"{name}_{what}_ratio{suffix}": report.Metric("", f"{first} over {second}: {words}".replace("_", " "))
        for name, (first, second) in RATIOS.items()
        for what, of in (("image", "an image of a training step"), ("epoch", "an epoch"))
        for suffix, words in (
            ("", f"time for {of}, the time of all repeats over the time of all repeats"),
            ("_spread", f"{SPREAD}, of the time for {of}"),
        )
    },
}


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw every repeat's ratios beside the ratio of multiply-adds."""
    names = [network.replace("pooled_", "small ") for network in TIMED]
    times = {"per image": results.array("image_s"), "per epoch": results.array("epoch_s")}
    figures.add("ratios", *comparison.speed_ratios(names, times, results.array("multiply_add_ratios")))


@report.experiment(
    "cifar-speed",
    title="Speed of the networks",
    metrics=METRICS,
    profiles={
        "smoke": Params(repeats=2, steps=1, images=32),
        "quick": Params(repeats=5, steps=10, images=320),
        "full": Params(),
    },
    cost_s={"smoke": 12, "quick": 16, "full": 900},
    figures=("ratios",),
    draw=draw,
)
def cifar_speed(params: Params, record: report.Record) -> None:
    """How much longer than the control do the other networks take, for an image and for an epoch?

    All are trained in one process in turns, each repeat beginning with another one, on random images: the time of a
    step doesn't depend on what they show. A ratio is that of the times of all repeats: the mean of single ratios would
    be too high, as a turn of the control that is quick by chance counts more than one that is slow. How far single
    repeats are from each other is recorded beside it, and the machine.

    Command: report run cifar-speed --profile full

    Expected: depends on the machine. Published for this assignment: residual faster than inception and slower than
    control, without numbers; the multiply-adds, 1.13 for inception and 1.36 for residual, say otherwise.

    Cost: minutes on two CPU cores.
    """
    models = [build(SHAPE, CLASSES, DROPOUT) for build in TIMED.values()]
    for model in models:
        set_precision(model, chosen(params, record))
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
    record(repeats=params.repeats)
    _record_times("image", times.train, record)
    _record_times("epoch", params.train * times.train + params.validation * times.predict, record)
    record.array("multiply_add_ratios", costs / costs[0])
    record.table("machine", [asdict(timing.machine())])


def _record_times(what: str, times: NDArray[Any], record: report.Record) -> None:
    """Record the times (repeats, networks) for an image or an epoch, and their ratios."""
    of = dict(zip(TIMED, times.T, strict=True))
    record(**{f"{network}_{what}_s": seconds.mean() for network, seconds in of.items()})
    for name, (first, second) in RATIOS.items():
        spread = (of[first] / of[second]).std(ddof=1)
        record(
            **{f"{name}_{what}_ratio": of[first].sum() / of[second].sum(), f"{name}_{what}_ratio_spread": spread},
        )
    record.array(f"{what}_s", times)
