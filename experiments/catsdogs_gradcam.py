"""Where the best network for cats and dogs looks: heatmaps for a right, a wrong and a doubtful answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import report_cli as report
from experiments.catsdogs_explain import BEST, Network, load
from experiments.datasets import DOGS_VS_CATS, toy_pets
from report_cli.figures import images as pictures
from report_cli.interpret import gradcam, receptive_field
from report_cli.training import losses

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
}


@dataclass(frozen=True)
class GradcamParams:
    """`images` count the test images whose heat is measured."""

    images: int


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the images with their heat, and the outline of the deciding region where it is known."""
    facts = [[str(fact) for fact in row] for row in results.array("facts")]
    heat = results.array("heat")
    figure = pictures.heatmaps(results.array("shown"), heat, results.array("outline"), facts)
    figures.add("heatmaps", figure, alt=pictures.describe_heatmaps(heat, facts))


@report.experiment(
    "catsdogs-gradcam",
    title="Heatmaps",
    data=DOGS_VS_CATS,
    needs=(BEST,),
    metrics=METRICS,
    profiles={
        "smoke": GradcamParams(images=24),
        "quick": GradcamParams(images=400),
        "full": GradcamParams(images=800),
    },
    cost_s={"smoke": 3, "quick": 3, "full": 60},
    figures=("heatmaps",),
    draw=draw,
)
def catsdogs_gradcam(params: GradcamParams, data: "report.ImageData", record: report.Record) -> None:
    """Which parts of an image speak for the class that the network names?

    Shown are the most certain right answer, the most certain wrong one, and the least certain of all. On images that
    the program drew it is known what decides the class, so the heat is also measured against that region; as the heat
    may prefer the centre, where faces are, it is compared with the region of another image.

    Command: report run catsdogs-gradcam --profile full

    Expected: no score, not published.

    Cost: one pass of the test images forward, and one back through the end of the network.
    """
    run = record.need(BEST).run(seed=0)
    network = load(data, run)
    convolutions = receptive_field.convolutions(network.model)
    name = convolutions[-1]
    probabilities = losses.probabilities(run.array("test_logits").astype(np.float64))
    labels = run.array("test_labels")
    picked = pick(probabilities, labels)
    # Those that are shown, then as many as are measured; the class explained is the one that the network names.
    places = np.concatenate([np.array(list(picked.values())), np.arange(min(params.images, len(labels)))])
    signs = np.where(probabilities[places] > 0.5, 1, -1).astype(np.float32)
    maps = gradcam.heatmaps(network.model, name, network.inputs(places), signs)
    size = network.part.pixels.shape[1]
    known = data.name == "toy-pets"
    regions = toy_pets.deciding_region(network.part.ids[places]) if known else np.empty((0, 0, 0), np.bool_)
    side = regions.shape[1] if known else size
    heat = gradcam.upsample(maps, receptive_field.of_layer(network.model, name), size, side)
    record(layer=len(convolutions), side=maps.shape[1], right=int("right" in picked), wrong=int("wrong" in picked))
    count = len(picked)
    record.array("outline", regions[:count])
    _record_shown(picked, network, heat[:count], probabilities, data.classes, record)
    _record_heat(heat[count:], regions[count:], record)


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
    network: Network,
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
        facts.append([kind, classes[network.part.labels[place]], named, f"{100 * max(p, 1 - p):.0f} %"])
    record.array("shown", network.part.pixels[places])
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
