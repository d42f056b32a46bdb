"""The control network: two blocks of two 3x3 convolutions, then two dense layers."""

from keras import Input, KerasTensor, Model, layers


def build(shape: tuple[int, int, int], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 1,250,858 parameters at (32, 32, 3) and 10.

    Source: the layers of the CIFAR-10 example that comes with Keras, without its softmax.
    """
    inputs = Input(shape)
    return Model(inputs, head(blocks(inputs, dropout), classes, dropout), name="control")


def blocks(x: KerasTensor, dropout: float) -> KerasTensor:
    """Return the features after both blocks; at 32x32 they are 6x6x64."""
    for number, filters in ((1, 32), (2, 64)):
        x = convolution(filters, "same", f"block{number}_same")(x)
        x = convolution(filters, "valid", f"block{number}_valid")(x)
        x = layers.MaxPooling2D(2, name=f"block{number}_pool")(x)
        x = layers.Dropout(dropout, name=f"block{number}_dropout")(x)
    return x


def head(x: KerasTensor, classes: int, dropout: float) -> KerasTensor:
    """Return the logits: flatten, a hidden layer of 512 units, dropout, one output per class."""
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(512, activation="relu", name="hidden")(x)
    x = layers.Dropout(dropout, name="hidden_dropout")(x)
    return layers.Dense(classes, name="logits")(x)


def convolution(filters: int, padding: str, name: str) -> layers.Conv2D:
    """Return a 3x3 convolution with bias and ReLU."""
    return layers.Conv2D(filters, 3, padding=padding, activation="relu", name=name)
