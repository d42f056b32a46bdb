"""The convolution base of VGG16, its head for two classes, and the variant with normalisation it is pretrained in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import Input, KerasTensor, Model, layers, ops
from numpy.typing import NDArray

# Convolutions and filters of each block: configuration D in table 1 of Simonyan and Zisserman (2015).
BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
LAST = len(BLOCKS)
EPSILON = 1e-3
# Quicker than Keras' 0.99, so that the averages are right after a few hundred steps.
MOMENTUM = 0.9
# Mean blue, green and red of the training images of ImageNet, 0 to 255.
MEAN_BGR = (103.939, 116.779, 123.68)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Convolution:
    """One of the thirteen 3x3 convolutions: its name in Keras, its block from 1, and its filters."""

    name: str
    block: int
    filters: int


def convolutions(width: float = 1.0, first: int = 1, last: int = LAST) -> list[Convolution]:
    """Return the convolutions of the blocks `first` to `last`, each with `width` times its filters."""
    return [
        Convolution(f"block{block}_conv{number}", block, max(1, round(width * filters)))
        for block, (count, filters) in enumerate(BLOCKS, 1)
        if first <= block <= last
        for number in range(1, count + 1)
    ]


def weight_shapes(width: float = 1.0) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight of the base on RGB images: "block1_conv1/kernel": (3, 3, 3, 64), and so on."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    for layer in convolutions(width):
        shapes[f"{layer.name}/kernel"] = (3, 3, channels, layer.filters)
        shapes[f"{layer.name}/bias"] = (layer.filters,)
        channels = layer.filters
    return shapes


def blocks(x: KerasTensor, width: float, first: int = 1, last: int = LAST, normalised: bool = False) -> KerasTensor:
    """Return the features of `x` after the blocks `first` to `last`: each halves height and width, rounded down.

    `normalised` puts batch normalisation between each convolution, then without bias, and its ReLU.
    """
    for layer in convolutions(width, first, last):
        if layer.name.endswith("conv1") and layer.block > first:
            x = _pool(layer.block - 1)(x)
        activation = None if normalised else "relu"
        x = layers.Conv2D(
            layer.filters, 3, padding="same", activation=activation, use_bias=not normalised, name=layer.name
        )(x)
        if normalised:
            x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{layer.name}_norm")(x)
            x = layers.ReLU(name=f"{layer.name}_relu")(x)
    return _pool(last)(x)


def build(shape: tuple[int, ...], width: float = 1.0, last: int = LAST) -> Model:
    """Return the base up to block `last` on images of `shape` (H, W, 3), without a head.

    14,714,688 parameters at width 1; names and shapes of the weights are those of VGG16 in Keras.
    """
    inputs = Input(shape)
    return Model(inputs, blocks(inputs, width, last=last), name="vgg16")


def classifier(shape: tuple[int, ...], width: float, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, 3) to one logit: the base, and a head on it.

    16,812,353 parameters at width 1 and (150, 150, 3): 14,714,688 of the base, 2,097,665 of the head.
    """
    inputs = Input(shape)
    return Model(inputs, head(blocks(inputs, width), dropout), name="vgg16_classifier")


def head(x: KerasTensor, dropout: float) -> KerasTensor:
    """Return the logit: flatten, a hidden layer of 256 units, dropout, one output."""
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(256, activation="relu", name="hidden")(x)
    x = layers.Dropout(dropout, name="hidden_dropout")(x)
    return layers.Dense(1, name="logit")(x)


def pretraining(shape: tuple[int, ...], classes: int, width: float, dropout: float) -> Model:
    """Return the network for pretraining: the normalised base, the mean over positions, dropout, logits.

    The logits start at 0: random ones would be far off, and the first epochs would go into taking them back.
    """
    inputs = Input(shape)
    x = layers.GlobalAveragePooling2D(name="mean")(blocks(inputs, width, normalised=True))
    x = layers.Dropout(dropout, name="mean_dropout")(x)
    return Model(inputs, layers.Dense(classes, kernel_initializer="zeros", name="logits")(x), name="vgg16_pretraining")


def fold(weights: Mapping[str, NDArray[Any]], width: float = 1.0) -> Arrays:
    """Return the weights of the plain base that computes in inference what the normalised base does.

    gamma (w * x - mean) / s + beta with s = sqrt(variance + epsilon) is a convolution with the kernel w gamma / s and
    the bias beta - mean gamma / s.
    """
    folded: Arrays = {}
    for layer in convolutions(width):
        norm = {
            name: weights[f"{layer.name}_norm/{name}"].astype(np.float64)
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        }
        scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + EPSILON)
        kernel = weights[f"{layer.name}/kernel"].astype(np.float64) * scale
        folded[f"{layer.name}/kernel"] = kernel.astype(np.float32)
        folded[f"{layer.name}/bias"] = (norm["beta"] - norm["moving_mean"] * scale).astype(np.float32)
    return folded


def imagenet_inputs(pixels: Any) -> Any:
    """Return images (N, H, W, 3), a tensor, as the published weights know them: blue, green, red without means."""
    return ops.cast(pixels[..., ::-1], "float32") - np.array(MEAN_BGR, np.float32)


def _pool(block: int) -> layers.MaxPooling2D:
    return layers.MaxPooling2D(2, name=f"block{block}_pool")
