"""A network of our own for small images, in the manner of the fast ones of 2018 to 2024: wide, shallow, normalised."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import Input, KerasTensor, Model, layers, ops
from numpy.typing import NDArray

# Side of the patches that the first layer decorrelates, and what is added to their variances.
PATCH, RIDGE = 2, 5e-4
# Of the averages of batch normalisation: short, as a training has few steps.
MOMENTUM = 0.6
WIDTHS = (64, 256, 256)
# Of the logits.
SCALE = 1 / 9


class Cutout(layers.Layer):  # type: ignore[misc]
    """In training, hides a square of `side` pixels at a random place of each image, a part of it beyond the border.

    Source: DeVries and Taylor, Improved regularization of convolutional neural networks with cutout (2017), section 3.
    """

    def __init__(self, side: int, **options: Any) -> None:
        super().__init__(**options)
        self.side = side
        self.generator = keras.random.SeedGenerator()

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor:
        """Return `x` (N, H, W, C) with 0, the mean, where it is hidden."""
        if not training or not self.side:
            return x
        count, height, width = ops.shape(x)[:3]
        middle = keras.random.uniform((count, 2, 1), seed=self.generator)
        rows = ops.abs(ops.arange(height, dtype="float32") + 0.5 - height * middle[:, 0]) < self.side / 2
        columns = ops.abs(ops.arange(width, dtype="float32") + 0.5 - width * middle[:, 1]) < self.side / 2
        seen = ops.logical_not(ops.logical_and(rows[:, :, None], columns[:, None, :]))
        return x * ops.cast(seen, x.dtype)[..., None]


class Looks(layers.Layer):  # type: ignore[misc]
    """Outside training, the images of a batch as they are and moved by a pixel each way, then their mirror images."""

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor:
        """Return (6N, H, W, C) of `x` (N, H, W, C); beyond edges images go on as in a mirror."""
        if training:
            return x
        wide = ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "reflect")
        looks = ops.concatenate([x, wide[:, :-2, :-2], wide[:, 2:, 2:]])
        return ops.concatenate([looks, ops.flip(looks, axis=2)])


class MeanOfLooks(layers.Layer):  # type: ignore[misc]
    """Outside training, the mean of what the looks at an image give, where those not moved count twice."""

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor:
        """Return (N, ...) of `x` (6N, ...). All that follows is linear, so logits are means as well."""
        if training:
            return x
        return sum(count * look for count, look in zip((2, 1, 1, 2, 1, 1), ops.split(x, 6), strict=True)) / 8


class Identity(keras.initializers.Initializer):  # type: ignore[misc]
    """A kernel whose first output channels are its input channels; the others are random.

    Source: Jordan, 94% on CIFAR-10 in 3.29 seconds on a single GPU (2024), section 3.3.
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> KerasTensor:
        """Return a kernel of `shape` (S, S, C, K) with odd S."""
        handed = min(shape[2:])
        one = np.zeros((*shape[:3], handed))
        one[shape[0] // 2, shape[1] // 2, range(handed), range(handed)] = 1
        random = keras.initializers.GlorotUniform()(shape, dtype)
        return ops.concatenate([ops.cast(one, random.dtype), random[..., handed:]], axis=-1)


def build(shape: tuple[int, ...], classes: int, hidden: int = 0) -> Model:
    """Return the network from images of `shape` (H, W, 3) to logits.

    In training a square of `hidden` pixels is hidden; outside, logits are means over six looks at an image.

    A frozen convolution that decorrelates patches of 2x2 pixels and hands both signs on; then blocks of WIDTHS, each
    two 3x3 convolutions with 2x2 max pooling after the first; the maximum over positions; logits, times SCALE.

    Source of the form: Page, How to train your ResNet (2018 to 2019), parts 4 and 8, and Jordan, 94% on CIFAR-10 in
    3.29 seconds on a single GPU (2024), section 3.
    """
    inputs = Input(shape)
    x = Looks(name="looks")(Cutout(hidden, name="cutout")(inputs))
    filters = PATCH * PATCH * shape[-1]
    x = layers.Conv2D(filters, PATCH, use_bias=False, trainable=False, name="whitened")(x)
    x = layers.Concatenate(name="both_signs")([x, layers.Rescaling(-1.0, name="other_sign")(x)])
    x = layers.ReLU(name="whitened_relu")(x)
    for number, width in enumerate(WIDTHS, start=1):
        x = _convolution(x, width, f"block{number}_a")
        x = _normalised(layers.MaxPooling2D(2, name=f"block{number}_pool")(x), f"block{number}_a")
        x = _normalised(_convolution(x, width, f"block{number}_b"), f"block{number}_b")
    x = MeanOfLooks(name="mean")(layers.GlobalMaxPooling2D(name="maximum")(x))
    x = layers.Rescaling(SCALE, name="scaled")(x)
    return Model(inputs, layers.Dense(classes, use_bias=False, name="logits")(x), name="reference")


def whitening(inputs: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
    """Return the weights of the first layer that make patches of `inputs` (N, H, W, C) uncorrelated, of variance 1.

    They are the eigenvectors of the patches' covariance, each divided by the root of its eigenvalue.
    """
    windows = np.lib.stride_tricks.sliding_window_view(inputs, (PATCH, PATCH), axis=(1, 2))
    patches = np.moveaxis(windows, 3, -1).reshape(-1, PATCH * PATCH * inputs.shape[-1]).astype(np.float64)
    values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    kernel = (vectors / np.sqrt(values + RIDGE)).astype(np.float32)
    return {"whitened/kernel": kernel.reshape(PATCH, PATCH, inputs.shape[-1], -1)}


def _convolution(x: KerasTensor, width: int, name: str) -> KerasTensor:
    return layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=Identity(), name=name)(x)


def _normalised(x: KerasTensor, name: str) -> KerasTensor:
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
