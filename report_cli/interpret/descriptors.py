"""What a map or a pattern looks like, in numbers and names that are computed: no picture is described by hand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from report_cli.interpret.receptive_field import ReceptiveField

Map = NDArray[np.float64]

# Maps that a channel is compared with. A convolution with ReLU follows one direction of an edge or of a colour, so
# both directions have a map of their own.
NAMES = (
    "brightness",
    "darkness",
    "horizontal edges",
    "brighter above",
    "brighter below",
    "vertical edges",
    "brighter left",
    "brighter right",
    "red over green",
    "green over red",
    "yellow over blue",
    "blue over yellow",
)
# The least correlation that is called a match: half of a map's variation would be 0.71, a quarter 0.5.
CLEAR = 0.5
NO_MATCH = "no clear match"
SILENT = "silent"
# Axes of colour: both ends of each, and a unit vector towards the second.
AXES = (
    ("dark", "light", np.array([1.0, 1.0, 1.0]) / np.sqrt(3)),
    ("green", "red", np.array([1.0, -1.0, 0.0]) / np.sqrt(2)),
    ("blue", "yellow", np.array([1.0, 1.0, -2.0]) / np.sqrt(6)),
)


@dataclass(frozen=True)
class Match:
    """What each of K channels resembles: its correlations with all maps (K, 12), the highest r (K,), a name (K,).

    The name is that of the map, NO_MATCH where r is below CLEAR, and SILENT where the channel is the same everywhere;
    correlations with what is the same everywhere are 0.
    """

    all_r: NDArray[np.float64]
    r: NDArray[np.float64]
    name: NDArray[np.str_]


def reference_maps(pixels: NDArray[np.uint8]) -> Map:
    """Return the maps of one image (H, W, 3) in the order of NAMES, (12, H, W)."""
    rgb = pixels / 255
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    light = rgb @ np.array([0.299, 0.587, 0.114])
    padded = np.pad(light, 1, mode="edge")
    down, right = padded[2:, 1:-1] - padded[:-2, 1:-1], padded[1:-1, 2:] - padded[1:-1, :-2]
    yellow = (red + green) / 2
    edges = [abs(down), (-down).clip(0), down.clip(0), abs(right), (-right).clip(0), right.clip(0)]
    colours = [red - green, green - red, yellow - blue, blue - yellow]
    return np.stack([light, 1 - light, *edges, *(colour.clip(0) for colour in colours)])


def average_over_units(maps: Map, field: ReceptiveField, shape: tuple[int, int]) -> Map:
    """Return maps (M, H, W) as the units of a layer with `shape` (h, w) lie: means over a cell around each centre."""
    (rows, columns), step = shape, field.stride
    begin = (field.size - step) // 2
    cells = maps[:, begin : begin + rows * step, begin : begin + columns * step]
    means: Map = cells.reshape(len(maps), rows, step, columns, step).mean(axis=(2, 4))
    return means


def match(channels: NDArray[np.float32], maps: Map) -> Match:
    """Return what the channels (h, w, K) of one image resemble most among `maps` (12, h, w) of it."""
    first, second = _standardise(np.moveaxis(channels, -1, 0)), _standardise(maps)
    r = first @ second.T
    best = r.max(axis=1)
    names = np.where(best >= CLEAR, np.array(NAMES)[r.argmax(axis=1)], NO_MATCH)
    return Match(r, best, np.where(first.any(axis=1), names, SILENT))


def period(pattern: Map) -> float:
    """Return the length in pixels of the strongest wave in a pattern (S, S, 3), at most S; 0 where it is even.

    `pattern` holds departures from grey. The wave is the highest peak of the power spectrum of all three colours,
    after a Hann window that hides the edges; even is a pattern with less than half of its energy in waves.
    """
    side = pattern.shape[0]
    window = np.hanning(side + 2)[1:-1]
    window = np.multiply.outer(window, window)[..., None]
    mean = (pattern * window).sum(axis=(0, 1)) / window.sum()
    waves = (pattern - mean) * window
    if (waves**2).sum() <= ((mean * window) ** 2).sum() + 1e-12:
        return 0.0
    power = (abs(np.fft.fft2(waves, axes=(0, 1))) ** 2).sum(axis=2)
    power[0, 0] = 0
    row, column = divmod(int(power.argmax()), side)
    cycles = np.hypot(min(row, side - row), min(column, side - column))
    return float(side / cycles)


def colour(pattern: Map) -> tuple[str, float]:
    """Return the axis of colour along which a pattern (S, S, 3) departs from grey most, and its share, 0 to 1.

    `pattern` holds departures from grey. The name is "light and dark" where both ends occur, else the end that
    prevails: where its mean is more than half of its root mean square.
    """
    along = [pattern @ axis for _, _, axis in AXES]
    energies = np.array([float((each**2).mean()) for each in along])
    if energies.sum() <= 1e-12:
        return "grey", 0.0
    strongest = int(energies.argmax())
    low, high, _ = AXES[strongest]
    mean, rms = float(along[strongest].mean()), float(np.sqrt(energies[strongest]))
    name = f"{high} and {low}" if abs(mean) <= rms / 2 else high if mean > 0 else low
    return name, float(energies[strongest] / energies.sum())


def focus(pattern: Map) -> float:
    """Return how much stronger a pattern (S, S, 3) is in its centre than at its border; 1 where it is even.

    The ratio of the mean squared departures from grey in the middle square of half the side and in a frame of an
    eighth of it. `pattern` holds departures from grey, some of them at the border.
    """
    side = pattern.shape[0]
    mass = (pattern**2).sum(axis=2)
    quarter, eighth = side // 4, max(side // 8, 1)
    centre = mass[quarter : side - quarter, quarter : side - quarter].mean()
    frame = np.ones((side, side), np.bool_)
    frame[eighth : side - eighth, eighth : side - eighth] = False
    return float(centre / max(mass[frame].mean(), 1e-12))


def _standardise(maps: NDArray[np.floating]) -> Map:
    """Return maps (M, h, w) as vectors (M, h * w) with mean 0 and length 1; constant ones become 0."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    result: Map = np.where(length > 1e-9, flat / np.maximum(length, 1e-9), 0.0)
    return result
