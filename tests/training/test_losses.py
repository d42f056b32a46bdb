import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.training.losses import (
    BATCH,
    Score,
    check_floor,
    compile_classifier,
    confusion,
    predict,
    predicted,
    probabilities,
    score,
)
from tests.training.memory import start


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


def _network(outputs: int) -> keras.Model:
    start(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(outputs)])
    compile_classifier(model, 1e-3)
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.mark.parametrize("outputs", [1, 4])
def test_training_counts_what_the_score_counts(outputs: int) -> None:
    """Loss and accuracy while training are those of the same logits by the score, with one logit and with several."""
    model = _network(outputs)
    inputs = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    labels = np.arange(20) % max(outputs, 2)
    expected = score(predict(model, inputs), labels)
    measured = model.train_on_batch(inputs, labels, return_dict=True)
    assert float(measured["loss"]) == pytest.approx(expected.loss, rel=1e-5)
    assert float(measured["accuracy"]) == pytest.approx(expected.accuracy)


def test_a_step_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of one size share one graph: building it takes as long as dozens of steps."""
    model, traced = _network(4), []
    step = model.train_step
    monkeypatch.setattr(model, "train_step", lambda data: traced.append(1) or step(data))
    for _ in range(3):
        model.train_on_batch(np.zeros((8, 3), np.float32), np.zeros(8, np.int64))
    assert len(traced) == 1
