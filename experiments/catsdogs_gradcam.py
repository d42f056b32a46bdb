"""Where the best network for cats and dogs looks: heatmaps for a right, a wrong and a doubtful answer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.catsdogs_explain import BEST, Explained, opened
from experiments.datasets import DOGS_VS_CATS
from report_cli.experiment import Figures, Record, StoredRun, experiment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from report_cli.datasets.images import ImageData

KINDS = ("right", "wrong", "doubtful")
METRICS = {
    "layer": "number of the convolution explained, the last one",
    "side": "height and width of its maps",
    "images": "test images whose heat was measured",
    "cold": "images of those without any heat",
    "right": "1 where there is a right answer to show, else 0",
    "wrong": "1 where there is a wrong answer to show, else 0",
    "centre": "share of the heat in the middle quarter of the area, mean over the images",
    "masked": "images with heat and a known region that decides the class",
    "in_region": "share of the heat in that region, mean over those images; 0 without any",
    "region": "share of the area that the region takes, mean over those images; 0 without any",
    "in_other": "share of the heat in the region of another image, mean over those images; 0 without any",
    "gain": "share of the heat in the image's own region minus that in another's, mean; 0 without any",
    "gain_error": "standard error of that mean; 0 without any",
}


@dataclass(frozen=True)
class GradcamParams:
    """`images` count the test images whose heat is measured."""

    images: int


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the images with their heat, and the outline of the deciding region where it is known."""
    from report_cli.figures import images

    facts = [[str(fact) for fact in row] for row in run.array("facts")]
    figure = images.heatmaps(run.array("shown"), run.array("heat"), run.array("outline"), facts)
    figures.add("heatmaps", figure, alt=images.describe_heatmaps(run.array("heat"), facts))


@experiment(
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
def catsdogs_gradcam(params: GradcamParams, data: "ImageData", record: Record) -> None:
    """Which parts of an image speak for the class that the network names?

    Shown are the most certain right answer, the most certain wrong one, and the least certain of all. On images that
    the program drew it is known what decides the class, so the heat is also measured against that region; as the heat
    may prefer the centre, where faces are, it is compared with the region of another image.

    Command: report run catsdogs-gradcam --profile full

    Expected: no score, not published.

    Cost: one pass of the test images forward, and one back through the end of the network.
    """
    import numpy as np

    from report_cli.interpret import gradcam, receptive_field
    from report_cli.training import backend

    backend.start(record.seed)
    run = record.need(BEST)
    explained = opened(data, run)
    convolutions = receptive_field.convolutions(explained.model)
    name = convolutions[-1]
    probabilities, labels = run.array("test_predictions"), run.array("test_labels")
    picked = pick(probabilities, labels)
    # Those that are shown, then as many as are measured; the class explained is the one that the network names.
    places = np.concatenate([np.array(list(picked.values())), np.arange(min(params.images, len(labels)))])
    signs = np.where(probabilities[places] > 0.5, 1, -1).astype(np.float32)
    maps = gradcam.heatmaps(explained.model, name, explained.inputs(places), signs)
    size = explained.part.pixels.shape[1]
    regions = _regions(data, explained.part.ids[places])
    side = regions.shape[1] if len(regions) else size
    heat = gradcam.upsample(maps, receptive_field.of_layer(explained.model, name), size, side)
    record.scalar("layer", len(convolutions), "count")
    record.scalar("side", maps.shape[1], "count")
    for kind in ("right", "wrong"):
        record.scalar(kind, int(kind in picked), "count")
    count = len(picked)
    _record_shown(picked, explained, heat[:count], regions[:count], probabilities, data.classes, record)
    _record_heat(heat[count:], regions[count:], record)


def pick(probabilities: "NDArray[Any]", labels: "NDArray[Any]") -> dict[str, int]:
    """Return which images are shown, by kind: the most certain right and wrong answers, and the least certain one.

    `probabilities` (N,) are those of class 1. A kind without any image is left out.
    """
    import numpy as np

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


def _regions(images: "ImageData", ids: "NDArray[Any]") -> "NDArray[Any]":
    """Return where the class is decided, (N, side, side), for images that the program drew; else none, (0, 0, 0)."""
    import numpy as np

    if images.name != "toy-pets":
        return np.empty((0, 0, 0), np.bool_)
    from experiments.datasets import toy_pets

    return toy_pets.deciding_region(ids)


def _record_shown(
    picked: dict[str, int],
    explained: Explained,
    heat: "NDArray[Any]",
    regions: "NDArray[Any]",
    probabilities: "NDArray[Any]",
    classes: tuple[str, ...],
    record: Record,
) -> None:
    import numpy as np

    places = np.array(list(picked.values()))
    scale = np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
    facts = []
    for kind, place in picked.items():
        p = float(probabilities[place])
        named = classes[int(p > 0.5)]
        facts.append([kind, classes[explained.part.labels[place]], named, f"{100 * max(p, 1 - p):.0f} %"])
    record.array("shown", explained.part.pixels[places])
    record.array("heat", (heat / scale).astype(np.float32))
    record.array("outline", regions)
    record.array("facts", np.array(facts))
    record.array("probabilities", np.maximum(probabilities[places], 1 - probabilities[places]))


def _record_heat(heat: "NDArray[Any]", regions: "NDArray[Any]", record: Record) -> None:
    """Record where the heat of many images lies: in the centre, in the deciding region, in that of another image."""
    import numpy as np

    from report_cli.interpret import gradcam

    warm = heat.max(axis=(1, 2)) > 0
    side = heat.shape[1]
    centre = np.zeros((side, side), np.bool_)
    centre[side // 4 : side - side // 4, side // 4 : side - side // 4] = True
    record.scalar("images", len(heat), "count")
    record.scalar("cold", int((~warm).sum()), "count")
    record.scalar(
        "centre", float(gradcam.heat_share(heat[warm], centre[None]).mean()) if warm.any() else 0.0, "fraction"
    )
    known = warm & regions.any(axis=(1, 2)) if len(regions) else np.zeros(len(heat), np.bool_)
    values = dict.fromkeys(("in_region", "region", "in_other", "gain", "gain_error"), 0.0)
    if known.sum() > 1:
        own, masks = heat[known], regions[known]
        inside, other = gradcam.heat_share(own, masks), gradcam.heat_share(own, np.roll(masks, 1, axis=0))
        gain = inside - other
        error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
        means = inside.mean(), masks.mean(), other.mean(), gain.mean()
        values = dict(zip(values, [*map(float, means), error], strict=True))
    record.scalar("masked", int(known.sum()), "count")
    for name, value in values.items():
        record.scalar(name, value, "fraction")
