"""Cats and dogs, second network: four convolutions, normalised after the first."""

from keras import Input, Model

from experiments.models import pieces


def build(shape: tuple[int, ...], momentum: float, dropout: float = 0.0) -> Model:
    """Return the network from images of `shape` (H, W, C) to a logit; 3,485,633 parameters at (150, 150, 3).

    `dropout` is the rate between the convolutions and the dense layers.
    """
    inputs = Input(shape)
    x = pieces.pooling(pieces.convolution(inputs, 32, 1), 1)
    x = pieces.normalisation(x, 1, momentum)
    for number, filters in ((2, 64), (3, 128), (4, 128)):
        x = pieces.pooling(pieces.convolution(x, filters, number), number)
    return Model(inputs, pieces.head(x, (512, 64), dropout), name="cnn-2")
