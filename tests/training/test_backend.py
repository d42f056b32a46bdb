import subprocess
import sys

import keras
import numpy as np

from report_cli.training import backend


def _drawn() -> bytes:
    layer = keras.layers.Dense(4)
    layer.build((None, 3))
    noise = keras.layers.Dropout(0.5)(np.ones((8, 8), np.float32), training=True)
    return bytes(keras.ops.convert_to_numpy(keras.ops.copy(layer.kernel))) + bytes(keras.ops.convert_to_numpy(noise))


def test_same_seed_same_numbers_whatever_ran_before() -> None:
    """Weights, noise and layer names after `start` depend on the seed and on nothing that happened before."""
    backend.start(7)
    first = _drawn()
    np.random.rand(3), keras.layers.Dense(2).build((None, 2)), keras.config.set_dtype_policy("mixed_bfloat16")
    backend.start(7)
    assert keras.layers.Dense(1).name == "dense"
    backend.start(7)
    assert _drawn() == first
    backend.start(8)
    assert _drawn() != first


def test_start_after_computing_with_other_threads_fails() -> None:
    """A process that has computed with another number of threads is refused instead of giving other bits."""
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(1); tf.ones(1) + 1\n"
        "from report_cli.errors import RunError; from report_cli.training import backend\n"
        "try: backend.start(0)\n"
        "except RunError as error: print(error.message)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout
    assert "number of its threads" in out
