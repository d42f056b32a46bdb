"""Training that can be interrupted after any epoch and goes on as if it had not been.

Each epoch is a pure function of the model's variables (among them the states of seed generators), the optimizer's
variables and (seed, epoch): the order of the images comes from a generator of its own, and nothing else is random.
Keras' own `fit` gives the same numbers on a fixed order but makes a data pipeline every epoch; `train_on_batch` is
as fast at batch size 32 and leaves no room for a hidden shuffle.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.experiment import Record
from report_cli.training.losses import check_floor, predict, score

# What a checkpoint calls the variables of the best epoch so far.
_BEST = "best-"

Row = dict[str, float]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Examples:
    """Inputs of a network (N, H, W, C), float32, and their labels (N,), int64."""

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]


def fit(
    model: keras.Model,
    train: Examples | Callable[[int], Examples],
    validation: Examples,
    record: Record,
    *,
    epochs: int,
    batch_size: int,
    seed: int | None = None,
    best: bool = False,
) -> list[Row]:
    """Train the compiled `model` up to `epochs` epochs and return the history, one row an epoch.

    `train` is the same in every epoch, or a pure function of the epoch (from 1) that gives as many examples in each.
    `seed` moves their order, where another than the run's is wanted. With `best` the model ends with the weights of
    the epoch with the lowest validation loss, the first of several.

    Goes on after the last checkpoint of `record`, whose rows it records again; the result equals that of an
    uninterrupted training bit for bit. A row has epoch (from 1), loss and accuracy (means over the batches while the
    weights change, dropout active) and validation_loss and validation_accuracy (after the epoch).

    Raises:
        RunError: a loss or a weight is NaN or infinite, with the epoch; or the checkpoint isn't one of this model.
    """
    model.optimizer.build(model.trainable_variables)
    seed = record.seed if seed is None else seed
    history, kept = _resume(model, record, best)
    for epoch in range(len(history) + 1, epochs + 1):
        examples = train(epoch) if callable(train) else train
        order = generator(seed, epoch, "order").permutation(len(examples.labels))
        row = {"epoch": epoch, **_train(model, examples, order, batch_size)}
        _stop_unless_finite(row, epoch, epochs)
        validated = score(predict(model, validation.inputs), validation.labels)
        row |= {"validation_loss": validated.loss, "validation_accuracy": validated.accuracy}
        _stop_unless_finite(row, epoch, epochs)
        check_floor(validated)
        arrays = _variables(model)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            # The loss doesn't tell: ReLU turns NaN into 0.
            raise _diverged("a weight is not finite", epoch, epochs)
        history.append(row)
        record.row(**row)
        if best and lowest(history) is row:
            kept = {_BEST + name: array for name, array in arrays.items() if name.startswith("model")}
        record.checkpoint.save(epoch, {**arrays, **kept}, {"history": history})
        record.progress(epoch, epochs, **{name: value for name, value in row.items() if name != "epoch"})
    if best:
        for number, variable in enumerate(model.variables):
            variable.assign(kept[f"{_BEST}model-{number:03d}"])
    return history


def lowest(history: list[Row]) -> Row:
    """Return the row of the epoch with the lowest validation loss, the first of several."""
    return min(history, key=lambda row: row["validation_loss"])


def generator(seed: int, epoch: int, purpose: str) -> np.random.Generator:
    """Return the random generator of one purpose in one epoch; different arguments give independent streams."""
    digest = sha256(f"{purpose}:{seed}:{epoch}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def weights(model: keras.Model) -> Arrays:
    """Return the weights of `model` by path, for instance "block1_conv1/kernel"; no states of seed generators."""
    return {v.path: _array(v) for v in model.weights}


def _train(model: keras.Model, train: Examples, order: NDArray[np.int64], batch_size: int) -> Row:
    totals = {"loss": 0.0, "accuracy": 0.0}
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        measured = model.train_on_batch(train.inputs[batch], train.labels[batch], return_dict=True)
        for name in totals:
            totals[name] += len(batch) * float(measured[name])
        if not isfinite(totals["loss"]):
            break
    return {name: total / len(order) for name, total in totals.items()}


def _stop_unless_finite(row: Row, epoch: int, epochs: int) -> None:
    for name, value in row.items():
        if not isfinite(value):
            raise _diverged(f"{name.replace('_', ' ')} is {value}", epoch, epochs)


def _diverged(what: str, epoch: int, epochs: int) -> RunError:
    return RunError(f"{what} in epoch {epoch} of {epochs}: training diverged", "try a smaller learning rate")


def _variables(model: keras.Model) -> Arrays:
    named = [("model", model.variables), ("optimizer", model.optimizer.variables)]
    return {f"{owner}-{i:03d}": _array(v) for owner, vs in named for i, v in enumerate(vs)}


def _array(variable: keras.Variable) -> NDArray[Any]:
    # Of a copy, as numpy warns about the conversion of a variable itself.
    array: NDArray[Any] = keras.ops.convert_to_numpy(keras.ops.copy(variable))
    return array


def _resume(model: keras.Model, record: Record, best: bool) -> tuple[list[Row], Arrays]:
    """Return the history of the last checkpoint and the variables of its best epoch, after the model has taken its."""
    saved = record.checkpoint.load()
    if saved is None:
        return [], {}
    epochs_done, arrays, state = saved
    kept = {name: array for name, array in arrays.items() if name.startswith(_BEST)}
    arrays = {name: array for name, array in arrays.items() if name not in kept}
    expected = {name: array.shape for name, array in _variables(model).items()}
    history: list[Row] = state["history"]
    fits = expected == {name: array.shape for name, array in arrays.items()}
    if not fits or bool(kept) != best or len(history) != epochs_done:
        raise RunError("the checkpoint is not one of this training", "run the experiment again with --force")
    for owner, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{owner}-{i:03d}"])
    for row in history:
        record.row(**row)
    return history, kept
