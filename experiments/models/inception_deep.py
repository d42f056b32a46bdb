"""A more complicated inception network: two blocks of four branches with bottlenecks, then max pooling."""

from keras import Input, KerasTensor, Model, layers

from experiments.models import control

BRANCH, BOTTLENECKS = 48, {3: 32, 5: 16}


def build(shape: tuple[int, ...], classes: int, dropout: float) -> Model:
    """Return the network from images of `shape` (H, W, C) to logits; 1,059,338 parameters at (32, 32, 3) and 10."""
    inputs = Input(shape)
    x = control.blocks(inputs, dropout)
    for number in (1, 2):
        x = inception(x, f"inception{number}")
    x = layers.MaxPooling2D(2, name="inception_pool")(x)
    return Model(inputs, control.head(x, classes, dropout), name="inception_deep")


def inception(x: KerasTensor, name: str) -> KerasTensor:
    """Return four branches of 48 filters side by side; (H, W, C) becomes (H, W, 192).

    1x1; 1x1 and 3x3; 1x1 and 5x5; 3x3 max pooling and 1x1.

    Source of the form: Szegedy et al., Going deeper with convolutions (2015), figure 2(b).
    """
    branches = [control.convolution(BRANCH, "same", f"{name}_1x1", kernel=1)(x)]
    for kernel, filters in BOTTLENECKS.items():
        narrow = control.convolution(filters, "same", f"{name}_{kernel}x{kernel}_reduce", kernel=1)(x)
        branches.append(control.convolution(BRANCH, "same", f"{name}_{kernel}x{kernel}", kernel=kernel)(narrow))
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    branches.append(control.convolution(BRANCH, "same", f"{name}_project", kernel=1)(pooled))
    return layers.Concatenate(name=f"{name}_concatenate")(branches)
