"""Embedded images: faces of cats and dogs, drawn by the program.

They stand in for photographs where none are at hand. What tells the two apart is known: ears and muzzle. All else has
the same chances for both: place, size, turn, fur, eyes, markings, clutter, light. Some ears mislead (dogs with
pricked, cats with folded ones), and something may be in front of the face.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.pet_faces import Painter
from experiments.datasets.raster import SAMPLES, UNIT, Dice, Frame, Grid, Mask, Placement, cloudy, place, striped
from report_cli.datasets.images import ImageData, Raw, assemble, identity
from report_cli.errors import DataError

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
        dice = Dice(seed, number)
        # Few enough at once to stay in the processor's cache.
        scenes += [_scenes(bool(number), _AT_ONCE, dice) for _ in range(EACH // _AT_ONCE)]
    pixels, regions = zip(*scenes, strict=True)
    return np.concatenate(pixels), np.concatenate(regions)


def _scenes(dog: bool, count: int, dice: Dice) -> tuple[NDArray[np.uint8], Mask]:
    ground = dice.between(40, 215, count, 3)
    scenes = ground[:, None, None, :] + cloudy(dice, count, SIDE, 4, 50) + striped(dice, count, SIDE, 20)
    for clutter in (_spot, _tile, _spike, _spot, _spike):
        _cover(scenes, clutter(place(dice, count, SIDE // SAMPLES, _CLUTTER)), dice.between(0, 255, count, 3))
    samples = scenes.clip(0, 255).astype(np.uint8).repeat(SAMPLES, axis=1).repeat(SAMPLES, axis=2)
    painter = Painter(place(dice, count, SIDE, _HEAD), dice)
    painter.draw(dog)
    telling = _shrunk(painter.paint(samples)) * 2 >= SAMPLES * SAMPLES
    scenes = _shrunk(samples) // (SAMPLES * SAMPLES)
    hiding = _tile(place(dice, count, SIDE // SAMPLES, _HIDING))
    _cover(scenes, hiding, dice.between(0, 255, count, 3))
    light = dice.between(60, 110, count, 1, 1, 1)
    strength = dice.between(8, 30, count, 1, 1, 1)
    scenes = scenes * light // 100 + dice.noise(count, SIDE, SIDE, 3) * strength // 148
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
