"""The frozen part of a network: its features of all images are computed once, and its weights must not move."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.training.fit import weights

# Few enough that the activations of large images fit into memory.
BATCH = 50

Prepare = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def features(model: keras.Model, pixels: NDArray[np.uint8], prepare: Prepare) -> NDArray[np.float32]:
    """Return what `model` makes of images (N, H, W, 3), in inference mode in batches of 50.

    `prepare` turns pixels into the inputs that the model was trained on, batch by batch.
    """
    result = np.empty((len(pixels), *model.output_shape[1:]), np.float32)
    for start in range(0, len(pixels), BATCH):
        batch = pixels[start : start + BATCH]
        result[start : start + BATCH] = model.predict_on_batch(prepare(batch))
    return result


def load(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give every weight of `model` that has its name in `arrays` that value.

    Raises:
        RunError: a shape differs, or no weight of the model has its name in `arrays`.
    """
    found = [variable for variable in model.weights if variable.path in arrays]
    if not found:
        raise RunError(f"none of the weights is one of {model.name}")
    for variable in found:
        array = arrays[variable.path]
        if tuple(variable.shape) != array.shape:
            raise RunError(f"{variable.path} has the shape {array.shape}, not {tuple(variable.shape)}")
        variable.assign(array)


def check_frozen(model: keras.Model, before: Mapping[str, NDArray[Any]]) -> None:
    """Return when every weight of `model` is, byte for byte, what it was `before`.

    Raises:
        RunError: one isn't, or wasn't there.
    """
    for name, array in weights(model).items():
        if name not in before or array.tobytes() != before[name].tobytes():
            raise RunError(f"{name} was to stay frozen and changed in training")


def check_tuned(model: keras.Model, before: Mapping[str, NDArray[Any]]) -> None:
    """Return when every trainable weight of `model` is another than `before`.

    Raises:
        RunError: one is still the same, or wasn't there.
    """
    after = weights(model)
    for name in (variable.path for variable in model.trainable_weights):
        if name not in before or after[name].tobytes() == before[name].tobytes():
            raise RunError(f"{name} was to be trained and did not change")
