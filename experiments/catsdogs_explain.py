"""What the best network for cats and dogs does with pictures: activations, preferred patterns, heatmaps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.datasets import DOGS_VS_CATS
from report_cli.experiment import Figures, Record, StoredRun, experiment

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from report_cli.datasets.images import ImageData, Part
    from report_cli.datasets.normalise import Normalisation
    from report_cli.interpret.descriptors import Match

BEST = "catsdogs-best"
# The maps of report_cli.interpret.descriptors.NAMES, as they are called in the names of metrics.
MAPS = (
    "brightness",
    "darkness",
    "horizontal_edges",
    "brighter_above",
    "brighter_below",
    "vertical_edges",
    "brighter_left",
    "brighter_right",
    "red_over_green",
    "green_over_red",
    "yellow_over_blue",
    "blue_over_yellow",
)
LAYERS = ("first", "deeper")


@dataclass(frozen=True, eq=False)
class Explained:
    """The network with its trained weights, and its test images as it saw them."""

    model: "keras.Model"
    part: "Part"
    normalisation: "Normalisation"

    def inputs(self, places: Any) -> "NDArray[Any]":
        """Return the inputs made of the test images at `places`."""
        from report_cli.datasets import normalise

        return normalise.apply(self.normalisation, self.part.pixels[places])


def opened(images: "ImageData", run: StoredRun) -> Explained:
    """Return the network that `run` of catsdogs-best trained."""
    import numpy as np

    from experiments.catsdogs_best import network
    from report_cli.datasets.images import Part
    from report_cli.datasets.normalise import Normalisation
    from report_cli.datasets.resize import resize
    from report_cli.training import transfer

    weights = run.weights()
    size = int(run.array("size"))
    scalars = run.scalars
    model = network(int(scalars["chosen"]), size, scalars["momentum"], scalars["dropout"])
    transfer.load(model, weights)
    whole = images.train
    places = np.searchsorted(whole.ids, run.array("test_ids"))
    part = Part(whole.ids[places], whole.labels[places], resize(whole.pixels[places], size), whole.names[places])
    return Explained(model, part, Normalisation(run.array("mean"), run.array("std")))


@dataclass(frozen=True)
class ActivationParams:
    """`deeper` is the number of the deeper convolution that is shown; `images` count the test images that are asked
    whether a channel ever responds."""

    images: int
    deeper: int = 3


def _activation_metrics() -> dict[str, str]:
    metrics = {"is_1275": "1 where the cat shown is number 1275 of its source, else 0"}
    for layer in LAYERS:
        metrics |= {
            f"{layer}_layer": f"number of the {layer} convolution shown",
            f"{layer}_channels": "its channels",
            f"{layer}_side": "height and width of a channel map",
            f"{layer}_silent": "channels that are 0 everywhere in this image",
            f"{layer}_dead": "channels that are 0 everywhere in every image looked at",
            f"{layer}_unmatched": "channels that respond and resemble no named map clearly",
        }
        for name in MAPS:
            words = name.replace("_", " ")
            metrics[f"{layer}_{name}_count"] = f"channels that resemble the map of {words} most, and clearly"
            metrics[f"{layer}_{name}_r"] = f"highest correlation of a channel with the map of {words}"
    return metrics


def draw_activations(run: StoredRun, figures: Figures) -> None:
    """Draw all channels of both layers beside the image."""
    from report_cli.figures import images

    name = str(run.array("name"))
    for layer in LAYERS:
        maps, matches = run.array(f"{layer}_maps"), [str(each) for each in run.array(f"{layer}_match")]
        figure = images.channels(run.array("image"), maps, numbered=layer == "first")
        figures.add(layer, figure, alt=images.describe_channels(name, matches))


@experiment(
    "catsdogs-activations",
    title="Activations",
    data=DOGS_VS_CATS,
    needs=(BEST,),
    metrics=_activation_metrics(),
    profiles={
        "smoke": ActivationParams(images=8),
        "quick": ActivationParams(images=200),
        "full": ActivationParams(images=800),
    },
    cost_s={"smoke": 2, "quick": 3, "full": 60},
    figures=LAYERS,
    draw=draw_activations,
)
def catsdogs_activations(params: ActivationParams, data: "ImageData", record: Record) -> None:
    """What do the channels of the first and of a deeper convolution make of one cat?

    Every channel is compared with named maps of the image (brightness, edges, colours) by correlation, so that what
    is said about it holds for these images, this seed and this profile.

    Command: report run catsdogs-activations --profile full

    Expected: no score. Published for this assignment, by eye: channel 1 white regions, 5 horizontal edges, 7 edges
    around the eyes.

    Cost: two passes of the test images through a part of the network.
    """
    import numpy as np

    from report_cli.interpret import activations, descriptors, receptive_field
    from report_cli.training import backend

    backend.start(record.seed)
    explained = opened(data, record.need(BEST))
    place = shown(explained.part, data.classes.index("cat"))
    pixels, inputs = explained.part.pixels[place], explained.inputs([place])
    name = str(explained.part.names[place]) or str(explained.part.ids[place])
    record.scalar("is_1275", int(name == "cat.1275"), "count")
    record.array("name", np.array(name))
    record.array("image", pixels)
    convolutions = receptive_field.convolutions(explained.model)
    many = explained.inputs(slice(0, params.images))
    for layer, number in (("first", 1), ("deeper", params.deeper)):
        convolution = convolutions[number - 1]
        maps = activations.maps(explained.model, convolution, inputs)[0]
        named = descriptors.average_over_units(
            descriptors.reference_maps(pixels), receptive_field.of_layer(explained.model, convolution), maps.shape[:2]
        )
        found = descriptors.match(maps, named)
        peaks, _ = activations.peaks(explained.model, convolution, many)
        record.scalar(f"{layer}_layer", number, "count")
        record.scalar(f"{layer}_dead", int((peaks.max(axis=0) <= 0).sum()), "count")
        _record_matches(layer, maps, found, record)


def shown(part: "Part", cat: int) -> int:
    """Return which image is shown: cat 1275, or where the source has none the cat with the first id."""
    import numpy as np

    numbered = np.flatnonzero(part.names == "cat.1275")
    return int(numbered[0] if len(numbered) else np.flatnonzero(part.labels == cat)[0])


def _record_matches(layer: str, maps: "NDArray[Any]", found: "Match", record: Record) -> None:
    import numpy as np

    from report_cli.interpret import descriptors

    record.scalar(f"{layer}_channels", maps.shape[-1], "count")
    record.scalar(f"{layer}_side", maps.shape[0], "count")
    record.scalar(f"{layer}_silent", int((found.name == descriptors.SILENT).sum()), "count")
    record.scalar(f"{layer}_unmatched", int((found.name == descriptors.NO_MATCH).sum()), "count")
    for name, words, r in zip(MAPS, descriptors.NAMES, found.all_r.T, strict=True):
        record.scalar(f"{layer}_{name}_count", int((found.name == words).sum()), "count")
        record.scalar(f"{layer}_{name}_r", float(r.max()))
    record.array(f"{layer}_match", found.name)
    record.array(f"{layer}_r", found.r)
    record.array(
        f"{layer}_lists", np.array([_list(found, words) for words in (*descriptors.NAMES, descriptors.NO_MATCH)])
    )
    # Each channel on its own scale: what matters is where it responds.
    scale = np.maximum(maps.max(axis=(0, 1)), 1e-12)
    record.array(f"{layer}_maps", np.moveaxis(np.rint(255 * maps.clip(0) / scale), -1, 0).astype(np.uint8))


def _list(found: "Match", words: str) -> str:
    """Return the numbers (from 1) of the channels with this match, each with its r, rounded down.

    So none that is below the limit of a match is shown as reaching it.
    """
    from math import floor

    channels = [k for k, name in enumerate(found.name.tolist()) if name == words]
    return ", ".join(f"{k + 1} ({floor(100 * found.r[k]) / 100:.2f})" for k in channels) or "none"
