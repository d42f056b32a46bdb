"""Embedded images: ten kinds of simple objects in cluttered scenes, drawn by the program.

They stand in for CIFAR-10 where it isn't at hand: same shape, ten classes, hard for a linear classifier (position,
size, turn and every colour are random) and not quite solved by a small network (clutter, noise, hidden parts).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.raster import (
    UNIT,
    Frame,
    Grid,
    Mask,
    Placement,
    RandomIntegers,
    cloudy,
    paint,
    place,
    striped,
)
from report_cli.datasets.images import ImageData, Raw, assemble

SIDE = 32
TRAIN_PER_CLASS = 260
TEST_PER_CLASS = 100
_AT_ONCE = 60
_OBJECT = Placement(shift=400, smallest=900, largest=1300, turn=8)
_CLUTTER = Placement(shift=1500, smallest=200, largest=500, turn=48)
_HIDING = Placement(shift=1000, smallest=300, largest=450, turn=48)


def draw_images(seed: int = 0) -> ImageData:
    """Return 2,600 training and 1,000 test images of 32x32 pixels in ten classes, the same for the same `seed`."""
    drawn = [_all_scenes(shape, RandomIntegers(seed, number)) for number, shape in enumerate(SHAPES.values())]
    labels = np.arange(len(SHAPES), dtype=np.int64)
    return assemble(
        "cifar10",
        "toy-objects",
        "drawn",
        "drawn toy-objects",
        tuple(SHAPES),
        Raw(labels.repeat(TRAIN_PER_CLASS), np.concatenate([scenes[:TRAIN_PER_CLASS] for scenes in drawn])),
        Raw(labels.repeat(TEST_PER_CLASS), np.concatenate([scenes[TRAIN_PER_CLASS:] for scenes in drawn])),
    )


def _all_scenes(shape: Callable[[Frame], Mask], random: RandomIntegers) -> NDArray[np.uint8]:
    # Few enough at once to stay in the processor's cache, which halves the time.
    rounds = (TRAIN_PER_CLASS + TEST_PER_CLASS) // _AT_ONCE
    return np.concatenate([_scenes(shape, _AT_ONCE, random) for _ in range(rounds)])


def _scenes(shape: Callable[[Frame], Mask], count: int, random: RandomIntegers) -> NDArray[np.uint8]:
    """Return `count` scenes with an object of `shape`, (N, 32, 32, 3) uint8."""
    ground = random.between(50, 205, count, 3)
    scenes = ground[:, None, None, :] + cloudy(random, count, SIDE, 4, 50) + striped(random, count, SIDE, 20)
    for clutter in (_spot, _tile, _spot, _tile):
        paint(scenes, clutter(place(random, count, SIDE, _CLUTTER)), random.between(0, 255, count, 3))
    paint(scenes, shape(place(random, count, SIDE, _OBJECT)), _contrasting(ground, random))
    paint(scenes, _tile(place(random, count, SIDE, _HIDING)), random.between(0, 255, count, 3))
    strength = random.between(10, 40, count, 1, 1, 1)
    scenes += random.noise(count, SIDE, SIDE, 3) * strength // 148
    pixels: NDArray[np.uint8] = scenes.clip(0, 255).astype(np.uint8)
    return pixels


def _contrasting(ground: Grid, random: RandomIntegers) -> Grid:
    """Return colours that stand out from the ground in every channel, lighter or darker."""
    return (ground + random.between(70, 186, *ground.shape)) % 256


def _spot(f: Frame) -> Mask:
    return f.disc(0, 0, UNIT)


def _tile(f: Frame) -> Mask:
    return f.box(-UNIT, -UNIT // 2, UNIT, UNIT // 2)


def _ball(f: Frame) -> Mask:
    return f.disc(0, 0, 900)


def _ring(f: Frame) -> Mask:
    return f.disc(0, 0, 950) & ~f.disc(0, 0, 520)


def _moon(f: Frame) -> Mask:
    return f.disc(0, 0, 950) & ~f.disc(450, -100, 800)


def _star(f: Frame) -> Mask:
    # A point is in a five-pointed star when at most one of the pentagon's five sides has it outside.
    sides = [(0, 100), (95, 31), (59, -81), (-59, -81), (-95, 31)]
    inside = np.sum([f.below(a, b, 40_000) for a, b in sides], axis=0, dtype=np.int32)
    return np.asarray(inside >= 4)


def _house(f: Frame) -> Mask:
    walls = f.box(-650, -100, 650, 900) & ~f.box(-150, 350, 200, 900)
    roof = f.below(0, 1, -100) & f.below(10, -10, 9_500) & f.below(-10, -10, 9_500)
    return walls | roof


def _mug(f: Frame) -> Mask:
    handle = f.disc(450, 0, 520) & ~f.disc(450, 0, 270)
    return f.box(-750, -750, 350, 750) | (handle & f.below(-1, 0, -350))


def _key(f: Frame) -> Mask:
    bow = f.disc(-560, 0, 440) & ~f.disc(-560, 0, 190)
    return bow | f.box(-150, -120, 1000, 120) | f.box(550, 0, 700, 450) | f.box(850, 0, 1000, 450)


def _hammer(f: Frame) -> Mask:
    return f.box(-160, -500, 160, 1000) | f.box(-700, -950, 700, -400)


def _fish(f: Frame) -> Mask:
    tail = f.below(-1, 0, -250) & f.below(1, 0, 950) & f.below(-10, 10, 0) & f.below(-10, -10, 0)
    return f.disc(-250, 0, 720, 2) | tail


def _ladder(f: Frame) -> Mask:
    rails = f.box(-550, -1000, -330, 1000) | f.box(330, -1000, 550, 1000)
    rungs = [f.box(-500, middle - 110, 500, middle + 110) for middle in (-650, 0, 650)]
    return rails | rungs[0] | rungs[1] | rungs[2]


SHAPES: dict[str, Callable[[Frame], Mask]] = {
    "ball": _ball,
    "fish": _fish,
    "hammer": _hammer,
    "house": _house,
    "key": _key,
    "ladder": _ladder,
    "moon": _moon,
    "mug": _mug,
    "ring": _ring,
    "star": _star,
}
