"""Cats and dogs, a network of our own: normalised convolutions in pairs, halved in size four times."""

from keras import Input, Model, layers

from experiments.models import tuned

WIDTHS = (16, 32, 64, 128, 256)


def build(shape: tuple[int, ...], dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to a logit; 1,179,633 parameters.

    A 3x3 convolution at the full size; for each further width 2x2 max pooling and two 3x3 convolutions; then the mean
    over positions, dropout and one output.
    """
    inputs = Input(shape)
    x = tuned.convolution(inputs, WIDTHS[0], "conv1")
    for number, width in enumerate(WIDTHS[1:], start=2):
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
        x = tuned.convolution(tuned.convolution(x, width, f"conv{number}_a"), width, f"conv{number}_b")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return Model(inputs, layers.Dense(1, name="logit")(x), name="own")
