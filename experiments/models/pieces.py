"""Pieces of the networks for cats and dogs: 3x3 convolutions without padding, 2x2 pooling, dense layers, one logit."""

from collections.abc import Sequence

from keras import KerasTensor, layers


def convolution(x: KerasTensor, filters: int, number: int) -> KerasTensor:
    """Return a 3x3 convolution of `x` with bias and ReLU, without padding; its name is conv1, conv2, ..."""
    return layers.Conv2D(filters, 3, activation="relu", name=f"conv{number}")(x)


def pooling(x: KerasTensor, number: int) -> KerasTensor:
    """Return 2x2 max pooling of `x`, named pool1, pool2, ..."""
    return layers.MaxPooling2D(2, name=f"pool{number}")(x)


def normalisation(x: KerasTensor, number: int, momentum: float) -> KerasTensor:
    """Return batch normalisation of `x`, named norm1, norm2, ...; `momentum` is that of its averages."""
    return layers.BatchNormalization(momentum=momentum, name=f"norm{number}")(x)


def head(x: KerasTensor, hidden: Sequence[int], dropout: float = 0.0) -> KerasTensor:
    """Return one logit: flatten, dropout where there is any, dense layers of `hidden` units with ReLU, one output."""
    x = layers.Flatten(name="flatten")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    for number, units in enumerate(hidden, start=1):
        x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)
    return layers.Dense(1, name="logit")(x)
