import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.training import transfer
from report_cli.training.fit import weights
from tests.training.memory import start


@pytest.fixture
def model() -> keras.Model:
    start(0)
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="first")(inputs)
    return keras.Model(inputs, layers.Dense(2, name="last")(layers.Flatten()(x)), name="small")


def test_load_gives_weights_by_name(model: keras.Model) -> None:
    """What has the name of a weight becomes that weight; what has another name is passed over."""
    before = weights(model)
    transfer.load(model, {"first/bias": np.ones(4, np.float32), "elsewhere/kernel": np.ones(3, np.float32)})
    after = weights(model)
    np.testing.assert_array_equal(after["first/bias"], np.ones(4))
    np.testing.assert_array_equal(after["last/kernel"], before["last/kernel"])


def test_load_refuses_what_does_not_fit(model: keras.Model) -> None:
    """A weight of another shape, and weights of which none is known, are errors that name them."""
    with pytest.raises(RunError, match=r"first/bias has the shape \(5,\), not \(4,\)"):
        transfer.load(model, {"first/bias": np.ones(5, np.float32)})
    with pytest.raises(RunError, match="none of the weights is one of small"):
        transfer.load(model, {"other/bias": np.ones(5, np.float32)})


def _train(model: keras.Model, untouched: keras.Variable | None = None) -> None:
    for variable in model.trainable_weights:
        if variable is not untouched:
            variable.assign_add(np.full(variable.shape, 1e-3, np.float32))


def test_the_smallest_change_of_a_frozen_weight_is_found(model: keras.Model) -> None:
    """Frozen weights have to be the same to the last bit, be it the sign of a zero."""
    model.get_layer("first").trainable = False
    before = weights(model)
    _train(model)
    transfer.check_moved(model, before)
    model.get_layer("first").bias.assign(-np.zeros(4, np.float32))
    with pytest.raises(RunError, match="first/bias was to stay frozen"):
        transfer.check_moved(model, before)


def test_a_trained_weight_that_did_not_move_is_found(model: keras.Model) -> None:
    """Every array that was to be trained has to have changed."""
    before = weights(model)
    last = model.get_layer("last").bias
    _train(model, last)
    with pytest.raises(RunError, match="last/bias was to be trained and did not change"):
        transfer.check_moved(model, before)
    last.assign_add(np.ones(2, np.float32))
    transfer.check_moved(model, before)
