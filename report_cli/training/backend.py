"""The one place with code for TensorFlow, on which Keras runs."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError


def start(seed: int, threads: int) -> None:
    """Begin a fresh session: afterwards nothing that ran before in this process influences a result.

    Layer names and counters start anew, every random generator is seeded, arithmetic is float32 with channels last,
    operations are deterministic, and sums are split over so many threads. Calling it again is harmless.

    Raises:
        RunError: the process has used TensorFlow with another number of threads, which can't be changed any more.
    """
    keras.utils.clear_session()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow

    if tensorflow.config.threading.get_intra_op_parallelism_threads() != threads:
        try:
            tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError as error:
            raise RunError(
                f"TensorFlow was used before the number of its threads was set to {threads}",
                "import keras before anything computes with TensorFlow",
            ) from error
    tensorflow.config.experimental.enable_op_determinism()


def gradient(scores: Callable[[Any], Any]) -> Callable[[NDArray[np.float32]], tuple[NDArray[Any], NDArray[Any]]]:
    """Return a function from inputs (N, ...) to their scores (N,) and the gradient of each score by its own input.

    `scores` takes and returns tensors; the score of one input must not depend on another input. Works in inference
    mode only: `scores` calls its model with training=False.
    """
    import tensorflow

    def both(inputs: Any) -> tuple[Any, Any]:
        with tensorflow.GradientTape() as tape:
            tape.watch(inputs)
            value = scores(inputs)
        return value, tape.gradient(value, inputs)

    compiled = tensorflow.function(both)

    def slope(inputs: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        value, by_input = compiled(tensorflow.convert_to_tensor(inputs))
        return value.numpy(), by_input.numpy()

    return slope
