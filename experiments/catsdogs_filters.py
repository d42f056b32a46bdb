"""What the filters of the best network for cats and dogs prefer, beside the patches that activate them most."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import report_cli as report
from experiments.catsdogs_explain import BEST, Network, load
from experiments.datasets import DOGS_VS_CATS
from report_cli import stats
from report_cli.figures import images as pictures
from report_cli.interpret import activations, descriptors, filters, receptive_field

LAYERS = ("first", "last")
# Patches of each filter that are shown; a field of a few pixels is shown with its surroundings.
PATCHES = 4
LEAST_SIDE = 12
# Two-sided exact test, adjusted for the number of filters, for calling the classes of a filter's patches unequal.
LEVEL = 0.05
COLOURLESS = {"dark", "light", "grey"}


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


METRICS = {
    f"{layer}_{name}": report.Metric(unit, words)
    for layer in LAYERS
    for name, unit, words in (
        ("layer", "count", f"number of the {layer} convolution"),
        ("field", "count", "pixels that one of its units sees along each axis"),
        ("channels", "count", "its filters in all"),
        ("silent", "count", "filters of those shown that nothing woke: no response to the pattern at the end"),
        ("alive", "count", "filters of those shown that respond to their pattern: the figures below are over these"),
        ("even", "count", "patterns that are of one colour to the eye, apart from a frame"),
        (
            "waves",
            "count",
            f"patterns that are not even and whose strongest wave has more than {descriptors.CARRIED} of their power",
        ),
        ("period", "px", "median period of those waves; 0 without any"),
        ("wave_share", "fraction", "median share of the power that the strongest wave of a pattern has"),
        ("beyond", "count", "waves that are longer than what a unit of the layer sees"),
        ("colourless", "count", "patterns without a hue: light, dark or grey"),
        ("focus", "", "median over the filters: mass of a pattern in its centre over that at its border"),
        ("control", "", "the same on a larger canvas, whose border was cut off"),
    )
}


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the patterns of both layers beside the patches."""
    for layer in LAYERS:
        preferred, patches = results.array(f"{layer}_patterns"), results.array(f"{layer}_patches")
        colours = [str(name) for name in results.array(f"{layer}_colour")]
        periods, cats = results.array(f"{layer}_periods"), results.array(f"{layer}_top_cats")
        figures.add(layer, *pictures.patterns(preferred, patches, colours, periods, cats, int(results.array("top"))))


@report.experiment(
    "catsdogs-filters",
    title="Preferred patterns",
    data=DOGS_VS_CATS,
    needs=(BEST,),
    metrics=METRICS,
    profiles={"smoke": FilterParams(steps=2), "quick": FilterParams(steps=20), "full": FilterParams(steps=150)},
    cost_s={"smoke": 4, "quick": 8, "full": 400},
    figures=LAYERS,
    draw=draw,
)
def catsdogs_filters(params: FilterParams, data: "report.ImageData", record: report.Record) -> None:
    """Which patterns do filters of the first and the last convolution prefer, and which images come closest?

    Gradient ascent on the pixels, from grey noise (`interpret.filters`). A pattern has a period only where its
    strongest wave carries it: the strongest of many weak ones is chance. Convolutions without padding look at the
    border less often than at the centre, so the same is done on a canvas whose border is then cut off: a control for
    how much a pattern seems to keep to the centre.

    Command: report run catsdogs-filters --profile full

    Expected: no score. Published for this assignment, by eye: the first convolution prefers fur and spots, the fourth
    looks more at the centre of the image.

    Cost: steps x filters x three passes through the convolutions, on two canvases.
    """
    network = load(data, record.need(BEST).run(seed=0))
    convolutions = receptive_field.convolutions(network.model)
    record.array("top", np.array(min(params.top, len(network.part))))
    for layer, number in (("first", 1), ("last", len(convolutions))):
        record(**{f"{layer}_layer": number})
        _measure_patterns(layer, convolutions[number - 1], network, params, record)
        _measure_patches(layer, convolutions[number - 1], network, params, data.classes.index("cat"), record)


def _measure_patterns(layer: str, name: str, network: Network, params: FilterParams, record: report.Record) -> None:
    """Record what the filters prefer, and what it looks like in numbers."""
    smoothing = params.smoothing if layer == "last" else 0
    ascent = filters.Ascent(params.steps, params.rate, params.decay, params.noise, smoothing)
    mean, std = network.normalisation.mean, np.where(network.normalisation.std > 0, network.normalisation.std, 1)
    bounds = filters.PixelRange(*(((value - mean) / std).astype(np.float32) for value in (0.5, 0.0, 1.0)))
    side, rim = network.part.pixels.shape[1], receptive_field.of_layer(network.model, name).size - 1

    def preferred(canvas: int) -> filters.PreferredInputs:
        random = np.random.default_rng(record.seed)
        return filters.maximise_activation(network.model, name, params.filters, bounds, ascent, random, canvas)

    def departures(inputs: NDArray[Any]) -> NDArray[Any]:
        """Return inputs as departures from grey, in pixels from -0.5 to 0.5."""
        result: NDArray[Any] = inputs * std + mean - 0.5
        return result

    patterns = preferred(side)
    alive = patterns.after > 0
    shown = departures(patterns.inputs)
    colours = np.array([descriptors.colour(each) for each in shown])
    # Fewer units look at the outermost pixels, so a pattern of one colour may have a frame of another.
    frame = min(rim, side // 4)
    even = np.array([descriptors.is_even(each[frame:-frame, frame:-frame]) for each in shown])
    waves = [descriptors.strongest_wave(each) for each in shown]
    shares = np.array([wave.share for wave in waves])
    carried = ~even & (shares > descriptors.CARRIED)
    periods = np.where(carried, [wave.period for wave in waves], 0.0)
    focus = np.array([descriptors.focus(each) for each in shown])
    # On a canvas that is wider by `rim` pixels all around, which are cut off.
    inner = preferred(side + 2 * rim).inputs[:, rim : rim + side, rim : rim + side]
    control = np.array([descriptors.focus(each) for each in departures(inner)])
    record.array(f"{layer}_patterns", np.rint(255 * (shown + 0.5).clip(0, 1)).astype(np.uint8))
    record.array(f"{layer}_colour", np.where(alive, colours, descriptors.SILENT))
    record.array(f"{layer}_even", alive & even)
    record.array(f"{layer}_periods", np.where(alive, periods, 0.0))
    record.array(f"{layer}_wave_shares", shares)
    record.array(f"{layer}_focuses", focus)
    record.array(f"{layer}_controls", control)
    record.array(f"{layer}_rise", np.stack([patterns.before, patterns.after]))
    record(
        **{
            f"{layer}_field": rim + 1,
            f"{layer}_silent": int((~alive).sum()),
            f"{layer}_alive": int(alive.sum()),
            f"{layer}_even": int((alive & even).sum()),
            f"{layer}_waves": int((alive & carried).sum()),
            f"{layer}_period": _median(periods[alive & carried]),
            f"{layer}_wave_share": _median(shares[alive]),
            f"{layer}_beyond": int((alive & (periods > rim + 1)).sum()),
            f"{layer}_colourless": sum(set(name.split(" and ")) <= COLOURLESS for name in colours[alive].tolist()),
            f"{layer}_focus": _median(focus[alive]),
            f"{layer}_control": _median(control[alive]),
        }
    )


def _measure_patches(
    layer: str, name: str, network: Network, params: FilterParams, cat: int, record: report.Record
) -> None:
    """Record the patches of test images that activate each filter most, and how many of their images show cats."""
    field = receptive_field.of_layer(network.model, name)
    peaks, places = activations.peaks(network.model, name, network.inputs(slice(None)))
    record(**{f"{layer}_channels": peaks.shape[1]})
    top = np.argsort(-peaks[:, : params.filters], axis=0, kind="stable")[: params.top]
    patches = [
        [activations.patch(network.part.pixels[i], places[i, k], field, LEAST_SIDE) for i in top[:PATCHES, k]]
        for k in range(params.filters)
    ]
    record.array(f"{layer}_patches", np.array(patches, np.uint8))
    record.array(f"{layer}_top_cats", (network.part.labels[top] == cat).sum(axis=0))
    # A filter that no image wakes has no strongest patches: what is on top is the order of the images.
    record.array(f"{layer}_awake", peaks[:, : params.filters].max(axis=0) > 0)


def _median(values: NDArray[Any]) -> float:
    return float(np.median(values)) if len(values) else 0.0


@report.experiment(
    "catsdogs-filter-classes",
    title="Classes of the strongest patches",
    needs=("catsdogs-filters",),
    metrics={
        f"{layer}_{animals}": report.Metric(
            "count", f"filters of the {layer} layer whose strongest patches are of {animals} more often than chance"
        )
        for layer in LAYERS
        for animals in ("cats", "dogs")
    },
    profiles={},
    cost_s=1,
)
def catsdogs_filter_classes(record: report.Record) -> None:
    """Do filters respond to one of the two classes, more often than chance has it?

    Command: report run catsdogs-filter-classes --profile full

    Expected: no score. Cost: a second, beside catsdogs-filters.
    """
    run = record.need("catsdogs-filters").run()
    top = int(run.array("top"))
    for layer in LAYERS:
        cats = run.array(f"{layer}_top_cats")
        p = stats.holm([stats.mcnemar(int(n), top - int(n)) for n in cats])
        unequal = (np.array(p) < LEVEL) & run.array(f"{layer}_awake")
        more, fewer = (unequal & (cats > top / 2)).sum(), (unequal & (cats < top / 2)).sum()
        record(**{f"{layer}_cats": int(more), f"{layer}_dogs": int(fewer)})
