"""How long training and prediction take, models side by side in one process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.training.losses import predict


@dataclass(frozen=True, eq=False)
class Times:
    """Seconds per image, (repeats, models): of a training step, and of a prediction."""

    train: NDArray[np.float64]
    predict: NDArray[np.float64]


def interleaved(
    models: Sequence[keras.Model],
    inputs: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    batch_size: int,
    steps: int,
    warm_up: int,
    repeats: int,
    seconds: Callable[[], float] = time.monotonic,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Times:
    """Return the times of the compiled `models`, measured in turns, so that none has the quieter machine.

    In a turn a model makes `steps` training steps on batches of `inputs`, and then predicts all of them. Every repeat
    begins with another model. `warm_up` steps and a prediction of each come before, untimed: they compile it.
    """
    for model in models:
        _train(model, inputs, labels, batch_size, warm_up)
        predict(model, inputs)
    times = Times(np.zeros((repeats, len(models))), np.zeros((repeats, len(models))))
    for repeat in range(repeats):
        for turn in range(len(models)):
            place = (repeat + turn) % len(models)
            model = models[place]
            start = seconds()
            trained = _train(model, inputs, labels, batch_size, steps)
            middle = seconds()
            predict(model, inputs)
            times.train[repeat, place] = (middle - start) / trained
            times.predict[repeat, place] = (seconds() - middle) / len(inputs)
        progress(repeat + 1, repeats)
    return times


def _train(
    model: keras.Model, inputs: NDArray[np.float32], labels: NDArray[np.int64], batch_size: int, steps: int
) -> int:
    """Make `steps` training steps on one batch after another and return how many images they took."""
    starts = range(0, len(inputs) - batch_size + 1, batch_size)
    for step in range(steps):
        start = starts[step % len(starts)]
        # The measured loss is copied out of the model, so the step is over when the call returns.
        model.train_on_batch(inputs[start : start + batch_size], labels[start : start + batch_size])
    return steps * batch_size
