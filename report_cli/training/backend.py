"""TensorFlow, on which Keras runs: how a session begins, gradients by the input, and many training steps a call."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.errors import RunError

Prepare = Callable[[Any], Any]


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


def stepper(
    model: keras.Model, prepare: Prepare, like: Any
) -> Callable[[NDArray[Any], NDArray[np.int64]], tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return a function that makes a training step of the compiled classifier `model` on each of some batches.

    It takes inputs (steps, batch, ...) of the type of `like` (N, ...), which `prepare` turns into what `model` takes,
    and labels (steps, batch), and returns the mean loss and the number of right answers of each step, (steps,), both
    before the weights change. It is traced once, for any number of steps and images.
    """
    import tensorflow

    weights, optimizer = model.trainable_variables, model.optimizer

    def step(inputs: Any, labels: Any) -> tuple[Any, Any]:
        with tensorflow.GradientTape() as tape:
            logits = model(prepare(inputs), training=True)
            loss = model.compute_loss(y=labels, y_pred=logits)
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)
        chosen = (
            tensorflow.argmax(logits, 1) if logits.shape[1] > 1 else tensorflow.cast(logits[:, 0] > 0, labels.dtype)
        )
        return loss, tensorflow.math.count_nonzero(chosen == labels)

    def steps(inputs: Any, labels: Any) -> tuple[Any, Any]:
        count = tensorflow.shape(labels)[0]
        losses = tensorflow.TensorArray(tensorflow.float32, count)
        right = tensorflow.TensorArray(tensorflow.int64, count)

        def body(i: Any, losses: Any, right: Any) -> tuple[Any, Any, Any]:
            loss, hits = step(inputs[i], labels[i])
            return i + 1, losses.write(i, loss), right.write(i, hits)

        _, losses, right = tensorflow.while_loop(
            lambda i, *_: i < count, body, (tensorflow.constant(0), losses, right), parallel_iterations=1
        )
        return losses.stack(), right.stack()

    images = tensorflow.TensorSpec((None, None, *like.shape[1:]), like.dtype)
    compiled = tensorflow.function(
        steps, input_signature=(images, tensorflow.TensorSpec((None, None), tensorflow.int64)), autograph=False
    )

    def run(inputs: NDArray[Any], labels: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        losses, right = compiled(inputs, labels)
        return losses.numpy(), right.numpy()

    return run


def predictor(model: keras.Model, prepare: Prepare, like: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a function from inputs (N, ...) of the type of `like` to the outputs of `model`, in inference mode."""
    import tensorflow

    compiled = tensorflow.function(
        lambda inputs: model(prepare(inputs), training=False),
        input_signature=(tensorflow.TensorSpec((None, *like.shape[1:]), like.dtype),),
        autograph=False,
    )
    return lambda inputs: compiled(inputs).numpy()
