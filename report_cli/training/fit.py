"""Training that can be interrupted after any epoch and goes on as if it had not been.

Each epoch is a pure function of the model's variables (among them the states of seed generators), the optimizer's
variables and (seed, epoch): the order of the images comes from a generator of its own, and nothing else is random.
Images stay as they are in memory until a batch of them is wanted; many steps are one call of TensorFlow.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import isfinite
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.experiment import Record
from report_cli.training import backend, fused
from report_cli.training.backend import Prepare
from report_cli.training.losses import check_floor, score

# What a checkpoint calls the variables of the best epoch so far.
_BEST = "best-"
# How long a call of TensorFlow may take, about, before whoever waits is told, and how many steps it has at most.
_CALL_S = 0.5
_MOST_STEPS = 64
# Of a prediction: images, and values in their inputs; the activations of a batch of photographs take gigabytes.
_BATCH = 250
_LARGEST = 3_500_000

# Logits are rounded to multiples of this, which float32 holds exactly: stored, they take half as much room, and what
# is recorded of them follows from what is stored.
_LOGIT_STEP = 1 / 1024

Row = dict[str, float]
Arrays = dict[str, NDArray[Any]]


class Inputs(Protocol):
    """Inputs of a network, (N, ...): an array in memory or on disk, or something that is computed when asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, places: Any) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Examples:
    """Inputs of a network (N, ...) and their labels (N,), int64."""

    inputs: Inputs
    labels: NDArray[np.int64]


class Trainer:
    """Trains a compiled classifier, predicts with it, and compiles either only once.

    `prepare` turns a tensor of inputs into what the model takes, for instance pixels into normalised values. Its
    dropout and batch normalisation become those of `fused`.
    """

    def __init__(self, model: keras.Model, prepare: Prepare = lambda inputs: inputs) -> None:
        fused.fuse(model)
        self.model = model
        self._prepare = prepare
        # The variables of the model after its best epoch.
        self._best: Arrays = {}
        self._at_once = 1
        self._step: Any = None
        self._predict: Any = None

    def fit(
        self,
        train: Examples | Callable[[int], Examples],
        validation: Examples,
        record: Record,
        *,
        epochs: int,
        batch_size: int,
        seed: int | None = None,
    ) -> list[Row]:
        """Train up to `epochs` epochs and return the history, one row an epoch.

        `train` is the same in every epoch, or a pure function of the epoch (from 1) that gives as many examples in
        each. `seed` moves their order, where another than the run's is wanted. Where there are images for validation,
        `take_best` gives the model the weights of its best epoch afterwards.

        Goes on after the last checkpoint of `record`, whose rows it records again; the result equals that of an
        uninterrupted training bit for bit. A row has epoch (from 1), learning_rate (at its end), loss and
        accuracy (means over the images, before each step, dropout active) and, where there are images for validation,
        validation_loss and validation_accuracy (after the epoch).

        Raises:
            RunError: a loss or a weight is NaN or infinite, with the epoch; or the checkpoint isn't one of this model.
        """
        model = self.model
        model.optimizer.build(model.trainable_variables)
        seed = record.seed if seed is None else seed
        history, times, self._best = _resume(model, record, len(validation.labels) > 0)
        for epoch in range(len(history) + 1, epochs + 1):
            began = time.monotonic()
            examples = train(epoch) if callable(train) else train
            order = generator(seed, epoch, "order").permutation(len(examples.labels))
            row = {"epoch": epoch, **self._epoch(examples, order, batch_size, partial(record.progress, epoch, epochs))}
            seconds = time.monotonic() - began
            _stop_unless_finite(row, epoch, epochs)
            if len(validation.labels):
                validated = score(self.predict(validation.inputs), validation.labels)
                row |= {"validation_loss": validated.loss, "validation_accuracy": validated.accuracy}
                _stop_unless_finite(row, epoch, epochs)
                check_floor(validated)
            row["learning_rate"] = float(model.optimizer.learning_rate)
            _stop_unless_finite(row, epoch, epochs)
            arrays = _variables(model)
            if not all(np.isfinite(array).all() for array in arrays.values()):
                # The loss doesn't tell: ReLU turns NaN into 0.
                raise _diverged("a weight is not finite", epoch, epochs)
            history.append(row)
            times.append((seconds, len(order)))
            record.row(**row)
            record.time(seconds, len(order))
            if len(validation.labels) and lowest(history) is row:
                self._best = {_BEST + name: array for name, array in arrays.items() if name.startswith("model")}
            record.checkpoint.save(epoch, {**arrays, **self._best}, {"history": history, "times": times})
            metrics: dict[str, Any] = {name: value for name, value in row.items() if name != "epoch"}
            record.progress(epoch, epochs, **metrics)
        return history

    def take_best(self) -> None:
        """Give the model the weights of the epoch with the lowest validation loss, the first of several."""
        for number, variable in enumerate(self.model.variables):
            variable.assign(self._best[f"{_BEST}model-{number:03d}"])

    @contextmanager
    def at_best(self) -> Iterator[None]:
        """Within the block the model has the weights of its best epoch."""
        last = [_array(variable) for variable in self.model.variables]
        self.take_best()
        yield
        for variable, array in zip(self.model.variables, last, strict=True):
            variable.assign(array)

    def steps(
        self, inputs: Inputs, labels: NDArray[np.int64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Make a step on each batch of `places` (steps, batch); return its mean loss and right answers, (steps,)."""
        if self._step is None:
            self._step = backend.stepper(self.model, self._prepare, inputs)
        loss, right = self._step(inputs[places], labels[places])
        return loss, right

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return the logits (N, classes) of `inputs` (N, ...), computed in inference mode in batches, to a 1024th."""
        if self._predict is None:
            self._predict = backend.predictor(self.model, self._prepare, inputs)
        size = max(1, min(_BATCH, _LARGEST // int(np.prod(inputs.shape[1:]))))
        batches = [self._predict(inputs[i : i + size]) for i in range(0, inputs.shape[0], size)]
        return np.round(np.concatenate(batches).astype(np.float64) / _LOGIT_STEP) * _LOGIT_STEP

    def _epoch(self, examples: Examples, order: NDArray[np.int64], batch_size: int, tell: Callable[..., None]) -> Row:
        """Make a step on each batch of `order`; return mean loss and accuracy, NaN where a loss wasn't finite."""
        whole = len(order) - len(order) % batch_size
        batches = [*order[:whole].reshape(-1, batch_size), *([order[whole:]] if whole < len(order) else [])]
        losses: list[float] = []
        right = 0
        while len(losses) < len(batches):
            places = batches[len(losses) : len(losses) + self._at_once]
            if len(places[-1]) < batch_size and len(places) > 1:
                places.pop()
            began = time.monotonic()
            stacked = np.stack(places)
            loss, hits = self.steps(examples.inputs, examples.labels, stacked)
            # More steps a call, until one takes long enough; how many there are changes no result.
            if time.monotonic() - began < _CALL_S / 2 and len(places) == self._at_once < _MOST_STEPS:
                self._at_once *= 2
            losses += loss.tolist()
            right += int(hits.sum())
            if not isfinite(losses[-1]):
                return {"loss": losses[-1], "accuracy": 0.0}
            seen = min(len(losses) * batch_size, len(order))
            tell(step=len(losses), steps=len(batches), images=seen, loss=losses[-1], accuracy=right / seen)
        weights = [len(places) for places in batches]
        return {"loss": float(np.average(losses, weights=weights)), "accuracy": right / len(order)}


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


def _resume(model: keras.Model, record: Record, validated: bool) -> tuple[list[Row], list[tuple[float, int]], Arrays]:
    """Return history and times of the last checkpoint and the variables of its best epoch; the model takes its last."""
    saved = record.checkpoint.load()
    if saved is None:
        return [], [], {}
    epochs_done, arrays, state = saved
    kept = {name: array for name, array in arrays.items() if name.startswith(_BEST)}
    arrays = {name: array for name, array in arrays.items() if name not in kept}
    expected = {name: array.shape for name, array in _variables(model).items()}
    history: list[Row] = state["history"]
    fits = expected == {name: array.shape for name, array in arrays.items()}
    if not fits or bool(kept) != validated or len(history) != epochs_done:
        raise RunError("the checkpoint is not one of this training", "run the experiment again with --force")
    for owner, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{owner}-{i:03d}"])
    for row, (seconds, images) in zip(history, state["times"], strict=True):
        record.row(**row)
        record.time(seconds, images)
    return history, state["times"], kept
