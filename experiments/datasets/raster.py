"""Draws many small scenes at once, in integers only: the same seed gives the same bytes on every machine."""

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.int32]
Mask = NDArray[np.bool_]

# Half the size of an object in its own coordinates, so that shapes are written in whole numbers.
UNIT = 1000
# Samples a pixel and axis; the edges of a shape are as smooth as the number of samples allows.
SAMPLES = 2
_TURN = 96
_COSINES = np.rint(4096 * np.cos(2 * np.pi * np.arange(_TURN) / _TURN)).astype(np.int64)


class RandomIntegers:
    """Random whole numbers from the raw bits of PCG64, which no version of numpy may change."""

    def __init__(self, *seed: int) -> None:
        self.bits = np.random.PCG64(list(seed))

    def between(self, low: int, high: int, *shape: int) -> Grid:
        """Return numbers from `low` to `high`, both included."""
        raw: NDArray[np.uint64] = self.bits.random_raw(prod(shape)).reshape(shape)
        span = np.uint64(high - low + 1)
        return (((raw >> np.uint64(32)) * span) >> np.uint64(32)).astype(np.int32) + np.int32(low)

    def noise(self, *shape: int) -> Grid:
        """Return bell-shaped noise: sums of four bytes around zero, standard deviation 148."""
        count = prod(shape)
        fours = self.bits.random_raw((count + 1) // 2).astype("<u8").view(np.uint8).reshape(-1, 4)
        # Added column by column, which is faster than a sum over so short an axis.
        noise = fours[:, 0].astype(np.int32) - 510
        for column in range(1, 4):
            noise += fours[:, column]
        return noise[:count].reshape(shape)


@dataclass(frozen=True)
class Frame:
    """The samples of scenes in the coordinates of an object, u to its right and v down: (N, side * SAMPLES, same)."""

    u: Grid
    v: Grid

    def box(self, left: int, top: int, right: int, bottom: int) -> Mask:
        """Return where an upright box is."""
        return (self.u >= left) & (self.u <= right) & (self.v >= top) & (self.v <= bottom)

    def disc(self, u: int, v: int, radius: int, flat: int = 1) -> Mask:
        """Return where a disc is, or an ellipse that is `flat` times as wide as it is high."""
        return (self.u - u) ** 2 + ((self.v - v) * flat) ** 2 <= radius * radius

    def below(self, a: int, b: int, c: int) -> Mask:
        """Return the half plane where a * u + b * v <= c (a and b up to 100)."""
        return self.u * a + self.v * b <= c


@dataclass(frozen=True)
class Placement:
    """Where objects may be: distance from the middle and half size in hundredths of a pixel, turn in 96ths.

    `smallest` is at least a 32nd of the scene's side: 32-bit squares of the coordinates would overflow below.
    """

    shift: int
    smallest: int
    largest: int
    turn: int


def place(random: RandomIntegers, count: int, side: int, where: Placement) -> Frame:
    """Return the coordinates of one randomly placed object for each of `count` scenes."""
    middle = 50 * side
    x0 = middle + random.between(-where.shift, where.shift, count, 1, 1)
    y0 = middle + random.between(-where.shift, where.shift, count, 1, 1)
    half = random.between(where.smallest, where.largest, count, 1, 1).astype(np.int64)
    turn = random.between(-where.turn, where.turn, count, 1, 1) % _TURN
    # A sample is 100 / SAMPLES hundredths of a pixel; the product with the scaled cosine stays below 2**31.
    cosine = (_COSINES[turn] * UNIT // half).astype(np.int32)
    sine = (_COSINES[(turn - _TURN // 4) % _TURN] * UNIT // half).astype(np.int32)
    at = (100 * np.arange(side * SAMPLES, dtype=np.int32) + 50) // SAMPLES
    x, y = at[None, None, :] - x0, at[None, :, None] - y0
    return Frame((x * cosine + y * sine) >> 12, (y * cosine - x * sine) >> 12)


def paint(scenes: Grid, mask: Mask, colours: Grid) -> None:
    """Paint `mask` (N, side * SAMPLES, same) into scenes (N, side, side, 3) in `colours` (N, 3), edges smooth."""
    samples = mask.view(np.uint8)
    share = np.zeros(scenes.shape[:3], np.uint8)
    for row, column in product(range(SAMPLES), repeat=2):
        share += samples[:, row::SAMPLES, column::SAMPLES]
    # Only the scenes' pixels that are painted at all: objects and clutter cover a small part.
    touched = np.nonzero(share)
    before = scenes[touched]
    change = (colours[touched[0]] - before) * share[touched].astype(np.int32)[:, None]
    scenes[touched] = before + change // (SAMPLES * SAMPLES)


def cloudy(random: RandomIntegers, count: int, side: int, cells: int, strength: int) -> Grid:
    """Return smooth random colours around zero, (N, side, side, 3): a grid of cells, blended in between."""
    corners = random.between(-strength, strength, count, cells + 1, cells + 1, 3)
    at = np.arange(side, dtype=np.int32) * cells
    cell, weight = at // side, at % side
    weight_x, weight_y = weight[None, None, :, None], weight[None, :, None, None]
    rows = corners[:, :, cell] * (side - weight_x) + corners[:, :, cell + 1] * weight_x
    blended = rows[:, cell] * (side - weight_y) + rows[:, cell + 1] * weight_y
    return np.asarray(blended // (side * side), np.int32)


def striped(random: RandomIntegers, count: int, side: int, strength: int) -> Grid:
    """Return stripes of random direction, width and colour around zero, (N, side, side, 3)."""
    across = random.between(-40, 40, count, 1, 1)
    down = random.between(-40, 40, count, 1, 1)
    at = np.arange(side, dtype=np.int32)
    wave = np.abs(((at[None, None, :] * across + at[None, :, None] * down + 64) & 255) - 128) - 64
    return np.asarray((wave[..., None] * random.between(-strength, strength, count, 1, 1, 3)) >> 6, np.int32)
