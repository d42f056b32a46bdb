"""A more complicated residual network: three blocks in place of one, at about the same size and cost."""

from keras import Input, KerasTensor, Model, layers

from experiments.models import control, residual


def build(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 587,690 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    x = control.blocks(inputs, dropout)
    for number in (1, 2, 3):
        x = block(x, f"residual{number}")
    return Model(inputs, control.head(residual.pool(x), classes, dropout), name="residual_deep")


def block(x: KerasTensor, name: str) -> KerasTensor:
    """Return ReLU(x + F(x)), of the shape of `x`; F is two 3x3 convolutions, the second one linear.

    Source: He et al., Deep residual learning for image recognition (2015), figure 2, without batch normalisation.
    """
    channels = x.shape[-1]
    f = control.convolution(channels, "same", f"{name}_a")(x)
    f = layers.Conv2D(channels, 3, padding="same", name=f"{name}_b")(f)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, f]))
