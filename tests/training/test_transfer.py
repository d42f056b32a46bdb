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


def _prepare(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / 255


def test_features_are_those_of_the_model_on_prepared_images(model: keras.Model) -> None:
    """Features come in the order of the images, whatever the batches, and of prepared pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (transfer.BATCH + 7, 8, 8, 3)).astype(np.uint8)
    features = transfer.features(model, pixels, _prepare)
    np.testing.assert_allclose(features, np.asarray(model(_prepare(pixels))), atol=1e-5)
    assert features.dtype == np.float32
    assert transfer.features(model, pixels[:0], _prepare).shape == (0, 2)


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


def test_the_smallest_change_of_a_frozen_weight_is_found(model: keras.Model) -> None:
    """Frozen weights have to be the same to the last bit, be it the sign of a zero."""
    before = weights(model)
    transfer.check_frozen(model, before)
    model.get_layer("first").bias.assign(-np.zeros(4, np.float32))
    with pytest.raises(RunError, match="first/bias was to stay frozen"):
        transfer.check_frozen(model, before)


def test_a_trained_weight_that_did_not_move_is_found(model: keras.Model) -> None:
    """Every array that was to be trained has to have changed."""
    before = weights(model)
    for variable in model.trainable_weights[:-1]:
        variable.assign_add(np.full(variable.shape, 1e-3, np.float32))
    with pytest.raises(RunError, match="last/bias was to be trained and did not change"):
        transfer.check_tuned(model, before)
    model.trainable_weights[-1].assign_add(np.ones(2, np.float32))
    transfer.check_tuned(model, before)
