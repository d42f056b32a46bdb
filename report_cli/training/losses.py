"""Loss and accuracy of a classifier, from its logits in float64."""

from dataclasses import dataclass
from math import log
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError

BATCH = 250
# Values in the inputs of a batch.
LARGEST = 3_500_000


@dataclass(frozen=True)
class Score:
    """Mean cross-entropy in nats and the fraction of images whose most probable class is the right one."""

    loss: float
    accuracy: float


def predict(model: keras.Model, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the logits (N, classes) of `inputs` (N, H, W, C), computed in inference mode in batches.

    A batch has at most 250 images, and fewer large ones: the first activations of 250 photographs take gigabytes.
    """
    size = max(1, min(BATCH, LARGEST // inputs[0].size))
    batches = [model.predict_on_batch(inputs[i : i + size]) for i in range(0, len(inputs), size)]
    return np.concatenate(batches).astype(np.float64)


def log_probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the softmax over the last axis; large logits don't overflow."""
    with np.errstate(invalid="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def categorical(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Score:
    """Return the score of `logits` (N, classes) against `labels` (N,).

    The loss isn't finite where a logit isn't; whoever asks decides what that means.
    """
    log_p = log_probabilities(logits)
    right = log_p.argmax(axis=1) == labels
    return Score(float(-log_p[np.arange(len(labels)), labels].mean()), float(right.mean()))


def binary(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Score:
    """Return the score of one logit per image, (N, 1) or (N,), against `labels` (N,) that are 0 or 1.

    A logit above 0 means class 1. The loss isn't finite where a logit isn't.
    """
    z = logits.reshape(len(labels)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        # -ln of the probability of the true class, without computing that probability, which may round to 0.
        losses = np.logaddexp(0.0, np.where(labels == 1, -z, z))
    return Score(float(losses.mean()), float(((z > 0) == (labels == 1)).mean()))


def check_floor(score: Score) -> None:
    """Return when the loss is possible at this accuracy.

    A misclassified image has given its true class a probability of at most 1/2, so it costs at least ln 2, and the
    mean cross-entropy, binary or categorical, is at least (error rate) x ln 2. A violation means that loss and
    accuracy were not measured on the same predictions.

    Raises:
        RunError: the loss is below the floor.
    """
    floor = (1 - score.accuracy) * log(2)
    if not score.loss >= floor - 1e-9:
        raise RunError(
            f"a loss of {score.loss:.5f} is impossible at an accuracy of {score.accuracy:.5f}:"
            f" the floor is {floor:.5f}",
            "measure loss and accuracy on the same predictions",
        )


def confusion(predicted: NDArray[Any], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return counts (classes, classes): row true class, column predicted class."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts
