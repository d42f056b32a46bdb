"""The inception network: the control with one inception block between its second block and its dense layers."""

from keras import Input, KerasTensor, Model, layers

from experiments.models import control


def build(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 1,791,786 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    features = inception(control.blocks(inputs, dropout))
    return Model(inputs, control.head(features, classes, dropout), name="inception")


def inception(x: KerasTensor, filters: int = 64) -> KerasTensor:
    """Return three parallel branches side by side; (H, W, C) becomes (H - 2, W - 2, 3 x filters).

    Every branch begins with its own valid 3x3 convolution of `filters`; the second goes on with another 3x3
    convolution, the third with 3x3 max pooling of stride 1, both without changing the size.
    """
    one = control.convolution(filters, "valid", "inception_a")(x)
    two = control.convolution(filters, "valid", "inception_b1")(x)
    two = control.convolution(filters, "same", "inception_b2")(two)
    three = control.convolution(filters, "valid", "inception_c1")(x)
    three = layers.MaxPooling2D(3, strides=1, padding="same", name="inception_c2")(three)
    return layers.Concatenate(name="inception_concatenate")([one, two, three])
