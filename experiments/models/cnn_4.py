"""Cats and dogs, fourth network: normalised before the first pooling, and one hidden layer instead of two."""

from keras import Input, Model

from experiments.models import pieces


def build(shape: tuple[int, ...], momentum: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to a logit; 3,453,249 parameters at (150, 150, 3).

    A reconstruction from the number of parameters, as far as the published text leaves open where layers are.
    """
    inputs = Input(shape)
    x = pieces.pooling(pieces.normalisation(pieces.convolution(inputs, 32, 1), 1, momentum), 1)
    for number, filters in ((2, 64), (3, 128), (4, 128)):
        x = pieces.pooling(pieces.convolution(x, filters, number), number)
    return Model(inputs, pieces.head(x, (512,)), name="cnn-4")
