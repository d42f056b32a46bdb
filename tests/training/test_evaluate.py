import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.training.losses import BATCH, Score, categorical, check_floor, confusion, log_probabilities, predict


def test_score_of_known_logits() -> None:
    """Loss is the mean of -ln(softmax of the true class), accuracy the fraction of right argmaxes."""
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])) + np.array([[1000.0], [-1000.0]])
    score = categorical(logits, np.array([0, 1]))
    assert score.loss == pytest.approx(-(np.log(0.7) + np.log(0.25)) / 2)
    assert score.accuracy == 0.5


def test_score_agrees_with_keras() -> None:
    """The loss is Keras' categorical cross-entropy on the same logits."""
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(50, 10)) * 5, rng.integers(0, 10, 50)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits.astype(np.float32))
    assert categorical(logits, labels).loss == pytest.approx(float(theirs), rel=1e-5)
    assert np.exp(log_probabilities(logits)).sum(axis=1) == pytest.approx(np.ones(50))


def test_logits_that_are_not_finite_give_a_loss_that_is_not() -> None:
    """NaN and infinity come through as a loss that isn't finite, without a warning."""
    for bad in (np.nan, np.inf):
        assert not np.isfinite(categorical(np.array([[0.0, bad]]), np.array([0])).loss)


def test_impossible_loss_is_refused() -> None:
    """A loss below (error rate) x ln 2 is an error; at the floor and above it is not."""
    with pytest.raises(RunError, match="impossible"):
        check_floor(Score(0.03216, 0.855))
    with pytest.raises(RunError, match="impossible"):
        check_floor(Score(float("nan"), 0.5))
    check_floor(Score(0.5 * np.log(2), 0.5))
    check_floor(Score(0.638, 0.7383))


def test_predictions_come_in_order_over_several_batches() -> None:
    """Every image gets its own row of float64 logits, whatever the batch it was in."""
    model = keras.Sequential([keras.Input((1, 1, 2)), keras.layers.Flatten()])
    inputs = np.arange(4 * BATCH + 6, dtype=np.float32).reshape(-1, 1, 1, 2)
    logits = predict(model, inputs)
    assert logits.dtype == np.float64
    np.testing.assert_array_equal(logits, inputs.reshape(-1, 2))


def test_confusion_counts_true_rows_and_predicted_columns() -> None:
    """Rows are true classes, columns predicted ones, and repeated pairs are counted."""
    counts = confusion(np.array([1, 1, 0]), np.array([0, 0, 1]), 3)
    assert counts.tolist() == [[0, 2, 0], [1, 0, 0], [0, 0, 0]]
