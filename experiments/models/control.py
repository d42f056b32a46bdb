"""The control network: two blocks of two 3x3 convolutions, then two dense layers."""

from keras import Input, KerasTensor, Model, layers


def build(shape: tuple[int, ...], classes: int, dropout: float, *, last_dropout: bool = True) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 1,250,858 parameters at (32, 32, 3) and 10.

    Without `last_dropout` there is no dropout between the hidden layer and the output.

    Source: the layers of the CIFAR-10 example that comes with Keras, without its softmax.
    """
    inputs = Input(shape)
    return Model(inputs, head(blocks(inputs, dropout), classes, dropout if last_dropout else 0), name="control")


def blocks(x: KerasTensor, dropout: float, filters: int = 32) -> KerasTensor:
    """Return the features after both blocks of `filters` and twice as many; at 32x32 they are 6x6x64."""
    for number in (1, 2):
        x = convolution(number * filters, "same", f"block{number}_same")(x)
        x = convolution(number * filters, "valid", f"block{number}_valid")(x)
        x = layers.MaxPooling2D(2, name=f"block{number}_pool")(x)
        x = layers.Dropout(dropout, name=f"block{number}_dropout")(x)
    return x


def head(x: KerasTensor, classes: int, dropout: float) -> KerasTensor:
    """Return the logits: flatten, a hidden layer of 512 units, dropout unless it is 0, one output per class."""
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(512, activation="relu", name="hidden")(x)
    if dropout:
        x = layers.Dropout(dropout, name="hidden_dropout")(x)
    return layers.Dense(classes, name="logits")(x)


def convolution(filters: int, padding: str, name: str, kernel: int = 3) -> layers.Conv2D:
    """Return a convolution with bias and ReLU."""
    return layers.Conv2D(filters, kernel, padding=padding, activation="relu", name=name)
