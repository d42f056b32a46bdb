"""What the filters of the best network for cats and dogs prefer, beside the patches that activate them most."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.catsdogs_explain import BEST, Explained, opened
from experiments.datasets import DOGS_VS_CATS
from report_cli.experiment import Figures, Record, StoredRun, experiment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from report_cli.datasets.images import ImageData
    from report_cli.interpret.filters import Ascent, PixelRange

LAYERS = ("first", "last")
# Patches of each filter that are shown; a field of a few pixels is shown with its surroundings.
PATCHES = 4
LEAST_SIDE = 12
# Two-sided exact test, adjusted for the number of filters, for calling the classes of a filter's patches unequal.
LEVEL = 0.05


@dataclass(frozen=True)
class FilterParams:
    """The first `filters` of each layer climb `steps` steps; `top` images are asked for their class.

    `rate`, `decay` and `noise` are those of `interpret.filters.Ascent`, in standard deviations of the pixels;
    so is `smoothing`, for the last layer: filters of the first one may prefer the finest waves.
    """

    steps: int
    filters: int = 16
    rate: float = 0.1
    decay: float = 0.02
    noise: float = 0.1
    smoothing: int = 1
    top: int = 40


def _metrics() -> dict[str, str]:
    metrics: dict[str, str] = {}
    for layer in LAYERS:
        metrics |= {
            f"{layer}_layer": f"number of the {layer} convolution",
            f"{layer}_field": "pixels that one of its units sees along each axis",
            f"{layer}_channels": "its filters in all",
            f"{layer}_silent": "filters of those shown that nothing woke: no response to the pattern at the end",
            f"{layer}_period": "median period of the patterns that are not even, in pixels; 0 where all are",
            f"{layer}_even": "patterns of an even colour, without waves",
            f"{layer}_beyond": "waves that are longer than what a unit of the layer sees",
            f"{layer}_colourless": "patterns that depart from grey most between dark and light",
            f"{layer}_focus": "median over the filters: mass of a pattern in its centre over that at its border",
            f"{layer}_control": "the same on a larger canvas, whose border was cut off",
            f"{layer}_cats": "filters whose strongest patches are of cats more often than chance has it",
            f"{layer}_dogs": "filters whose strongest patches are of dogs more often than chance has it",
        }
    return metrics


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the patterns of both layers beside the patches."""
    from report_cli.figures import images

    for layer in LAYERS:
        colours, counts = [str(name) for name in run.array(f"{layer}_colour")], run.array(f"{layer}_top_cats")
        figure = images.patterns(run.array(f"{layer}_patterns"), run.array(f"{layer}_patches"))
        alt = images.describe_patterns(colours, run.array(f"{layer}_periods"), counts, int(run.array("top")))
        figures.add(layer, figure, alt=alt)


@experiment(
    "catsdogs-filters",
    title="Preferred patterns",
    data=DOGS_VS_CATS,
    needs=(BEST,),
    metrics=_metrics(),
    profiles={"smoke": FilterParams(steps=2), "quick": FilterParams(steps=30), "full": FilterParams(steps=150)},
    cost_s={"smoke": 4, "quick": 12, "full": 400},
    figures=LAYERS,
    draw=draw,
)
def catsdogs_filters(params: FilterParams, data: "ImageData", record: Record) -> None:
    """Which patterns do filters of the first and the last convolution prefer, and which images come closest?

    Gradient ascent on the pixels, from grey noise. Convolutions without padding look at the border less often than
    at the centre, so the same is done on a canvas whose border is then cut off: a control for how much a pattern
    seems to keep to the centre.

    Command: report run catsdogs-filters --profile full

    Expected: no score. Published for this assignment, by eye: the first convolution prefers fur and spots, the fourth
    "focuses on the centre".

    Cost: steps x filters x three passes through the convolutions, on two canvases.
    """
    import numpy as np

    from report_cli.interpret import receptive_field
    from report_cli.training import backend

    backend.start(record.seed)
    explained = opened(data, record.need(BEST))
    convolutions = receptive_field.convolutions(explained.model)
    record.array("top", np.array(min(params.top, len(explained.part))))
    for layer, number in (("first", 1), ("last", len(convolutions))):
        record.scalar(f"{layer}_layer", number, "count")
        _measure_patterns(layer, convolutions[number - 1], explained, params, record)
        _measure_patches(layer, convolutions[number - 1], explained, params, record)


def _measure_patterns(layer: str, name: str, explained: Explained, params: FilterParams, record: Record) -> None:
    """Record what the filters prefer, and what it looks like in numbers."""
    import numpy as np

    from report_cli.interpret import descriptors, filters, receptive_field

    bounds = _bounds(explained)
    smoothing = params.smoothing if layer == "last" else 0
    ascent = filters.Ascent(params.steps, params.rate, params.decay, params.noise, smoothing)
    side, rim = explained.part.pixels.shape[1], receptive_field.of_layer(explained.model, name).size - 1
    found = filters.maximise_activation(
        explained.model, name, params.filters, bounds, ascent, np.random.default_rng(record.seed), side
    )
    departures = _departures(found.inputs, explained)
    alive = found.after > 0
    colours = [descriptors.colour(each)[0] for each in departures]
    periods = np.array([descriptors.period(each) for each in departures])
    focus = np.array([descriptors.focus(each) for each in departures])
    control = _control(name, explained, params, record.seed, side, rim, ascent)
    record.array(f"{layer}_patterns", np.rint(255 * (departures + 0.5).clip(0, 1)).astype(np.uint8))
    record.array(f"{layer}_colour", np.where(alive, np.array(colours), descriptors.SILENT))
    record.array(f"{layer}_periods", periods)
    record.array(f"{layer}_focuses", focus)
    record.array(f"{layer}_controls", control)
    record.array(f"{layer}_rise", np.stack([found.before, found.after]))
    record.scalar(f"{layer}_field", rim + 1, "count")
    record.scalar(f"{layer}_silent", int((~alive).sum()), "count")
    record.scalar(f"{layer}_period", _median(periods[alive & (periods > 0)]), "px")
    record.scalar(f"{layer}_even", int((alive & (periods == 0)).sum()), "count")
    record.scalar(f"{layer}_beyond", int((alive & (periods > rim + 1)).sum()), "count")
    record.scalar(
        f"{layer}_colourless", sum(name in _COLOURLESS for name in np.array(colours)[alive].tolist()), "count"
    )
    record.scalar(f"{layer}_focus", _median(focus[alive]))
    record.scalar(f"{layer}_control", _median(control[alive]))


_COLOURLESS = ("dark", "light", "light and dark", "grey")


def _control(
    name: str, explained: Explained, params: FilterParams, seed: int, side: int, rim: int, ascent: "Ascent"
) -> "NDArray[Any]":
    """Return the focus of the patterns on a canvas that is wider by `rim` pixels all around, which are cut off."""
    import numpy as np

    from report_cli.interpret import descriptors, filters

    found = filters.maximise_activation(
        explained.model,
        name,
        params.filters,
        _bounds(explained),
        ascent,
        np.random.default_rng(seed),
        side + 2 * rim,
    )
    inner = found.inputs[:, rim : rim + side, rim : rim + side]
    return np.array([descriptors.focus(each) for each in _departures(inner, explained)])


def _measure_patches(layer: str, name: str, explained: Explained, params: FilterParams, record: Record) -> None:
    """Record the patches of test images that activate each filter most, and the classes of their images."""
    import numpy as np

    from report_cli import stats
    from report_cli.interpret import activations, receptive_field

    field = receptive_field.of_layer(explained.model, name)
    everything = explained.inputs(slice(None))
    peaks, places = activations.peaks(explained.model, name, everything)
    record.scalar(f"{layer}_channels", peaks.shape[1], "count")
    top = np.argsort(-peaks[:, : params.filters], axis=0, kind="stable")[: params.top]
    patches = [
        [activations.patch(explained.part.pixels[i], places[i, k], field, LEAST_SIDE) for i in top[:PATCHES, k]]
        for k in range(params.filters)
    ]
    record.array(f"{layer}_patches", np.array(patches, np.uint8))
    cats = (explained.part.labels[top] == 0).sum(axis=0)
    # A filter that no image wakes has no strongest patches: what is on top is the order of the images.
    awake = peaks[:, : params.filters].max(axis=0) > 0
    p = stats.holm([stats.mcnemar(int(n), len(top) - int(n)) for n in cats])
    unequal = (np.array(p) < LEVEL) & awake
    record.array(f"{layer}_top_cats", cats)
    record.scalar(f"{layer}_cats", int((unequal & (cats > len(top) / 2)).sum()), "count")
    record.scalar(f"{layer}_dogs", int((unequal & (cats < len(top) / 2)).sum()), "count")


def _bounds(explained: Explained) -> "PixelRange":
    import numpy as np

    from report_cli.interpret.filters import PixelRange

    mean, std = explained.normalisation.mean, np.where(explained.normalisation.std > 0, explained.normalisation.std, 1)
    grey, low, high = (((value - mean) / std).astype(np.float32) for value in (0.5, 0.0, 1.0))
    return PixelRange(grey, low, high)


def _departures(inputs: "NDArray[Any]", explained: Explained) -> "NDArray[Any]":
    """Return inputs as departures from grey, in pixels from -0.5 to 0.5."""
    import numpy as np

    std = np.where(explained.normalisation.std > 0, explained.normalisation.std, 1)
    departures: NDArray[Any] = inputs * std + explained.normalisation.mean - 0.5
    return departures


def _median(values: "NDArray[Any]") -> float:
    import numpy as np

    return float(np.median(values)) if len(values) else 0.0
