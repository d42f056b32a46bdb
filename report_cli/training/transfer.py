"""Weights from one network to another, and whether those moved in training that were to."""

from collections.abc import Mapping
from typing import Any

import keras
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.training.fit import weights


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


def check_moved(model: keras.Model, before: Mapping[str, NDArray[Any]]) -> None:
    """Return when, of the weights of `model`, all that are to be trained are others than `before`, and no other is.

    Raises:
        RunError: one has moved and was not to, to the last bit, or the other way.
    """
    trained = {variable.path for variable in model.trainable_weights}
    for name, array in weights(model).items():
        moved = array.tobytes() != before[name].tobytes()
        if moved and name not in trained:
            raise RunError(f"{name} was to stay frozen and changed in training")
        if not moved and name in trained:
            raise RunError(f"{name} was to be trained and did not change")
