"""The control, inception and residual networks with global average pooling, at the same number of parameters.

Pooling takes the place of flatten and the hidden layer, whose size would depend on the block before them. The control
keeps its 32 and 64 filters; the other two have half as many before their block, and as many in it as make up for that.
"""

from keras import Input, KerasTensor, Model, layers

from experiments.models import control, inception, residual

NARROW, INCEPTION_FILTERS, RESIDUAL_FILTERS = 16, 40, 58


def build_control(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 66,218 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    return Model(inputs, _head(control.blocks(inputs, dropout), classes, dropout), name="pooled_control")


def build_inception(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 66,986 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    features = inception.inception(control.blocks(inputs, dropout, NARROW), INCEPTION_FILTERS)
    return Model(inputs, _head(features, classes, dropout), name="pooled_inception")


def build_residual(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 65,970 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    features = residual.pool(residual.residual(control.blocks(inputs, dropout, NARROW), RESIDUAL_FILTERS))
    return Model(inputs, _head(features, classes, dropout), name="pooled_residual")


def _head(x: KerasTensor, classes: int, dropout: float) -> KerasTensor:
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="average_dropout")(x)
    return layers.Dense(classes, name="logits")(x)
