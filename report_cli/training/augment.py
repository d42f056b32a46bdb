"""Random label-preserving views of images, a pure function of (seed, epoch, image): the same after an interruption."""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from report_cli.training.fit import generator


@dataclass(frozen=True)
class Augmentation:
    """How far a view may be from its image.

    `flip`: whether left and right are exchanged in half of the views. `shift`: of height and width, as a fraction;
    `rotation`: in degrees; `zoom`: as a fraction of the size; each uniform between minus and plus that.
    """

    flip: bool
    shift: float
    rotation: float
    zoom: float


@dataclass(frozen=True)
class View:
    """One view of an image: mirrored or not, then turned clockwise (degrees) and scaled around its middle, then moved.

    `right` and `down` are fractions of width and height.
    """

    mirrored: bool = False
    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    scale: float = 1.0


def augment(
    pixels: NDArray[np.uint8], ids: NDArray[np.str_], seed: int, epoch: int, augmentation: Augmentation
) -> NDArray[np.uint8]:
    """Return one view of each of the images (N, H, W, 3); it depends on its id, not on its place among the others."""
    result = np.empty_like(pixels)
    for place, (image, image_id) in enumerate(zip(pixels, ids.tolist(), strict=True)):
        result[place] = show(image, view(image_id, seed, epoch, augmentation))
    return result


def view(image_id: str, seed: int, epoch: int, augmentation: Augmentation) -> View:
    """Return the view of the image with this id in this epoch."""
    dice = generator(seed, epoch, f"augmentation of {image_id}")
    mirrored = augmentation.flip and bool(dice.random() < 0.5)
    right, down, turn, larger = dice.uniform(-1, 1, 4).tolist()
    return View(
        mirrored,
        augmentation.shift * right,
        augmentation.shift * down,
        augmentation.rotation * turn,
        1 + augmentation.zoom * larger,
    )


def show(image: NDArray[np.uint8], seen: View) -> NDArray[np.uint8]:
    """Return `image` (H, W, 3) as `seen` shows it, bilinear; beyond its edges the image goes on as in a mirror."""
    height, width = image.shape[:2]
    rows, columns = _sources(height, width, seen)
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    below, beside = (rows - top)[..., None], (columns - left)[..., None]
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    upper = image[top, left] * (1 - beside) + image[top, right] * beside
    lower = image[bottom, left] * (1 - beside) + image[bottom, right] * beside
    return np.asarray(np.rint(upper * (1 - below) + lower * below), np.uint8)


def _sources(height: int, width: int, seen: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the row and column (H, W) of the image from which each pixel of the view comes."""
    y = np.arange(height)[:, None] - (height - 1) / 2 - seen.down * height
    x = np.arange(width)[None, :] - (width - 1) / 2 - seen.right * width
    angle = radians(seen.turn)
    c, s = cos(angle) / seen.scale, sin(angle) / seen.scale
    rows, columns = c * y - s * x, s * y + c * x
    if seen.mirrored:
        columns = -columns
    return _mirrored(rows + (height - 1) / 2, height), _mirrored(columns + (width - 1) / 2, width)


def _mirrored(places: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return `places` along `size` pixels, those beyond an edge reflected at it."""
    folded = np.mod(places + 0.5, 2 * size)
    return np.asarray(np.clip(np.minimum(folded, 2 * size - folded) - 0.5, 0, size - 1))
