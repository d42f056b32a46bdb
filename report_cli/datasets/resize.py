"""Squares of another size from images, the same on every machine with the same Pillow."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return images (N, H, W, 3) as (N, side, side, 3), stretched to the square as Keras does when it reads folders.

    Bilinear, in Pillow's whole-number arithmetic. Where an image becomes smaller the filter grows with the step, so
    that every pixel counts and fine patterns don't turn into coarse ones. Images of that size come back as they are.
    """
    if pixels.shape[1:3] == (side, side):
        return pixels
    resized = np.empty((len(pixels), side, side, 3), np.uint8)
    for number, image in enumerate(pixels):
        square = Image.fromarray(np.ascontiguousarray(image)).resize((side, side), Image.Resampling.BILINEAR)
        resized[number] = np.asarray(square)
    return resized
