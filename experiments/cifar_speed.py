"""How fast the networks train, measured side by side."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.cifar_comparison import NETWORKS
from report_cli import stats
from report_cli.experiment import Figures, Record, StoredRun, experiment

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

TIMED = (*NETWORKS, *(f"pooled_{network}" for network in NETWORKS))
SHAPE, CLASSES, DROPOUT = (32, 32, 3), 10, 0.25


@dataclass(frozen=True)
class Params:
    """A turn is `steps` training steps and a prediction of `images` images; an epoch is that of the assignment."""

    repeats: int = 5
    steps: int = 100
    warm_up: int = 20
    images: int = 3_200
    batch_size: int = 32
    train: int = 40_000
    validation: int = 10_000

    def __post_init__(self) -> None:
        if self.repeats < 2 or self.images < self.batch_size or self.steps < 1:
            raise ValueError("a spread needs 2 repeats or more, of at least one step and one batch of images")


PROFILES = {
    "smoke": Params(repeats=2, steps=1, warm_up=1, images=32),
    "quick": Params(steps=3, warm_up=1, images=96),
    "full": Params(),
}
METRICS = {
    f"{network}_{name}": f"{network.replace('_', ' ')}: {what}"
    for network in TIMED
    for name, what in (
        ("train_s", "seconds for an image of a training step, mean over the repeats"),
        ("image_ratio", "time for an image of a training step, as a multiple of the control's, mean over the repeats"),
        ("image_ratio_spread", "sample standard deviation of that multiple over the repeats"),
        ("epoch_s", "seconds for an epoch: training on its images, then prediction of the validation images"),
        ("epoch_ratio", "time for an epoch, as a multiple of the control's, mean over the repeats"),
        ("epoch_ratio_spread", "sample standard deviation of that multiple over the repeats"),
        ("parameters", "trained weights and biases"),
        ("multiply_adds", "multiplications with an addition each, for one image, forward"),
    )
}


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw every repeat's ratios beside the ratio of multiply-adds."""
    from report_cli.figures import comparison

    names = [network.replace("pooled_", "small ") for network in TIMED]
    ratios = {"per image": run.array("image_ratios"), "per epoch": run.array("epoch_ratios")}
    cost = run.array("multiply_add_ratios")
    figure = comparison.speed_ratios(names, ratios, cost)
    figures.add("ratios", figure, alt=comparison.describe_speed_ratios(names, ratios, cost))


@experiment(
    "cifar-speed",
    title="Speed of the networks",
    metrics=METRICS,
    profiles=PROFILES,
    cost_s={"smoke": 12, "quick": 20, "full": 900},
    figures=("ratios",),
    draw=draw,
)
def cifar_speed(params: Params, data: None, record: Record) -> None:
    """How much longer than the control do the other networks take, for an image and for an epoch?

    All are trained in one process in turns, each repeat beginning with another one, on random images: the time of a
    step doesn't depend on what they show. A ratio compares the turns of one repeat.

    Command: report run cifar-speed --profile full

    Expected: depends on the machine. Published for this assignment: residual faster than inception and slower than
    control, without numbers; the multiply-adds, 1.13 for inception and 1.36 for residual, say otherwise.

    Cost: minutes on two CPU cores.
    """
    import numpy as np

    from report_cli.training import backend, timing
    from report_cli.training.cost import multiply_adds
    from report_cli.training.fit import generator

    backend.start(record.seed)
    models = _models()
    rng = generator(record.seed, 0, "speed")
    pixels = rng.standard_normal((params.images, *SHAPE), dtype=np.float32)
    times = timing.interleaved(
        list(models.values()),
        pixels,
        rng.integers(0, CLASSES, params.images),
        batch_size=params.batch_size,
        steps=params.steps,
        warm_up=params.warm_up,
        repeats=params.repeats,
        progress=record.progress,
    )
    epochs = params.train * times.train + params.validation * times.predict
    for place, (network, model) in enumerate(models.items()):
        record.scalar(f"{network}_train_s", float(times.train[:, place].mean()), "s")
        record.scalar(f"{network}_epoch_s", float(epochs[:, place].mean()), "s")
        record.scalar(f"{network}_parameters", model.count_params(), "count")
        record.scalar(f"{network}_multiply_adds", multiply_adds(model), "count")
    _record_ratios("image", times.train, record)
    _record_ratios("epoch", epochs, record)
    costs = np.array([multiply_adds(model) for model in models.values()])
    record.array("multiply_add_ratios", costs / costs[0])


def _models() -> "dict[str, keras.Model]":
    from experiments.models import control, inception, pooled, residual
    from report_cli.training.categorical import compile_categorical

    builders = (control.build, inception.build, residual.build)
    small = (pooled.build_control, pooled.build_inception, pooled.build_residual)
    models = {name: build(SHAPE, CLASSES, DROPOUT) for name, build in zip(TIMED, (*builders, *small), strict=True)}
    for model in models.values():
        compile_categorical(model, learning_rate=1e-3)
    return models


def _record_ratios(name: str, times: "NDArray[Any]", record: Record) -> None:
    ratios = times / times[:, :1]
    for place, network in enumerate(TIMED):
        ratio = stats.sample(ratios[:, place].tolist())
        record.scalar(f"{network}_{name}_ratio", ratio.mean)
        record.scalar(f"{network}_{name}_ratio_spread", ratio.std)
    record.array(f"{name}_ratios", ratios)
