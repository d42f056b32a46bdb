"""What one image costs a network: parameters and multiply-adds, layer by layer, from shapes alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import keras

from report_cli.errors import RunError


@dataclass(frozen=True)
class LayerCost:
    """A layer's name, output shape without the batch, parameters, and multiply-adds for one image, forward."""

    name: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """Return the cost of every layer of `model`, in order; nested models are unfolded.

    Conv2D: out_height x out_width x filters x kernel_height x kernel_width x in_channels / groups.
    Dense: positions x inputs x outputs. Biases, activations, pooling, normalisation and dropout are not multiplied
    and added over inputs, and count as none.

    Raises:
        RunError: a layer has weights and is none of these, so that a count would silently be too low.
    """
    return [_cost(layer) for layer in _layers(model)]


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of one forward pass of one image."""
    return sum(cost.multiply_adds for cost in layer_costs(model))


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _cost(layer: keras.Layer) -> LayerCost:
    output = tuple(int(size) for size in layer.output.shape[1:])
    count = 0
    if isinstance(layer, keras.layers.Conv2D):
        # The kernel is (height, width, in_channels / groups, filters); each output position uses all of it once.
        count = prod(output[:2]) * prod(layer.kernel.shape)
    elif isinstance(layer, keras.layers.Dense):
        count = prod(output[:-1]) * prod(layer.kernel.shape)
    elif layer.weights and not isinstance(layer, keras.layers.BatchNormalization):
        raise RunError(f"the multiply-adds of layer {layer.name!r} ({type(layer).__name__}) are not known")
    return LayerCost(layer.name, output, layer.count_params(), count)
