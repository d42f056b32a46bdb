"""Random label-preserving views of images, a pure function of (seed, epoch, image): the same after an interruption."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The increment and the mixing of SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators
# (2014), figure 17.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


@dataclass(frozen=True)
class Augmentation:
    """How far a view may be from its image.

    `flip`: whether left and right are exchanged in half of the views. `shift`: of height and width, as a fraction, in
    whole pixels; `rotation`: in degrees; `zoom`: as a fraction of the size; each uniform between minus and plus that.
    """

    flip: bool
    shift: float
    rotation: float
    zoom: float


@dataclass(frozen=True, eq=False)
class Views:
    """A view of each of some images (N, H, W, 3), uint8, made when it is asked for.

    `epoch` says which one: equal epochs, ids and seeds give equal views, wherever an image is among the others.
    """

    pixels: NDArray[np.uint8]
    ids: NDArray[np.str_]
    seed: int
    epoch: int
    augmentation: Augmentation

    @property
    def shape(self) -> tuple[int, ...]:
        return self.pixels.shape

    @property
    def dtype(self) -> Any:
        return self.pixels.dtype

    def __getitem__(self, places: Any) -> NDArray[np.uint8]:
        pixels, ids = self.pixels[places], self.ids[places]
        flat = pixels.reshape(-1, *pixels.shape[-3:])
        return show(flat, draw(ids.ravel(), self.seed, self.epoch, self.augmentation)).reshape(pixels.shape)


def draw(ids: NDArray[np.str_], seed: int, epoch: int, augmentation: Augmentation) -> NDArray[np.float64]:
    """Return the views (N, 5) of the images with these ids in this epoch.

    A view is whether it is mirrored (0 or 1), how far it is moved to the right and down (fractions of width and
    height), turned clockwise (degrees) and scaled; it is mirrored first, and moved last.
    """
    images = np.array([int.from_bytes(sha256(name.encode()).digest()[:8], "big") for name in ids.tolist()], np.uint64)
    stream = np.uint64(int.from_bytes(sha256(f"augmentation:{seed}:{epoch}".encode()).digest()[:8], "big"))
    numbers = np.stack([_uniform(images ^ stream, np.uint64(n)) for n in range(1, 6)], axis=-1)
    amounts = [augmentation.shift, augmentation.shift, augmentation.rotation, augmentation.zoom]
    views = np.concatenate([numbers[:, :1] < 0.5, amounts * (2 * numbers[:, 1:] - 1)], axis=1)
    views[:, 0] *= augmentation.flip
    views[:, 4] += 1
    return views


def show(pixels: NDArray[np.uint8], views: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the images (N, H, W, 3) as `views` (N, 5) show them, bilinear; beyond edges they go on as in a mirror."""
    import tensorflow

    height, width = pixels.shape[1:3]
    mirrored, right, down, turn, scale = views.T
    cos, sin = np.cos(np.radians(turn)) / scale, np.sin(np.radians(turn)) / scale
    x, y = (width - 1) / 2, (height - 1) / 2
    # From the middle of the view, moved back, turned back, to the place in the image: row by row of the matrix.
    across, along = x + np.rint(right * width), y + np.rint(down * height)
    sign = 1 - 2 * mirrored
    zeros = np.zeros(len(pixels))
    places = [sign * cos, sign * sin, x - sign * (cos * across + sin * along)]
    places += [-sin, cos, y + sin * across - cos * along, zeros, zeros]
    shown = tensorflow.raw_ops.ImageProjectiveTransformV3(
        images=tensorflow.cast(pixels, tensorflow.float32),
        transforms=np.stack(places, axis=1).astype(np.float32),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return np.asarray(np.rint(shown.numpy()), np.uint8)


def _uniform(keys: NDArray[np.uint64], number: np.uint64) -> NDArray[np.float64]:
    """Return number `number` of the stream of each key, uniform from 0 to below 1."""
    with np.errstate(over="ignore"):
        z = keys + number * _GOLDEN
        for shift, factor in _MIX:
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        z ^= z >> np.uint64(31)
    return np.asarray(z >> np.uint64(11), np.float64) * 2.0**-53
