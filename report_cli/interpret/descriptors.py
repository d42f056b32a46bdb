"""What a map or a pattern looks like, in numbers and names that are computed: no picture is described by hand."""

from colorsys import rgb_to_hsv
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
# The share of a pattern's power above which its strongest wave carries it: smooth noise stays below.
CARRIED = 0.15
# What the eye takes for even: root mean square of the departures from the mean colour, of a range of 1.
EVEN = 0.02
# Colours with less between their strongest and their weakest channel have no hue; among them, grey is within so much.
HUELESS, GREY = 0.1, 0.05
# Hues in degrees; green and blue are wide.
HUES = {
    0: "red",
    30: "orange",
    60: "yellow",
    120: "green",
    150: "green",
    180: "cyan",
    210: "blue",
    240: "blue",
    275: "violet",
    300: "magenta",
    335: "pink",
}


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
    begin = field.first + (field.size - step) // 2
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


@dataclass(frozen=True)
class Wave:
    """The strongest wave of a pattern: its length in pixels, and its share of the power of all waves, 0 to 1.

    A pure wave has all of it.
    """

    period: float
    share: float


def strongest_wave(pattern: Map) -> Wave:
    """Return the strongest wave in a pattern (S, S, 3): the highest peak of the power spectrum of all three colours.

    A Hann window hides the edges and spreads a wave over the neighbours of its frequency, which count as its own.
    Without any waves it is (0, 0).
    """
    side = pattern.shape[0]
    window = np.hanning(side + 2)[1:-1]
    window = np.multiply.outer(window, window)[..., None]
    mean = (pattern * window).sum(axis=(0, 1)) / window.sum()
    power = (abs(np.fft.fft2((pattern - mean) * window, axes=(0, 1))) ** 2).sum(axis=2)
    power[0, 0] = 0
    if (total := power.sum()) <= 1e-12:
        return Wave(0.0, 0.0)
    row, column = divmod(int(power.argmax()), side)
    own = np.zeros_like(power, np.bool_)
    own[np.ix_(np.arange(row - 1, row + 2) % side, np.arange(column - 1, column + 2) % side)] = True
    # A real wave is in the spectrum twice: once at its mirror image.
    own |= np.roll(own[::-1, ::-1], 1, axis=(0, 1))
    share = power[own].sum() / total
    return Wave(float(side / np.hypot(min(row, side - row), min(column, side - column))), float(share))


def is_even(pattern: Map) -> bool:
    """Return whether a pattern (S, S, 3), of a range of 1, is of one colour to the eye."""
    return bool(np.sqrt(((pattern - pattern.mean(axis=(0, 1))) ** 2).mean()) <= EVEN)


def colour(pattern: Map) -> str:
    """Return what colour a pattern (S, S, 3) is, or which two it alternates between.

    `pattern` holds departures from grey, -0.5 to 0.5. It alternates where its mean is less than half of its root mean
    square; then the two are the ends of the direction in which it varies most.
    """
    mean = pattern.mean(axis=(0, 1))
    rest = (pattern - mean).reshape(-1, 3)
    spread = float(np.sqrt((rest**2).sum(axis=1).mean()))
    if np.linalg.norm(mean) >= spread / np.sqrt(3):
        return colour_name(mean)
    direction = np.linalg.eigh(rest.T @ rest)[1][:, -1]
    return " and ".join(sorted({colour_name(spread * direction), colour_name(-spread * direction)}))


def colour_name(departure: NDArray[np.float64]) -> str:
    """Return the name of the hue nearest to that of grey plus `departure` (3,); "light", "dark" or "grey" without one.

    Source of the hue: A. R. Smith, Color gamut transform pairs, SIGGRAPH (1978).
    """
    if np.ptp(departure) < HUELESS:
        brightness = float(departure.mean())
        return "grey" if abs(brightness) < GREY else "light" if brightness > 0 else "dark"
    hue = 360 * rgb_to_hsv(*(departure - departure.min()).tolist())[0]
    return HUES[min(HUES, key=lambda each: abs((hue - each + 180) % 360 - 180))]


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
