"""Where two networks for cats and dogs look: heatmaps for a right, a wrong and a doubtful answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

import report_cli as report
from experiments import catsdogs_transfer
from experiments.catsdogs_explain import BEST, load, tested
from experiments.datasets import DOGS_VS_CATS, toy_pets
from experiments.models import vgg16
from report_cli.datasets import normalise
from report_cli.figures import images as pictures
from report_cli.interpret import gradcam, receptive_field
from report_cli.training import losses, transfer

# The weights whose values are shuffled to see whether the heat depends on them.
SHUFFLED = ("output", "head", "all")
CORRELATION = "mean over the images where both have heat of the rank correlation between an image's map of heat"
METRICS = {
    "layer": report.Metric("count", "number of the convolution explained, the last one"),
    "side": report.Metric("count", "height and width of its maps"),
    "images": report.Metric("count", "test images whose heat was measured"),
    "cold": report.Metric("count", "images of those without any heat"),
    "right": report.Metric("count", "1 where there is a right answer to show, else 0"),
    "wrong": report.Metric("count", "1 where there is a wrong answer to show, else 0"),
    "warm": report.Metric(
        "count", "images that all shares are means over: those with heat and, where regions are known, with a region"
    ),
    "centre": report.Metric(
        "fraction", "share of the heat in the middle quarter of the area, mean over the warm images"
    ),
    "centre_error": report.Metric("fraction", "standard error of that mean over the warm images"),
    "masked": report.Metric("count", "the warm images, where the region that decides the class is known, else 0"),
    "in_region": report.Metric(
        "fraction", "share of the heat in that region, mean over the warm images; 0 without any"
    ),
    "in_region_error": report.Metric("fraction", "standard error of that mean over the warm images; 0 without any"),
    "region": report.Metric(
        "fraction",
        "share of the area that the region takes, mean over the warm images, which even heat would have; 0 without any",
    ),
    "in_other": report.Metric(
        "fraction", "share of the heat in the region of another image, mean over the warm images; 0 without any"
    ),
    "gain": report.Metric(
        "fraction",
        "share of the heat in the image's own region minus that in another's, mean over the warm images; 0 without any",
    ),
    "gain_error": report.Metric("fraction", "standard error of that mean of differences; 0 without any"),
    "other_r": report.Metric("", f"{CORRELATION} and that of another image"),
    "output_r": report.Metric("", f"{CORRELATION} and the same with the weights of the output shuffled"),
    "head_r": report.Metric("", f"{CORRELATION} and the same with all weights behind the convolutions shuffled"),
    "all_r": report.Metric("", f"{CORRELATION} and the same with all weights shuffled"),
    **{f"{name}_r_error": report.Metric("", "standard error of that mean") for name in ("other", *SHUFFLED)},
    **{f"{name}_r_images": report.Metric("count", "images it is over") for name in ("other", *SHUFFLED)},
}


@dataclass(frozen=True)
class GradcamParams:
    """`images` count the test images whose heat is measured."""

    images: int


@dataclass(frozen=True)
class VGG16Params(GradcamParams):
    """`base` says what the convolutions were pretrained on, as in catsdogs-vgg16-frozen."""

    base: str = "cifar10"


def needs_base(params: VGG16Params) -> tuple[str, ...]:
    """The network, and the base that was frozen in it."""
    return ("catsdogs-vgg16-frozen", *(["vgg16-pretrain"] if params.base == "cifar10" else []))


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the images with their heat, and the outline of the deciding region where it is known."""
    facts = [[str(fact) for fact in row] for row in results.array("facts")]
    arrays = results.array("shown"), results.array("heat"), results.array("outline")
    figures.add("heatmaps", *pictures.heatmaps(*arrays, facts))


MEASURED = {"smoke": 24, "quick": 400, "full": 800}
COMMON: dict[str, Any] = {
    "data": DOGS_VS_CATS,
    "metrics": METRICS,
    "figures": ("heatmaps",),
    "draw": draw,
}


@report.experiment(
    "catsdogs-gradcam",
    title="Heatmaps",
    needs=(BEST,),
    profiles={name: GradcamParams(images) for name, images in MEASURED.items()},
    cost_s={"smoke": 3, "quick": 4, "full": 60},
    **COMMON,
)
def catsdogs_gradcam(params: GradcamParams, data: "report.ImageData", record: report.Record) -> None:
    """Which parts of an image speak for the class that the network names?

    Shown are the most certain right answer, the most certain wrong one, and the least certain of all. On images that
    the program drew it is known what decides the class, so the heat is also measured against that region; as the heat
    may prefer the centre, where faces are, it is compared with the region of another image. Whether the heat depends
    on what the network learned is seen where the values of its weights are shuffled.

    Command: report run catsdogs-gradcam --profile full

    Expected: no score, not published.

    Cost: two passes of the test images forward, and four back through the end of the network.
    """
    run = record.need(BEST).run(seed=0)
    network = load(data, run)
    explain(network.model, partial(normalise.apply, network.normalisation), network.part, run, params, data, record)


@report.experiment(
    "catsdogs-vgg16-gradcam",
    title="Heatmaps of VGG16",
    needs=needs_base,
    profiles={
        name: VGG16Params(images, "imagenet" if name == "full" else "cifar10") for name, images in MEASURED.items()
    },
    cost_s={"smoke": 4, "quick": 10, "full": 300},
    **COMMON,
)
def catsdogs_vgg16_gradcam(params: VGG16Params, data: "report.ImageData", record: report.Record) -> None:
    """Which parts of an image speak for the class that VGG16, with a new head on its frozen base, names?

    As catsdogs-gradcam has it, on the last convolution of the base.

    Command: report run catsdogs-vgg16-gradcam --profile full

    Expected: no score, not published. Cost: two passes of the test images through the base.
    """
    run = record.need("catsdogs-vgg16-frozen").run(seed=0)
    trained = catsdogs_transfer.Params(**run.parameters)
    base, prepare = catsdogs_transfer.pretrained(trained, record)
    model = vgg16.classifier((trained.size, trained.size, 3), run.scalars["width"], trained.dropout)
    transfer.load(model, base)
    transfer.load(model, run.weights())
    explain(model, lambda pixels: np.asarray(prepare(pixels)), tested(data, run), run, params, data, record)


def explain(
    model: keras.Model,
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    part: "report.Part",
    run: "report.Run",
    params: GradcamParams,
    data: "report.ImageData",
    record: report.Record,
) -> None:
    """Record the heat of `model`, which `run` trained and tested on `part`: that of three images, and where it lies."""
    convolutions = receptive_field.convolutions(model)
    name = convolutions[-1]
    probabilities = losses.probabilities(run.array("test_logits").astype(np.float64))
    labels = run.array("test_labels")
    picked = pick(probabilities, labels)
    # Those that are shown, then as many as are measured; the class explained is the one that the network names.
    places = np.concatenate([np.array(list(picked.values())), np.arange(min(params.images, len(labels)))])
    signs = np.where(probabilities[places] > 0.5, 1, -1).astype(np.float32)
    inputs, size = prepare(part.pixels[places]), part.pixels.shape[1]
    maps = gradcam.heatmaps(model, name, inputs, signs)
    known = data.name == "toy-pets"
    regions = toy_pets.deciding_region(part.ids[places]) if known else np.empty((0, 0, 0), np.bool_)
    side = regions.shape[1] if known else size
    heat = gradcam.upsample(maps, receptive_field.of_layer(model, name), size, side)
    record(layer=len(convolutions), side=maps.shape[1], right=int("right" in picked), wrong=int("wrong" in picked))
    count = len(picked)
    record.array("outline", regions[:count])
    _record_shown(picked, part, heat[:count], probabilities, data.classes, record)
    _record_heat(heat[count:], regions[count:], record)
    _record_shuffled(model, name, inputs[count:], signs[count:], maps[count:], record)


def _record_shuffled(
    model: keras.Model,
    name: str,
    inputs: NDArray[np.float32],
    signs: NDArray[np.float32],
    maps: NDArray[np.float64],
    record: report.Record,
) -> None:
    """Record how alike the heat is to that of another image, and to what it is where weights are shuffled."""
    layers = [layer for layer in model.layers if layer.weights]
    behind = [layer.name for layer in layers].index(name) + 1
    others = {"other": np.roll(maps, 1, axis=0)}
    for stage, begin in zip(SHUFFLED, (len(layers) - 1, behind, 0), strict=True):
        with gradcam.shuffled(layers[begin:], record.seed):
            others[stage] = gradcam.heatmaps(model, name, inputs, signs)
    for stage, other in others.items():
        r = gradcam.rank_correlation(maps, other)
        r = r[np.isfinite(r)]
        record.array(f"{stage}_rs", r)
        record(**{f"{stage}_r": _mean(r), f"{stage}_r_error": _error(r), f"{stage}_r_images": len(r)})


def pick(probabilities: NDArray[Any], labels: NDArray[Any]) -> dict[str, int]:
    """Return which images are shown, by kind: the most certain right and wrong answers, and the least certain one.

    `probabilities` (N,) are those of class 1. A kind without any image is left out.
    """
    certain = abs(probabilities - 0.5)
    right = (probabilities > 0.5) == (labels == 1)
    picked = {}
    for kind, among in (("right", np.flatnonzero(right)), ("wrong", np.flatnonzero(~right))):
        if len(among):
            picked[kind] = int(among[certain[among].argmax()])
    rest = np.setdiff1d(np.arange(len(labels)), list(picked.values()))
    if len(rest):
        picked["doubtful"] = int(rest[certain[rest].argmin()])
    return picked


def _record_shown(
    picked: Mapping[str, int],
    part: "report.Part",
    heat: NDArray[Any],
    probabilities: NDArray[Any],
    classes: tuple[str, ...],
    record: report.Record,
) -> None:
    places = np.array(list(picked.values()))
    scale = np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
    facts = []
    for kind, place in picked.items():
        p = float(probabilities[place])
        named = classes[int(p > 0.5)]
        facts.append([kind, classes[part.labels[place]], named, f"{100 * max(p, 1 - p):.0f} %"])
    record.array("shown", part.pixels[places])
    record.array("heat", (heat / scale).astype(np.float32))
    record.array("facts", np.array(facts))
    record.array("probabilities", np.maximum(probabilities[places], 1 - probabilities[places]))


def _record_heat(heat: NDArray[Any], regions: NDArray[Any], record: report.Record) -> None:
    """Record where the heat of many images lies: in the centre, in the deciding region, in that of another image.

    All of it is about the same images: those with heat and, where regions are known, with a region.
    """
    hot = heat.max(axis=(1, 2)) > 0
    known = len(regions) > 0
    warm = hot & regions.any(axis=(1, 2)) if known else hot
    side = heat.shape[1]
    middle = np.zeros((1, side, side), np.bool_)
    middle[:, side // 4 : side - side // 4, side // 4 : side - side // 4] = True
    centre = gradcam.heat_share(heat[warm], middle)
    masks = regions[warm] if known else np.zeros((0, side, side), np.bool_)
    inside = gradcam.heat_share(heat[warm][: len(masks)], masks)
    other = gradcam.heat_share(heat[warm][: len(masks)], np.roll(masks, 1, axis=0))
    areas = masks.mean(axis=(1, 2))
    record(images=len(heat), cold=int((~hot).sum()), warm=int(warm.sum()), masked=len(masks))
    record(centre=_mean(centre), centre_error=_error(centre))
    record(in_region=_mean(inside), in_region_error=_error(inside), region=_mean(areas), in_other=_mean(other))
    record(gain=_mean(inside - other), gain_error=_error(inside - other))
    for name, shares in (("centre", centre), ("region", inside), ("other", other), ("area", areas)):
        record.array(f"{name}_shares", shares)


def _mean(shares: NDArray[Any]) -> float:
    return float(shares.mean()) if len(shares) else 0.0


def _error(shares: NDArray[Any]) -> float:
    """Return the standard error of the mean of `shares`; 0 of fewer than two."""
    return float(shares.std(ddof=1) / np.sqrt(len(shares))) if len(shares) > 1 else 0.0
