"""The residual network: the control with one residual block and max pooling before its dense layers."""

from keras import Input, KerasTensor, Model, layers

from experiments.models import control


def build(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 595,818 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    features = pool(residual(control.blocks(inputs, dropout)))
    return Model(inputs, control.head(features, classes, dropout), name="residual")


def residual(x: KerasTensor, filters: int = 128) -> KerasTensor:
    """Return ReLU(x + F(x)), of the shape of `x`.

    F is two 3x3 convolutions of `filters` with ReLU and a linear 1x1 convolution back to the channels of `x`.

    Source of the form: He et al., Deep residual learning for image recognition (2015), equation (1).
    """
    f = control.convolution(filters, "same", "residual_a")(x)
    f = control.convolution(filters, "same", "residual_b")(f)
    f = layers.Conv2D(x.shape[-1], 1, name="residual_linear")(f)
    return layers.ReLU(name="residual_relu")(layers.Add(name="residual_add")([x, f]))


def pool(x: KerasTensor) -> KerasTensor:
    """Return 2x2 max pooling of `x`: half its height and width."""
    return layers.MaxPooling2D(2, name="residual_pool")(x)
