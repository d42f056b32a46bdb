import subprocess
import sys

import keras
import numpy as np

from report_cli.training import backend
from tests.training.memory import start


def _drawn() -> bytes:
    layer = keras.layers.Dense(4)
    layer.build((None, 3))
    noise = keras.layers.Dropout(0.5)(np.ones((8, 8), np.float32), training=True)
    return bytes(keras.ops.convert_to_numpy(keras.ops.copy(layer.kernel))) + bytes(keras.ops.convert_to_numpy(noise))


def test_same_seed_same_numbers_whatever_ran_before() -> None:
    """Weights, noise and layer names after `start` depend on the seed and on nothing that happened before."""
    start(7)
    first = _drawn()
    np.random.rand(3), keras.layers.Dense(2).build((None, 2)), keras.config.set_dtype_policy("mixed_bfloat16")
    start(7)
    assert keras.layers.Dense(1).name == "dense"
    start(7)
    assert _drawn() == first
    start(8)
    assert _drawn() != first


def test_start_after_computing_with_other_threads_fails() -> None:
    """A process that has computed with another number of threads is refused instead of giving other bits."""
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(1); tf.ones(1) + 1\n"
        "from report_cli.errors import RunError; from report_cli.training import backend\n"
        "try: backend.start(0, 4)\n"
        "except RunError as error: print(error.message)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout
    assert "number of its threads" in out


def test_gradient_of_a_score_by_its_input() -> None:
    """Scores and gradients are those known by hand, each score by its own input, on the backend in use."""
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    inputs = np.random.default_rng(1).normal(size=(5, 4, 3)).astype(np.float32)
    slope = backend.gradient(lambda x: keras.ops.sum(keras.ops.relu(x * weights) ** 2, axis=(1, 2)))
    for batch in (inputs, inputs[:2]):
        scores, gradients = slope(batch)
        positive = (batch * weights).clip(0)
        np.testing.assert_allclose(scores, (positive**2).sum(axis=(1, 2)), rtol=1e-5)
        np.testing.assert_allclose(gradients, 2 * positive * weights, rtol=1e-5, atol=1e-6)


def test_gradient_through_a_model_leaves_it_as_it_was() -> None:
    """A model with normalisation and dropout is differentiated in inference mode, and none of its weights move."""
    start(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.BatchNormalization(), layers.Dropout(0.5)]
    )
    before = [array.copy() for array in model.get_weights()]
    inputs = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    scores, gradients = backend.gradient(lambda x: model(x, training=False)[:, 0])(inputs)
    np.testing.assert_allclose(scores, model.predict_on_batch(inputs)[:, 0], rtol=1e-5)
    step = np.zeros_like(inputs)
    step[:, 2] = 1e-2
    change = model.predict_on_batch(inputs + step) - model.predict_on_batch(inputs - step)
    np.testing.assert_allclose(gradients[:, 2], change[:, 0] / 2e-2, rtol=1e-2, atol=1e-4)
    for after, array in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(after, array)
