"""Mean and standard deviation of the channels, from training images only, and their use on any images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Normalisation:
    """Mean and standard deviation of each channel, (3,) float64, of pixels from 0 to 1."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @property
    def scale(self) -> NDArray[np.float32]:
        """What a pixel from 0 to 255 is multiplied by, (3,). A channel that is constant is only shifted."""
        return (1 / (255 * np.where(self.std > 0, self.std, 1.0))).astype(np.float32)

    @property
    def shift(self) -> NDArray[np.float32]:
        """What is added afterwards, (3,)."""
        return (-self.mean / np.where(self.std > 0, self.std, 1.0)).astype(np.float32)


def fit(pixels: NDArray[np.uint8]) -> Normalisation:
    """Return the normalisation of training images (N, H, W, 3), N > 0: counted in integers, the same in any order."""
    counts = np.zeros((3, 256), np.int64)
    for start in range(0, len(pixels), _AT_ONCE):
        for channel in range(3):
            values = pixels[start : start + _AT_ONCE, ..., channel].ravel()
            counts[channel] += np.bincount(values, minlength=256)
    mean, std = zip(*(_moments(channel.tolist()) for channel in counts), strict=True)
    return Normalisation(np.array(mean), np.array(std))


def apply(normalisation: Normalisation, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images (N, H, W, 3) as float32 with the mean taken off and divided by the standard deviation."""
    result: NDArray[np.float32] = pixels.astype(np.float32) * normalisation.scale + normalisation.shift
    return result


def _moments(counts: list[int]) -> tuple[float, float]:
    """Return mean and standard deviation of the values 0 to 255 that occur so often, divided by 255."""
    number = sum(counts)
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    # Python's integers are exact; only the last division rounds.
    variance = (squares * number - total * total) / (number * number * 255 * 255)
    return total / (number * 255), float(np.sqrt(variance))
