import keras
import numpy as np
import pytest

from report_cli.training import backend
from report_cli.training.binary import compile_binary
from report_cli.training.losses import Score, binary, check_floor, predict


def test_binary_score_is_that_of_the_definition() -> None:
    """Loss and accuracy are those of the sigmoid, where it can be computed, and 0 decides."""
    logits, labels = np.array([[2.0], [-1.0], [0.5], [-3.0]]), np.array([1, 1, 0, 0])
    p = 1 / (1 + np.exp(-logits[:, 0]))
    expected = -np.mean(np.where(labels == 1, np.log(p), np.log(1 - p)))
    score = binary(logits, labels)
    assert score.loss == pytest.approx(expected, rel=1e-12)
    assert score.accuracy == 0.5
    assert binary(logits[:, 0], labels) == score


def test_binary_score_of_extreme_logits_is_exact() -> None:
    """Logits whose sigmoid rounds to 0 or 1 cost what they should, neither nothing nor infinity."""
    assert binary(np.array([800.0, -800.0]), np.array([1, 0])) == Score(0.0, 1.0)
    assert binary(np.array([800.0]), np.array([0])) == Score(800.0, 0.0)


def test_binary_score_respects_the_floor() -> None:
    """No logits, however chosen, give a loss below the error rate times ln 2."""
    rng = np.random.default_rng(0)
    for scale in (1e-9, 1.0, 30.0):
        logits, labels = rng.normal(0, scale, 200), rng.integers(0, 2, 200)
        check_floor(binary(logits, labels))
    assert binary(np.zeros(4), np.array([0, 1, 0, 1])) == Score(pytest.approx(np.log(2)), 0.5)


def test_training_counts_what_the_score_counts() -> None:
    """Loss and accuracy while training are those of the same logits by the score."""
    backend.start(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    compile_binary(model, 1e-3)
    inputs, labels = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32), np.arange(20) % 2
    score = binary(predict(model, inputs), labels)
    measured = model.train_on_batch(inputs, labels, return_dict=True)
    assert float(measured["loss"]) == pytest.approx(score.loss, rel=1e-5)
    assert float(measured["accuracy"]) == pytest.approx(score.accuracy)
