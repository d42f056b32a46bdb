import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.training.losses import (
    Score,
    check_floor,
    compile_classifier,
    confidence,
    confusion,
    predicted,
    probabilities,
    score,
)


def test_score_of_known_logits() -> None:
    """Loss is the mean of -ln of the probability of the true class, accuracy the fraction of right classes."""
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])) + np.array([[1000.0], [-1000.0]])
    several = score(logits, np.array([0, 1]))
    assert several.loss == pytest.approx(-(np.log(0.7) + np.log(0.25)) / 2)
    assert several.accuracy == 0.5
    logits, labels = np.array([[2.0], [-1.0], [0.5], [-3.0]]), np.array([1, 1, 0, 0])
    p = 1 / (1 + np.exp(-logits[:, 0]))
    single = score(logits, labels)
    assert single.loss == pytest.approx(-np.mean(np.log(np.where(labels == 1, p, 1 - p))), rel=1e-12)
    assert single.accuracy == 0.5
    assert predicted(logits).tolist() == [1, 0, 1, 0]
    assert probabilities(logits) == pytest.approx(p)


def test_score_agrees_with_keras() -> None:
    """The loss is Keras' categorical cross-entropy on the same logits, and probabilities add up to 1."""
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(50, 10)) * 5, rng.integers(0, 10, 50)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits.astype(np.float32))
    assert score(logits, labels).loss == pytest.approx(float(theirs), rel=1e-5)
    assert probabilities(logits).sum(axis=1) == pytest.approx(np.ones(50))


def test_extreme_logits() -> None:
    """Logits whose sigmoid rounds to 0 or 1 cost what they should; NaN and infinity give a loss that isn't finite."""
    assert score(np.array([[800.0], [-800.0]]), np.array([1, 0])) == Score(0.0, 1.0)
    assert score(np.array([[800.0]]), np.array([0])) == Score(800.0, 0.0)
    for bad in (np.nan, np.inf):
        assert not np.isfinite(score(np.array([[0.0, bad]]), np.array([0])).loss)
    assert not np.isfinite(score(np.array([[np.nan]]), np.array([0])).loss)


def test_impossible_loss_is_refused() -> None:
    """A loss below (error rate) x ln 2 is an error; at the floor and above it, as all logits give it, is not."""
    for impossible in (Score(0.03216, 0.855), Score(float("nan"), 0.5)):
        with pytest.raises(RunError, match="impossible"):
            check_floor(impossible)
    check_floor(Score(0.5 * np.log(2), 0.5))
    rng = np.random.default_rng(0)
    for scale in (1e-9, 1.0, 30.0):
        check_floor(score(rng.normal(0, scale, (200, 1)), rng.integers(0, 2, 200)))


def test_confusion_counts_true_rows_and_predicted_columns() -> None:
    """Rows are true classes, columns predicted ones, and repeated pairs are counted."""
    counts = confusion(np.array([1, 1, 0]), np.array([0, 0, 1]), 3)
    assert counts.tolist() == [[0, 2, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("outputs", [1, 4])
def test_what_is_minimised_is_what_the_score_counts(outputs: int) -> None:
    """The loss that a network is compiled with is that of the score on the same logits, with one logit and several."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(outputs)])
    compile_classifier(model, 2e-3)
    assert float(model.optimizer.learning_rate) == pytest.approx(2e-3)
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(20, outputs)).astype(np.float32), np.arange(20) % max(outputs, 2)
    minimised = float(model.compute_loss(y=labels, y_pred=logits))
    assert minimised == pytest.approx(score(logits.astype(np.float64), labels).loss, rel=1e-5)


def test_confidence_is_the_probability_of_what_is_named() -> None:
    """With one logit or several, the confidence is the largest probability, never below that of a guess."""
    for logits in (np.array([[3.0], [-0.5], [0.0]]), np.array([[3.0, 0.0], [0.0, 0.5], [1.0, 1.0]])):
        assert confidence(logits) == pytest.approx(1 / (1 + np.exp([-3.0, -0.5, 0.0])))
