import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.training import backend, fit
from report_cli.training.best import Settings, fit_best, lowest
from report_cli.training.binary import compile_binary
from report_cli.training.fit import Examples
from report_cli.training.losses import binary, predict
from tests.training.memory import InterruptionError, MemoryCheckpoint, MemoryRecord

EPOCHS = 6


def _examples(seed: int, count: int) -> Examples:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    return Examples(rng.normal(labels[:, None] / 2, 1, (count, 8)).astype(np.float32), labels)


VALIDATION = _examples(1, 30)


def _train(record: MemoryRecord, seed: int = 5) -> tuple[keras.Model, list[fit.Row]]:
    """Train a model that overfits within a few epochs."""
    backend.start(seed)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(32, activation="relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    compile_binary(model, 0.03)
    return model, fit_best(model, _examples(0, 40), VALIDATION, record, Settings(EPOCHS, 10, seed, binary))


def test_the_model_ends_with_the_weights_of_its_best_epoch() -> None:
    """The model has the lowest validation loss of the history, which is not the last, and the history is whole."""
    record = MemoryRecord()
    model, history = _train(record)
    assert history == record.history
    assert [row["epoch"] for row in history] == list(range(1, EPOCHS + 1))
    best = lowest(history)
    assert best["epoch"] < EPOCHS
    score = binary(predict(model, VALIDATION.inputs), VALIDATION.labels)
    assert score.loss == best["validation_loss"] == min(row["validation_loss"] for row in history)


@pytest.mark.parametrize("after", [1, EPOCHS - 1])
def test_interrupted_before_or_after_the_best_epoch_ends_the_same(after: int) -> None:
    """A training that was interrupted ends with the same weights of the best epoch, bit for bit."""
    whole, history = _train(MemoryRecord())
    interrupted = MemoryRecord(stop_after=after)
    with pytest.raises(InterruptionError):
        _train(interrupted)
    record = MemoryRecord(checkpoint=interrupted.checkpoint)
    again, _ = _train(record)
    assert record.history == history
    for name, array in fit.weights(whole).items():
        np.testing.assert_array_equal(fit.weights(again)[name], array)


def test_the_seed_of_the_settings_orders_the_images() -> None:
    """The order of the images follows the seed that was given, not that of the run."""
    _, first = _train(MemoryRecord(seed=0))
    _, second = _train(MemoryRecord(seed=1))
    _, third = _train(MemoryRecord(seed=0), seed=6)
    assert first == second
    assert first != third


def test_a_checkpoint_without_a_best_epoch_is_refused() -> None:
    """A checkpoint of a training that kept no best epoch is an error, as its best epoch is lost."""
    record = MemoryRecord(stop_after=2)
    with pytest.raises(InterruptionError):
        _train(record)
    saved = record.checkpoint.saved
    assert saved is not None
    checkpoint = MemoryCheckpoint()
    checkpoint.saved = (saved[0], {n: a for n, a in saved[1].items() if not n.startswith("best")}, saved[2])
    with pytest.raises(RunError, match="no best epoch"):
        _train(MemoryRecord(checkpoint=checkpoint))
