"""Networks of our own in the manner of the assignment's: every convolution normalised, blocks at each size."""

from collections.abc import Callable

from keras import Input, KerasTensor, Model, layers

# Of the averages of batch normalisation: short, as a training has few steps.
MOMENTUM = 0.9
WIDTHS = (32, 64, 128)

Block = Callable[[KerasTensor, int, str], KerasTensor]


def build_inception(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return an inception network from images of `shape` (H, W, C) to logits; 191,082 parameters at (32, 32, 3), 10."""
    return _build(shape, classes, dropout, inception, "inception_tuned")


def build_residual(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return a residual network from images of `shape` (H, W, C) to logits; 484,074 parameters at (32, 32, 3), 10."""
    return _build(shape, classes, dropout, residual, "residual_tuned")


def inception(x: KerasTensor, width: int, name: str) -> KerasTensor:
    """Return three branches side by side, of the shape of `x`: 1x1; 1x1 and 3x3; 1x1 and twice 3x3.

    Source of the form: Szegedy et al., Rethinking the inception architecture (2016), figure 5.
    """
    one = convolution(x, width // 4, f"{name}_a", kernel=1)
    two = convolution(convolution(x, width // 2, f"{name}_b1", kernel=1), width // 2, f"{name}_b2")
    three = convolution(convolution(x, width // 4, f"{name}_c1", kernel=1), width // 4, f"{name}_c2")
    three = convolution(three, width // 4, f"{name}_c3")
    return layers.Concatenate(name=f"{name}_concatenate")([one, two, three])


def residual(x: KerasTensor, width: int, name: str) -> KerasTensor:
    """Return x + F(x), of the shape of `x`; F is two normalised 3x3 convolutions of `width` with ReLU.

    Source of the form: He et al., Deep residual learning for image recognition (2015), equation (1).
    """
    f = convolution(convolution(x, width, f"{name}_1"), width, f"{name}_2")
    return layers.Add(name=f"{name}_add")([x, f])


def convolution(x: KerasTensor, filters: int, name: str, kernel: int = 3) -> KerasTensor:
    """Return a convolution without bias, normalised, with ReLU; height and width stay."""
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _build(shape: tuple[int, ...], classes: int, dropout: float, block: Block, name: str) -> Model:
    """For each width: a 3x3 convolution, a block, 2x2 max pooling; then the mean over positions and a dense layer."""
    inputs = x = Input(shape)
    for number, width in enumerate(WIDTHS, start=1):
        x = convolution(x, width, f"widen{number}")
        x = block(x, width, f"block{number}")
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.GlobalMaxPooling2D(name="maximum")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return Model(inputs, layers.Dense(classes, name="logits")(x), name=name)
