from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow
from numpy.typing import NDArray

from report_cli.training import fused
from tests.training.memory import start


def _dropout(rate: float, seed: int = 0) -> keras.layers.Dropout:
    layer = keras.layers.Dropout(rate, seed=seed)
    fused.fuse(keras.Sequential([keras.Input((8,)), layer]))
    assert type(layer) is fused.Dropout
    return layer


def _state(layer: keras.layers.Dropout) -> NDArray[Any]:
    return np.array(keras.ops.copy(layer.seed_generator.state))


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_the_rate_is_met_and_what_is_kept_is_scaled(rate: float) -> None:
    """Of many values the share `rate` becomes 0, evenly over images and places; the others grow so that means stay."""
    values = np.random.default_rng(0).uniform(1, 2, (200, 500)).astype(np.float32)
    dropped = np.asarray(_dropout(rate)(values, training=True))
    zero = dropped == 0
    deviation = np.sqrt(rate * (1 - rate))
    assert zero.mean() == pytest.approx(rate, abs=5 * deviation / np.sqrt(zero.size))
    for axis in (0, 1):
        assert abs(zero.mean(axis) - rate).max() < 5.5 * deviation / np.sqrt(zero.shape[axis])
    np.testing.assert_allclose(dropped[~zero], values[~zero] / (1 - rate), rtol=1e-6)


def test_the_state_alone_decides() -> None:
    """The same state gives the same mask, in a compiled function as well; every call takes a new state."""
    start(0)
    values = np.ones((3, 5, 7), np.float32)
    layer, same, other = _dropout(0.5), _dropout(0.5), _dropout(0.5, seed=1)
    compiled = tensorflow.function(lambda x: same(x, training=True))
    masks, states = [], [_state(layer)]
    for _ in range(3):
        masks.append(np.asarray(layer(values, training=True)))
        np.testing.assert_array_equal(compiled(values), masks[-1])
        states.append(_state(layer))
        np.testing.assert_array_equal(_state(same), states[-1])
    assert len({mask.tobytes() for mask in masks}) == 3
    assert len({state.tobytes() for state in states}) == 4
    assert (np.asarray(other(values, training=True)) != masks[0]).any()
    layer.seed_generator.state.assign(states[1])
    np.testing.assert_array_equal(layer(values, training=True), masks[1])


def test_nothing_is_dropped_but_in_training() -> None:
    """In inference values stay as they are, and no state is used up; so do they at a rate of 0."""
    values = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    layer = _dropout(0.5)
    before = _state(layer)
    np.testing.assert_array_equal(layer(values, training=False), values)
    np.testing.assert_array_equal(_state(layer), before)
    np.testing.assert_array_equal(_dropout(0.0)(values, training=True), values)


def test_values_keep_their_precision() -> None:
    """Dropout of bfloat16 gives bfloat16."""
    assert _dropout(0.5)(tensorflow.ones((2, 3), "bfloat16"), training=True).dtype == "float32"
    layer = _dropout(0.5)
    layer.dtype_policy = "mixed_bfloat16"
    assert layer(tensorflow.ones((2, 3)), training=True).dtype == "bfloat16"


def test_a_model_keeps_its_variables() -> None:
    """Fusing changes neither names nor shapes nor values of a model's variables, nested ones included."""
    start(0)
    layers = keras.layers
    nested = keras.Sequential([keras.Input((6,)), layers.Dense(5), layers.Dropout(0.5)])
    noisy = layers.Dropout(0.5, noise_shape=(None, 1))
    model = keras.Sequential([keras.Input((6,)), layers.Dropout(0.2), nested, noisy, layers.Dense(2)])

    def variables() -> list[tuple[str, tuple[int, ...], bytes]]:
        return [(v.path, tuple(v.shape), np.array(keras.ops.copy(v)).tobytes()) for v in model.variables]

    before = variables()
    fused.fuse(model)
    assert variables() == before
    assert [type(model.layers[0]), type(nested.layers[1])] == [fused.Dropout] * 2
    assert type(noisy) is keras.layers.Dropout, "masks that are shared are left to Keras"


OPTIMIZERS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "RMSprop": (lambda: fused.RMSprop(1e-2), lambda: keras.optimizers.RMSprop(1e-2)),
    "RMSprop with other constants": (
        lambda: fused.RMSprop(1e-3, 0.7, 1e-3),
        lambda: keras.optimizers.RMSprop(1e-3, 0.7, epsilon=1e-3),
    ),
    "SGD": (
        lambda: fused.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-2),
        lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-2),
    ),
    "SGD without Nesterov": (lambda: fused.SGD(0.1, momentum=0.8), lambda: keras.optimizers.SGD(0.1, momentum=0.8)),
    "SGD without momentum": (lambda: fused.SGD(0.1), lambda: keras.optimizers.SGD(0.1)),
    "SGD with a schedule": (
        lambda: fused.SGD(keras.optimizers.schedules.CosineDecay(0.1, 4), momentum=0.9),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 4), momentum=0.9),
    ),
}


def _trained(optimizer: Any, values: list[NDArray[Any]], gradients: list[list[NDArray[Any]]]) -> list[NDArray[Any]]:
    """Return weights and states after a step along each of the gradients, every other one compiled."""
    variables = [keras.Variable(value) for value in values]
    optimizer.build(variables)

    def apply(step: list[Any]) -> None:
        optimizer.apply(step, variables)

    compiled = tensorflow.function(apply, autograph=False)
    for number, step in enumerate(gradients):
        (compiled if number % 2 else apply)([tensorflow.constant(gradient) for gradient in step])
    return [np.array(keras.ops.copy(variable)) for variable in (*variables, *optimizer.variables)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_keras(name: str) -> None:
    """Over several steps weights and states are those that Keras' own optimizer comes to, compiled or not."""
    rng = np.random.default_rng(0)
    shapes = ((3, 4), (4,))
    values = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    gradients = [[rng.normal(size=shape).astype(np.float32) for shape in shapes] for _ in range(6)]
    ours, theirs = (_trained(make(), values, gradients) for make in OPTIMIZERS[name])
    for our, their in zip(ours, theirs, strict=True):
        assert our.shape == their.shape
        np.testing.assert_allclose(our, their, rtol=1e-5, atol=1e-6)
    assert abs(ours[0] - values[0]).min() > 0
