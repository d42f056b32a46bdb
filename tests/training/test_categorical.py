import keras
import numpy as np
import pytest

from report_cli.training import backend
from report_cli.training.categorical import compile_categorical
from report_cli.training.losses import categorical, predict


def _network() -> keras.Model:
    backend.start(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    compile_categorical(model, 1e-3)
    model.optimizer.build(model.trainable_variables)
    return model


def test_training_counts_what_the_score_counts() -> None:
    """Loss and accuracy while training are those of the same logits by the score."""
    model = _network()
    inputs, labels = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32), np.arange(20) % 4
    score = categorical(predict(model, inputs), labels)
    measured = model.train_on_batch(inputs, labels, return_dict=True)
    assert float(measured["loss"]) == pytest.approx(score.loss, rel=1e-5)
    assert float(measured["accuracy"]) == pytest.approx(score.accuracy)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow traces a step again")
def test_a_step_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of one size share one graph: building it takes as long as dozens of steps."""
    model, traced = _network(), []
    step = model.train_step
    monkeypatch.setattr(model, "train_step", lambda data: traced.append(1) or step(data))
    for _ in range(3):
        model.train_on_batch(np.zeros((8, 3), np.float32), np.zeros(8, np.int64))
    assert len(traced) == 1
