"""Small images of two classes."""

import numpy as np

from report_cli.datasets.images import ImageData, Raw, assemble

# Small enough for seconds: the side is the least that four convolutions with pooling leave anything of.
SIDE = 46
SIZES = {"train": 24, "validation": 12, "test": 12, "size": SIDE, "split_seed": 1}


def noise(first: int = 1241, side: int = SIDE) -> ImageData:
    """Return two classes of noise, dogs darker at the left; cats and dogs are numbered from `first`."""
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    pixels = rng.integers(0, 256, (80, side, side, 3))
    pixels[labels == 1, :, : side // 2] //= 3
    names = np.array([f"{('cat', 'dog')[label]}.{first + place // 2}" for place, label in enumerate(labels)])
    raw = Raw(labels, pixels.astype(np.uint8), names)
    nothing = Raw(labels[:0], raw.pixels[:0])
    return assemble("dogs-vs-cats", "noise", "drawn", "noise", ("cat", "dog"), raw, nothing)
