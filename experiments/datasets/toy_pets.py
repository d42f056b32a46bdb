"""Embedded images: faces of cats and dogs, drawn by the program.

They stand in for photographs where none are at hand. What tells the two apart is known: ears and muzzle. All else has
the same chances for both: place, size, turn, fur, eyes, markings, clutter, light. Some ears mislead (dogs with
pricked, cats with folded ones), and something may be in front of the face.

Coordinates are those of an object: the head is about UNIT high and wide, u to its right and v down. Many faces are
drawn at once, in whole numbers; a value that differs between them is an array (N,).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.raster import (
    SAMPLES,
    UNIT,
    Frame,
    Grid,
    Mask,
    Placement,
    RandomIntegers,
    cloudy,
    place,
    striped,
)
from report_cli.datasets.images import ImageData, Raw, assemble, identity
from report_cli.errors import DataError

Indices = NDArray[np.int64]

FURS = [(226, 146, 72), (122, 120, 124), (62, 56, 54), (232, 226, 214), (150, 102, 62), (206, 172, 124), (96, 72, 58)]
EYES = [(110, 160, 80), (214, 160, 50), (110, 72, 44), (110, 160, 200)]
NOSES = [(50, 42, 42), (120, 74, 66), (216, 130, 130)]
HAIRS = [(244, 240, 232), (40, 36, 36)]
WHITE = np.array([[244, 240, 232]], np.int32)
PINK = np.array([[226, 140, 144]], np.int32)
# In a hundred: dogs with pricked ears, cats with folded ones.
MISLEADING = 15
_RECIPROCAL = 128 << 11

SIDE = 64
EACH = 1300
CLASSES = ("cat", "dog")
_AT_ONCE = 20
_HEAD = Placement(shift=900, smallest=1150, largest=1900, turn=6)
# Clutter is drawn with one sample a pixel, which is four times as fast, so in scenes of half the side.
_CLUTTER = Placement(shift=1600, smallest=150, largest=550, turn=48)
_HIDING = Placement(shift=1000, smallest=200, largest=450, turn=48)


def draw_images(seed: int = 0) -> ImageData:
    """Return 1,300 cats and 1,300 dogs of 64x64 pixels, the same for the same `seed`; all are in `train`.

    They are named as photographs are: "cat.0" to "cat.1299".
    """
    pixels, _ = _drawn(seed)
    labels = np.arange(len(CLASSES), dtype=np.int64).repeat(EACH)
    names = np.array([f"{name}.{number}" for name in CLASSES for number in range(EACH)])
    train, test = Raw(labels, pixels, names), Raw(labels[:0], pixels[:0])
    return assemble("dogs-vs-cats", "toy-pets", "drawn", "drawn toy-pets", CLASSES, train, test)


def deciding_region(ids: NDArray[np.str_], seed: int = 0) -> Mask:
    """Return where what tells the class is visible, (N, 64, 64), in the images with these ids drawn from `seed`.

    Raises:
        DataError: an id is none of theirs.
    """
    pixels, regions = _drawn(seed)
    found = {
        identity(CLASSES[number // EACH], image).hex()[:16]: region
        for number, (image, region) in enumerate(zip(pixels, regions, strict=True))
    }
    absent = [each for each in ids.tolist() if each not in found]
    if absent:
        raise DataError(f"the image {absent[0]} is none of toy-pets drawn from seed {seed}")
    return np.array([found[each] for each in ids.tolist()], np.bool_).reshape(-1, SIDE, SIDE)


# Whoever asks for the regions has drawn the images before; together they take 42 MB.
@lru_cache(maxsize=2)
def _drawn(seed: int) -> tuple[NDArray[np.uint8], Mask]:
    """Return pixels (N, 64, 64, 3) and regions (N, 64, 64) of all images, the cats first."""
    scenes = []
    for number in range(len(CLASSES)):
        random = RandomIntegers(seed, number)
        # Few enough at once to stay in the processor's cache.
        scenes += [_scenes(bool(number), _AT_ONCE, random) for _ in range(EACH // _AT_ONCE)]
    pixels, regions = zip(*scenes, strict=True)
    return np.concatenate(pixels), np.concatenate(regions)


def _scenes(dog: bool, count: int, random: RandomIntegers) -> tuple[NDArray[np.uint8], Mask]:
    ground = random.between(40, 215, count, 3)
    scenes = ground[:, None, None, :] + cloudy(random, count, SIDE, 4, 50) + striped(random, count, SIDE, 20)
    for clutter in (_spot, _tile, _spike, _spot, _spike):
        _cover(scenes, clutter(place(random, count, SIDE // SAMPLES, _CLUTTER)), random.between(0, 255, count, 3))
    samples = scenes.clip(0, 255).astype(np.uint8).repeat(SAMPLES, axis=1).repeat(SAMPLES, axis=2)
    painter = Painter(place(random, count, SIDE, _HEAD), random)
    painter.draw(dog)
    telling = _shrunk(painter.paint(samples)) * 2 >= SAMPLES * SAMPLES
    scenes = _shrunk(samples) // (SAMPLES * SAMPLES)
    hiding = _tile(place(random, count, SIDE // SAMPLES, _HIDING))
    _cover(scenes, hiding, random.between(0, 255, count, 3))
    light = random.between(60, 110, count, 1, 1, 1)
    strength = random.between(8, 30, count, 1, 1, 1)
    scenes = scenes * light // 100 + random.noise(count, SIDE, SIDE, 3) * strength // 148
    return scenes.clip(0, 255).astype(np.uint8), telling & ~hiding


def _shrunk(samples: NDArray[np.uint8] | Mask) -> Grid:
    """Return the sum of the samples of each pixel."""
    rows = [samples[:, row::SAMPLES, column::SAMPLES] for row in range(SAMPLES) for column in range(SAMPLES)]
    return np.asarray(sum(part.astype(np.int32) for part in rows), np.int32)


def _cover(scenes: Grid, mask: Mask, colours: Grid) -> None:
    where = np.nonzero(mask)
    scenes[where] = colours[where[0]]


def _spot(f: Frame) -> Mask:
    return f.disc(0, 0, UNIT, 2)


def _tile(f: Frame) -> Mask:
    return f.box(-UNIT, -UNIT // 2, UNIT, UNIT // 2)


def _spike(f: Frame) -> Mask:
    # Alike to an ear: twice as high as its base is wide.
    return f.below(0, 1, UNIT) & f.below(4, -1, UNIT) & f.below(-4, -1, UNIT)


@dataclass(frozen=True)
class Window:
    """Some samples of N scenes: u, v (M,) in coordinates of the object, the scene of each (M,), its row (M,) of all."""

    u: Grid
    v: Grid
    scene: Indices
    row: Indices

    def part(self, left: int, top: int, right: int, bottom: int) -> "Window":
        """Return the samples in a box: small shapes are then quickly drawn."""
        return self._where((self.u >= left) & (self.u <= right) & (self.v >= top) & (self.v <= bottom))

    def only(self, chosen: Mask) -> "Window":
        """Return the samples of the scenes that are `chosen` (N,)."""
        return self._where(chosen[self.scene])

    def ellipse(self, u: Grid | int, v: Grid | int, wide: Grid | int, high: Grid | int) -> Mask:
        """Return where an upright ellipse is, `wide` and `high` from its middle (u, v)."""
        # Multiplied by a reciprocal, because divisions of whole numbers take most of the time; 128 is the rim.
        across = (self.u - self._each(u)) * self._each(_RECIPROCAL // wide) >> 11
        down = (self.v - self._each(v)) * self._each(_RECIPROCAL // high) >> 11
        return np.asarray(across * across + down * down <= 128 * 128)

    def wedge(self, u: Grid | int, base: Grid, half: Grid, height: Grid, lean: Grid | int) -> Mask:
        """Return where a triangle is: from a base of twice `half` around (u, `base`) up to its tip `height` above it
        (below, where negative), which leans to the right by `lean`.
        """
        tall = np.abs(height)
        up = (self._each(base) - self.v) * self._each(np.sign(height))
        # How far up, in 128ths of the height.
        share = up * self._each(_RECIPROCAL // tall) >> 11
        across = np.abs((self.u - self._each(u)) * 128 - self._each(lean) * share)
        return np.asarray((share >= 0) & (across <= self._each(half) * (128 - share)))

    def box(self, half: int, top: Grid, bottom: Grid) -> Mask:
        """Return where an upright box is, `half` as wide to each side of u = 0."""
        return np.asarray((np.abs(self.u) <= half) & (self.v >= self._each(top)) & (self.v <= self._each(bottom)))

    def hair(self, v: Grid, slope: int) -> Mask:
        """Return where a whisker is, which begins at `v` and falls by `slope` in a hundred."""
        line = np.abs((self.v - self._each(v)) * 100 - self.u * slope)
        return np.asarray((self.u >= 330) & (self.u <= 900) & (line <= 2600))

    def folded(self, middle: Grid | int) -> "Window":
        """Return the samples with u counted from `middle` to both sides: what is drawn then comes in pairs."""
        return Window(np.abs(self.u - self._each(middle)), self.v, self.scene, self.row)

    def sheared(self, percent: Grid) -> "Window":
        """Return the samples in coordinates in which what is upright swings out towards its lower end."""
        return Window(self.u - (self.v * self._each(percent) // 100), self.v, self.scene, self.row)

    def _where(self, inside: Mask) -> "Window":
        return Window(self.u[inside], self.v[inside], self.scene[inside], self.row[inside])

    def _each(self, values: Grid | int) -> Grid | int:
        return values if isinstance(values, int) else values[self.scene]


def window(frame: Frame) -> Window:
    """Return the samples of `frame` that a head with its ears may cover."""
    u, v = frame.u.ravel(), frame.v.ravel()
    row = np.flatnonzero((u >= -1400) & (u <= 1400) & (v >= -1500))
    return Window(u[row], v[row], row // (frame.u.shape[1] * frame.u.shape[2]), row)


class Painter:
    """Paints the faces of one class, shape upon shape, the hindmost first."""

    def __init__(self, frame: Frame, random: RandomIntegers) -> None:
        self.frame, self.random, self.count = frame, random, len(frame.u)
        self.head = window(frame)
        # The uppermost shape at each sample, and of each shape colours (N, 3) and whether it tells the class.
        self.top = np.zeros(frame.u.size, np.uint8)
        self.colours: list[Grid] = []
        self.telling: list[bool] = []
        furs = np.array(FURS, np.int32)[self._spread(0, len(FURS) - 1)]
        self.fur = (furs + random.between(-24, 24, self.count, 3)).clip(0, 255)
        self.ears = shade(self.fur, random.between(55, 120, self.count, 1))
        # Faces look a little aside.
        self.aside = self._spread(-130, 130)

    def draw(self, dog: bool) -> None:
        """Draw the faces."""
        body = self.head.part(-1100, 500, 1100, 2500)
        self._fill(body, body.ellipse(0, 1500, self._spread(750, 1000), 950), shade(self.fur, 85))
        misled = self._chance(MISLEADING)
        pricked = misled if dog else ~misled
        self._pricked_ears(pricked)
        head = self.head.part(-1100, -1000, 1100, 1000)
        wide, high = self._spread(820, 980), self._spread(780, 900)
        self._fill(head, head.ellipse(0, 0, wide + 70, high + 70), shade(self.fur, 62))
        self._fill(head, head.ellipse(0, 0, wide, high), self.fur)
        self._markings()
        (self._hanging_ears if dog else self._folded_ears)(~pricked)
        self._eyes()
        (self._long_muzzle if dog else self._short_muzzle)()

    def paint(self, samples: NDArray[np.uint8]) -> Mask:
        """Paint what was drawn into `samples` (like u of the frame, 3) and return where it tells the class."""
        shape = self.frame.u.shape
        covered = np.flatnonzero(self.top)
        table = np.array(np.broadcast_arrays(*self.colours)).astype(np.uint8)
        colours = table[self.top[covered] - 1, covered // (shape[1] * shape[2])]
        samples.reshape(-1, 3)[covered] = colours
        return np.array([False, *self.telling])[self.top].reshape(shape)

    def _spread(self, low: int, high: int) -> Grid:
        """Return a value for each face, from `low` to `high`."""
        return self.random.between(low, high, self.count)

    def _chance(self, percent: int) -> Mask:
        return np.asarray(self._spread(1, 100) <= percent)

    def _one_of(self, colours: list[tuple[int, int, int]]) -> Grid:
        return np.array(colours, np.int32)[self._spread(0, len(colours) - 1)]

    def _fill(self, window: Window, mask: Mask, colours: Grid, *, telling: bool = False) -> None:
        self.colours.append(colours)
        self.telling.append(telling)
        self.top[window.row[mask]] = len(self.colours)

    def _pricked_ears(self, where: Mask) -> None:
        w = self.head.part(-1400, -1500, 1400, -200).folded(0).only(where)
        apart, base, half = self._spread(470, 600), self._spread(-420, -300), self._spread(300, 390)
        height, lean = self._spread(700, 950), self._spread(40, 240)
        self._fill(w, w.wedge(apart, base, half, height, lean), shade(self.ears, 80), telling=True)
        inner = w.wedge(apart, base, half * 6 // 10, height * 7 // 10, lean * 7 // 10)
        self._fill(w, inner, (self.ears + PINK) // 2, telling=True)

    def _folded_ears(self, where: Mask) -> None:
        w = self.head.part(-1100, -800, 1100, -200).folded(0).only(where)
        apart, top, half = self._spread(470, 580), self._spread(-740, -660), self._spread(250, 330)
        flap = w.wedge(apart, top, half, self._spread(-430, -300), self._spread(60, 160))
        self._fill(w, flap, shade(self.ears, 75), telling=True)

    def _hanging_ears(self, where: Mask) -> None:
        w = self.head.part(-1400, -900, 1400, 1000).folded(0).only(where).sheared(self._spread(0, 45))
        apart, at = self._spread(780, 920), self._spread(-120, 160)
        wide, high = self._spread(220, 320), self._spread(500, 720)
        self._fill(w, w.ellipse(apart, at, wide, high), shade(self.ears, 60), telling=True)
        self._fill(w, w.ellipse(apart, at, wide * 8 // 10, high * 88 // 100), self.ears, telling=True)

    def _markings(self) -> None:
        w = self.head.part(-850, -850, 850, 350).only(self._chance(35))
        side, patched = self._spread(0, 1) * 2 - 1, shade(self.fur, self.random.between(55, 130, self.count, 1))
        self._fill(w, w.ellipse(side * 400, -120, self._spread(260, 380), self._spread(280, 420)), patched)
        w = self.head.part(-350, -850, 350, -200).only(self._chance(35))
        for u in (-220, 0, 220):
            middle, top = self._spread(u - 20, u + 20), self._spread(-800, -740)
            stripe = w.wedge(middle, top, self._spread(35, 60), self._spread(-420, -300), 0)
            self._fill(w, stripe, shade(self.fur, 60))

    def _eyes(self) -> None:
        w = self.head.part(-800, -420, 800, 150).folded(self.aside // 2)
        u, v = self._spread(330, 420), self._spread(-190, -80)
        wide, high, slit = self._spread(125, 170), self._spread(125, 175), self._spread(40, 110)
        self._fill(w, w.ellipse(u, v, wide + 35, high + 35), shade(self.fur, 45))
        self._fill(w, w.ellipse(u, v, wide, high), self._one_of(EYES))
        self._fill(w, w.ellipse(u, v, slit, high * 8 // 10), shade(WHITE, 8))
        self._fill(w, w.ellipse(u - 45, v - 55, 40, 40), WHITE)

    def _short_muzzle(self) -> None:
        w = self.head.part(-1100, 50, 1100, 700).folded(self.aside)
        at, half = self._spread(330, 400), self._spread(170, 215)
        self._fill(w, w.ellipse(half, at, half + 40, half), (self.fur + 2 * WHITE) // 3, telling=True)
        nose = w.wedge(0, at - 190, self._spread(90, 130), self._spread(-170, -120), 0)
        self._fill(w, nose, self._one_of(NOSES), telling=True)
        self._fill(w, w.box(22, at - 60, at + 60), shade(self.fur, 40), telling=True)
        hairs = self._one_of(HAIRS)
        for slope in (-18, 0, 18):
            self._fill(w, w.hair(at, slope), hairs, telling=True)

    def _long_muzzle(self) -> None:
        w = self.head.part(-750, -100, 750, 1400).folded(self.aside)
        at, wide, high = self._spread(400, 500), self._spread(360, 470), self._spread(400, 500)
        out = w.only(self._chance(40))
        tongue = out.ellipse(0, at + high, self._spread(120, 160), self._spread(200, 280))
        self._fill(out, tongue, shade(PINK, 85), telling=True)
        self._fill(w, w.ellipse(0, at, wide + 45, high + 45), shade(self.fur, 65), telling=True)
        self._fill(w, w.ellipse(0, at, wide, high), (self.fur + WHITE) // 2, telling=True)
        self._fill(w, w.box(26, at - 100, at + 180), shade(self.fur, 40), telling=True)
        nose = w.ellipse(0, at - high * 55 // 100, self._spread(180, 240), self._spread(125, 165))
        self._fill(w, nose, self._one_of(NOSES), telling=True)


def shade(colours: Grid, percent: Grid | int) -> Grid:
    """Return `colours` darker (below 100) or lighter."""
    return np.asarray((colours * percent // 100).clip(0, 255), np.int32)
