"""The one place with code for a particular backend: one branch each for tensorflow, jax and torch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError

# With TensorFlow and oneDNN, sums are split by the number of threads, so the last bits of a result depend on that
# number but not on the number of cores behind it. A fixed number makes a result independent of how many cores are free.
THREADS = 4


def start(seed: int) -> None:
    """Begin a fresh session: afterwards nothing that ran before in this process influences a result.

    Layer names and counters start anew, every random generator is seeded, arithmetic is float32 with channels last,
    operations are deterministic, and the number of threads is `THREADS`. Calling it again is harmless.

    Raises:
        RunError: the process has used TensorFlow with another number of threads, which can't be changed any more.
    """
    keras.utils.clear_session()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    _make_deterministic()


def _make_deterministic() -> None:
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow

        if tensorflow.config.threading.get_intra_op_parallelism_threads() != THREADS:
            try:
                tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
            except RuntimeError as error:
                raise RunError(
                    f"TensorFlow was used before the number of its threads was set to {THREADS}",
                    "call report_cli.training.backend.start before anything else that computes",
                ) from error
        tensorflow.config.experimental.enable_op_determinism()
    elif name == "torch":
        import torch

        torch.set_num_threads(THREADS)
        torch.use_deterministic_algorithms(True)
    elif name == "jax":
        # JAX is deterministic on a CPU; on a GPU XLA_FLAGS=--xla_gpu_deterministic_ops=true must be in the
        # environment before the process starts.
        pass
    else:
        raise RunError(f"keras runs on {name!r}", "set KERAS_BACKEND to tensorflow, jax or torch")


def gradient(scores: Callable[[Any], Any]) -> Callable[[NDArray[np.float32]], tuple[NDArray[Any], NDArray[Any]]]:
    """Return a function from inputs (N, ...) to their scores (N,) and the gradient of each score by its own input.

    `scores` takes and returns tensors of the backend; the score of one input must not depend on another input.
    Works in inference mode only: `scores` calls its model with training=False.
    """
    name = keras.backend.backend()
    if name == "tensorflow":
        return _tensorflow_gradient(scores)
    if name == "jax":
        return _jax_gradient(scores)
    return _torch_gradient(scores)


def _tensorflow_gradient(scores: Callable[[Any], Any]) -> Callable[..., tuple[NDArray[Any], NDArray[Any]]]:
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


def _jax_gradient(scores: Callable[[Any], Any]) -> Callable[..., tuple[NDArray[Any], NDArray[Any]]]:
    import jax

    def total(inputs: Any) -> tuple[Any, Any]:
        value = scores(inputs)
        return value.sum(), value

    both = jax.jit(jax.value_and_grad(total, has_aux=True))

    def slope(inputs: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        (_, value), by_input = both(inputs)
        return np.asarray(value), np.asarray(by_input)

    return slope


def _torch_gradient(scores: Callable[[Any], Any]) -> Callable[..., tuple[NDArray[Any], NDArray[Any]]]:
    import torch

    def slope(inputs: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        tensor = keras.ops.convert_to_tensor(inputs).detach().requires_grad_(True)
        value = scores(tensor)
        (by_input,) = torch.autograd.grad(value.sum(), tensor)
        return value.detach().cpu().numpy(), by_input.cpu().numpy()

    return slope
