"""A network that is one chain of layers, cut at a layer, and which pixels the units of that layer see."""

from dataclasses import dataclass

import keras

from report_cli.errors import RunError

_POINTWISE = (keras.layers.BatchNormalization, keras.layers.Dropout, keras.layers.Activation)


@dataclass(frozen=True)
class ReceptiveField:
    """The receptive fields of a layer: along each axis unit i sees `size` pixels from `first` + `stride` * i on.

    `first` is below 0 where the layers pad: the units at the border see less than the others.
    """

    size: int
    stride: int
    first: int = 0


def convolutions(model: keras.Model) -> list[str]:
    """Return the names of the convolutions, the first one first."""
    return [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def up_to(model: keras.Model, name: str) -> keras.Model:
    """Return the network from images to the output of layer `name`, with the same weights."""
    layers, place = _chain(model, name)
    return _join(layers[: place + 1], model.input_shape[1:])


def before(model: keras.Model, name: str, side: int) -> keras.Model:
    """Return the network from squares of `side` pixels to the input of layer `name`, with the same weights."""
    layers, place = _chain(model, name)
    return _join(layers[:place], (side, side, model.input_shape[-1]))


def after(model: keras.Model, name: str) -> keras.Model:
    """Return the network from the output of layer `name` to the output of `model`, with the same weights."""
    layers, place = _chain(model, name)
    return _join(layers[place + 1 :], layers[place].output.shape[1:])


def of_layer(model: keras.Model, name: str) -> ReceptiveField:
    """Return the receptive fields of layer `name`.

    Raises:
        RunError: a layer on the way is neither a convolution nor pooling nor without neighbours, or pads unevenly.
    """
    size, stride, first = 1, 1, 0
    layers, place = _chain(model, name)
    for layer in layers[: place + 1]:
        if isinstance(layer, _POINTWISE):
            continue
        if (
            not isinstance(layer, keras.layers.Conv2D | keras.layers.MaxPooling2D)
            or (layer.padding == "same" and (layer.strides != (1, 1) or _window(layer) % 2 == 0))
            or getattr(layer, "dilation_rate", (1, 1)) != (1, 1)
        ):
            raise RunError(f"the receptive field of layer {layer.name!r} ({type(layer).__name__}) is not known")
        if layer.padding == "same":
            first -= (_window(layer) - 1) // 2 * stride
        size += (_window(layer) - 1) * stride
        stride *= layer.strides[0]
    return ReceptiveField(size, stride, first)


def _window(layer: keras.Layer) -> int:
    window: tuple[int, int] = layer.kernel_size if isinstance(layer, keras.layers.Conv2D) else layer.pool_size
    return window[0]


def _chain(model: keras.Model, name: str) -> tuple[list[keras.Layer], int]:
    """Return the layers of a network that is one chain, and which of them has that name."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    return layers, [layer.name for layer in layers].index(name)


def _join(layers: list[keras.Layer], shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    x = inputs
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)
