import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.training.precision import set_precision
from tests.training.memory import start

LAYERS = keras.layers


@pytest.fixture
def model() -> keras.Model:
    """A network with a nested base, as those of keras.applications are used."""
    start(0)
    images = keras.Input((8, 8, 3))
    x = LAYERS.BatchNormalization(name="norm")(LAYERS.Conv2D(4, 3, name="convolution")(images))
    base = keras.Model(images, LAYERS.ReLU(name="relu")(x), name="base")
    inputs = keras.Input((8, 8, 3))
    x = base(LAYERS.Rescaling(1 / 255, name="rescaling")(inputs))
    x = LAYERS.Dropout(0.5, name="dropout")(LAYERS.Dense(6, name="dense")(LAYERS.MaxPooling2D(2, name="pool")(x)))
    return keras.Model(inputs, LAYERS.Dense(2, name="logits")(LAYERS.GlobalAveragePooling2D(name="mean")(x)))


def _computing(model: keras.Model) -> dict[str, str]:
    nested = [*model.get_layer("base").layers, *model.layers]
    ignored = (keras.layers.InputLayer, keras.Model)
    return {layer.name: layer.compute_dtype for layer in nested if not isinstance(layer, ignored)}


def test_what_computes_in_which_precision(model: keras.Model) -> None:
    """In bfloat16 do what multiplies and what lies between, nested too; logits, norms, means and scales do not."""
    set_precision(model, "bfloat16")
    computing = _computing(model)
    exact = ("norm", "mean", "rescaling", "logits")
    assert computing == {name: "float32" if name in exact else "bfloat16" for name in computing}
    assert {"convolution", "relu", "pool", "dense", "dropout"} < set(computing)


def test_weights_and_logits_stay_exact(model: keras.Model) -> None:
    """Variables and logits are float32, the maps between are bfloat16 indeed, and the result is nearly the same."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    exact = model(pixels).numpy()
    before = model.get_weights()
    set_precision(model, "bfloat16")
    logits = model(pixels)
    assert logits.dtype == "float32"
    assert {variable.dtype for variable in model.weights} == {"float32"}
    assert all((a == b).all() for a, b in zip(model.get_weights(), before, strict=True))
    assert model.get_layer("base").get_layer("convolution")(pixels).dtype == "bfloat16"
    assert (logits.numpy() != exact).any()
    np.testing.assert_allclose(logits, exact, atol=0.05 * abs(exact).max())


def test_float32_sets_everything_back(model: keras.Model) -> None:
    """A network that was set to bfloat16 and back computes as if it never had been, to the last bit."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    exact = model(pixels).numpy()
    set_precision(model, "bfloat16")
    set_precision(model, "float32")
    assert set(_computing(model).values()) == {"float32"}
    np.testing.assert_array_equal(model(pixels), exact)


def test_the_last_layer_of_a_nested_model_counts_as_last(model: keras.Model) -> None:
    """Where a network ends in a nested one, that one's last layer gives float32."""
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, model(inputs))
    set_precision(outer, "bfloat16")
    assert outer(np.zeros((1, 8, 8, 3), np.float32)).dtype == "float32"
    assert model.get_layer("dense").compute_dtype == "bfloat16"


@pytest.mark.parametrize("precision", ["float16", "auto", ""])
def test_an_unknown_precision_is_refused(model: keras.Model, precision: str) -> None:
    """What is neither float32 nor bfloat16 is an error that names the choices, and changes nothing."""
    with pytest.raises(RunError) as caught:
        set_precision(model, precision)
    assert repr(precision) in caught.value.message
    assert "bfloat16" in caught.value.hint
    assert set(_computing(model).values()) == {"float32"}
