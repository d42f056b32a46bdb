"""What the channels of the best network for cats and dogs make of one picture."""

from dataclasses import dataclass
from math import floor
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

import report_cli as report
from experiments import catsdogs, catsdogs_best
from experiments.datasets import DOGS_VS_CATS
from report_cli.datasets import normalise
from report_cli.datasets.images import Part
from report_cli.datasets.normalise import Normalisation
from report_cli.datasets.resize import resize
from report_cli.figures import images as pictures
from report_cli.interpret import activations, descriptors, receptive_field
from report_cli.interpret.descriptors import Match
from report_cli.training import transfer

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
class Network:
    """The network with its trained weights, and its test images as it saw them."""

    model: keras.Model
    part: "report.Part"
    normalisation: Normalisation

    def inputs(self, places: Any) -> NDArray[np.float32]:
        """Return the inputs made of the test images at `places`."""
        return normalise.apply(self.normalisation, self.part.pixels[places])


def load(data: "report.ImageData", run: "report.Run") -> Network:
    """Return the network that `run` of catsdogs-best trained."""
    size = run.parameters["size"]
    model = catsdogs_best.build(int(run.scalars["chosen"]), size)
    transfer.load(model, run.weights())
    return Network(model, tested(data, run), Normalisation(run.array("mean"), run.array("std")))


def tested(data: "report.ImageData", run: "report.Run") -> "report.Part":
    """Return the test images of `run`, in its size."""
    whole = data.train
    places = np.searchsorted(whole.numbers, run.array("test_ids"))
    pixels = resize(whole.pixels[places], run.parameters["size"])
    return Part(whole.ids[places], whole.labels[places], pixels, whole.names[places])


@dataclass(frozen=True)
class ActivationParams:
    """`deeper` is the number of the deeper convolution that is shown; `images` count the test images that are asked
    whether a channel ever responds, and `others` those whose named maps give the level of chance."""

    images: int
    deeper: int = 3
    others: int = 50

    def __post_init__(self) -> None:
        report.check_positive(self, "images", "deeper", "others")


def _metrics() -> dict[str, report.Metric]:
    counts = {"is_1275": "1 where the cat shown is number 1275 of its source, else 0"}
    correlations: dict[str, str] = {}
    shares: dict[str, str] = {}
    for layer in LAYERS:
        heard = "channels that respond in this image"
        shares |= {
            f"{layer}_clear": f"share of the {heard} that resemble a named map of it clearly",
            f"{layer}_chance": f"share of the {heard} that resemble a named map of another image as clearly,"
            " mean over other test images",
            f"{layer}_chance_spread": "sample standard deviation (n - 1) of that share over those images",
            f"{layer}_chance_highest": "highest of those shares",
        }
        counts |= {
            f"{layer}_layer": f"number of the {layer} convolution shown",
            f"{layer}_channels": "its channels",
            f"{layer}_side": "height and width of a channel map",
            f"{layer}_silent": "channels that are 0 everywhere in this image",
            f"{layer}_dead": "channels that are 0 everywhere in every image looked at",
            f"{layer}_unmatched": "channels that respond and resemble no named map clearly",
        }
        for name in MAPS:
            words = name.replace("_", " ")
            counts[f"{layer}_{name}_count"] = f"channels that resemble the map of {words} most, and clearly"
            correlations[f"{layer}_{name}_r"] = f"highest correlation of a channel with the map of {words}"
    return {
        "others": report.Metric("count", "other test images whose named maps give the level of chance"),
        **{name: report.Metric("count", words) for name, words in counts.items()},
        **{name: report.Metric("fraction", words) for name, words in shares.items()},
        **{name: report.Metric("", words) for name, words in correlations.items()},
    }


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the channels of both layers that respond, beside the image."""
    name, image = str(results.array("name")), results.array("image")
    for layer in LAYERS:
        maps, matches = results.array(f"{layer}_maps"), [str(each) for each in results.array(f"{layer}_match")]
        heard = [place for place, match in enumerate(matches) if match != descriptors.SILENT]
        numbers, resembled = [place + 1 for place in heard], [matches[place] for place in heard]
        figures.add(layer, *pictures.channels(name, image, maps[heard], numbers, resembled))


@report.experiment(
    "catsdogs-activations",
    title="Activations",
    data=DOGS_VS_CATS,
    needs=(BEST,),
    metrics=_metrics(),
    profiles={
        "smoke": ActivationParams(images=8, others=4),
        "quick": ActivationParams(images=200),
        "full": ActivationParams(images=800),
    },
    cost_s={"smoke": 2, "quick": 3, "full": 60},
    figures=LAYERS,
    draw=draw,
)
def catsdogs_activations(params: ActivationParams, data: "report.ImageData", record: report.Record) -> None:
    """What do the channels of the first and of a deeper convolution make of one cat?

    Every channel is compared with named maps of the image (brightness, edges, colours) by correlation, so that what
    is said about it holds for these images, this seed and this profile. The highest of twelve correlations is never
    small: how many channels match by chance is told by the maps of other images, with which they have nothing to do.

    Command: report run catsdogs-activations --profile full

    Expected: no score. Published for this assignment, by eye: channel 1 white regions, 5 horizontal edges, 7 edges
    around the eyes.

    Cost: two passes of the test images through a part of the network.
    """
    network = load(data, record.need(BEST).run(seed=0))
    place = cat_shown(network.part, data.classes.index("cat"))
    pixels, inputs = network.part.pixels[place], network.inputs([place])
    name = str(network.part.names[place]) or str(network.part.ids[place])
    record(is_1275=int(name == catsdogs.SHOWN))
    record.array("name", np.array(name))
    record.array("image", pixels)
    convolutions = receptive_field.convolutions(network.model)
    many = network.inputs(slice(0, params.images))
    others = np.setdiff1d(np.arange(len(network.part)), [place])[: params.others]
    record(others=len(others))
    for layer, number in (("first", 1), ("deeper", params.deeper)):
        convolution = convolutions[number - 1]
        maps = activations.maps(network.model, convolution, inputs)[0]
        field = receptive_field.of_layer(network.model, convolution)

        def match(
            image: NDArray[np.uint8], maps: NDArray[np.float32] = maps, field: receptive_field.ReceptiveField = field
        ) -> Match:
            """Return what the channels resemble among the named maps of an image."""
            reference = descriptors.average_over_units(descriptors.reference_maps(image), field, maps.shape[:2])
            return descriptors.match(maps, reference)

        peaks, _ = activations.peaks(network.model, convolution, many)
        record(**{f"{layer}_layer": number, f"{layer}_dead": int((peaks.max(axis=0) <= 0).sum())})
        _record_matches(layer, maps, match(pixels), record)
        _record_chance(layer, [match(network.part.pixels[other]) for other in others], record)


def cat_shown(part: "report.Part", cat: int) -> int:
    """Return which image is shown: cat 1275, or where the source has none the cat with the first id."""
    numbered = np.flatnonzero(part.names == catsdogs.SHOWN)
    return int(numbered[0] if len(numbered) else np.flatnonzero(part.labels == cat)[0])


def _record_matches(layer: str, maps: NDArray[Any], matches: Match, record: report.Record) -> None:
    record(
        **{
            f"{layer}_channels": maps.shape[-1],
            f"{layer}_side": maps.shape[0],
            f"{layer}_silent": int((matches.name == descriptors.SILENT).sum()),
            f"{layer}_unmatched": int((matches.name == descriptors.NO_MATCH).sum()),
            f"{layer}_clear": _clear_share(matches),
        }
    )
    for name, words, r in zip(MAPS, descriptors.NAMES, matches.all_r.T, strict=True):
        record(**{f"{layer}_{name}_count": int((matches.name == words).sum()), f"{layer}_{name}_r": r.max()})
    record.array(f"{layer}_match", matches.name)
    record.array(f"{layer}_r", matches.r)
    lists = [_list(matches, words) for words in (*descriptors.NAMES, descriptors.NO_MATCH)]
    record.array(f"{layer}_lists", np.array(lists))
    # Each channel on its own scale: what matters is where it responds.
    scale = np.maximum(maps.max(axis=(0, 1)), 1e-12)
    record.array(f"{layer}_maps", np.moveaxis(np.rint(255 * maps.clip(0) / scale), -1, 0).astype(np.uint8))


def _record_chance(layer: str, matches: list[Match], record: report.Record) -> None:
    """Record what share of the channels that respond resembles maps of other images clearly."""
    shares = np.array([_clear_share(each) for each in matches])
    record(
        **{
            f"{layer}_chance": shares.mean(),
            f"{layer}_chance_spread": shares.std(ddof=1) if len(shares) > 1 else 0.0,
            f"{layer}_chance_highest": shares.max(),
        }
    )
    record.array(f"{layer}_chance_shares", shares)


def _clear_share(matches: Match) -> float:
    """Return the share of the channels that respond which have a clear match; 0 where none responds."""
    heard = matches.name != descriptors.SILENT
    return float((heard & (matches.name != descriptors.NO_MATCH)).sum() / max(heard.sum(), 1))


def _list(matches: Match, words: str) -> str:
    """Return the numbers (from 1) of the channels with this match, each with its r, rounded down.

    So none that is below the limit of a match is shown as reaching it. No line ends between the two.
    """
    channels = [k for k, name in enumerate(matches.name.tolist()) if name == words]
    return ", ".join(f"{k + 1}\u00a0({floor(100 * matches.r[k]) / 100:.2f})" for k in channels) or "none"
