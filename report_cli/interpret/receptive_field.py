"""A network that is one chain of layers, cut at a layer, and which pixels the units of that layer see."""

from dataclasses import dataclass

import keras

from report_cli.errors import RunError

_POINTWISE = (keras.layers.BatchNormalization, keras.layers.Dropout, keras.layers.Activation)


@dataclass(frozen=True)
class ReceptiveField:
    """The receptive fields of a layer in pixels: unit i sees `size` pixels from `stride` * i on, along each axis."""

    size: int
    stride: int


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
        RunError: a layer on the way pads, or is neither a convolution nor pooling nor without neighbours.
    """
    size, stride = 1, 1
    layers, place = _chain(model, name)
    for layer in layers[: place + 1]:
        if isinstance(layer, _POINTWISE):
            continue
        if (
            not isinstance(layer, keras.layers.Conv2D | keras.layers.MaxPooling2D)
            or layer.padding != "valid"
            or getattr(layer, "dilation_rate", (1, 1)) != (1, 1)
        ):
            raise RunError(f"the receptive field of layer {layer.name!r} ({type(layer).__name__}) is not known")
        window = layer.kernel_size if isinstance(layer, keras.layers.Conv2D) else layer.pool_size
        size += (window[0] - 1) * stride
        stride *= layer.strides[0]
    return ReceptiveField(size, stride)


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
