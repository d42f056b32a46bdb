"""What a classifier minimises, and its loss and accuracy from its logits in float64.

A network with one logit tells two classes apart; one with more has a logit for each class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.training.fused import RMSprop


@dataclass(frozen=True)
class Score:
    """Mean cross-entropy in nats and the fraction of images whose most probable class is the right one."""

    loss: float
    accuracy: float


def compile_classifier(model: keras.Model, learning_rate: float) -> None:
    """Make `model` minimise the cross-entropy of its logits with RMSprop."""
    if model.output_shape[-1] == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(RMSprop(learning_rate), loss)


def smoothed(share: float) -> Callable[[Any, Any], Any]:
    """Return the cross-entropy of logits whose target gives `share` to all classes alike, the rest to the right one.

    Source: Szegedy et al., Rethinking the inception architecture (2016), section 7.
    """

    def loss(labels: Any, logits: Any) -> Any:
        logs = keras.ops.log_softmax(logits)
        right = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), logits.shape[-1], dtype=logs.dtype)
        return -keras.ops.sum(logs * ((1 - share) * right + share / logits.shape[-1]), axis=-1)

    return loss


def score(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Score:
    """Return the score of `logits` (N, classes), or (N, 1) for labels that are 0 or 1, against `labels` (N,).

    The loss isn't finite where a logit isn't; whoever asks decides what that means.
    """
    if logits.shape[1] > 1:
        losses = -log_probabilities(logits)[np.arange(len(labels)), labels]
    else:
        z = logits[:, 0]
        with np.errstate(invalid="ignore"):
            # -ln of the probability of the true class, without computing that probability, which may round to 0.
            losses = np.logaddexp(0.0, np.where(labels == 1, -z, z))
    return Score(float(losses.mean()), float((predicted(logits) == labels).mean()))


def predicted(logits: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the most probable class of each image, (N,). A single logit above 0 means class 1."""
    return logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(np.int64)


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of the classes (N, classes), or of class 1 where there is one logit, (N,)."""
    if logits.shape[1] > 1:
        return np.asarray(np.exp(log_probabilities(logits)))
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits[:, 0])))


def confidence(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of the most probable class of each image, (N,)."""
    p = probabilities(logits)
    return np.maximum(p, 1 - p) if p.ndim == 1 else p.max(axis=1)


def log_probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the softmax over the last axis; large logits don't overflow."""
    with np.errstate(invalid="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


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
