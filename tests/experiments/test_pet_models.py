import keras
import pytest

from experiments import catsdogs_best

SIZES = {1: 19_066_817, 2: 3_485_633, 3: 3_485_633, 4: 3_453_249}


@pytest.mark.parametrize("number", SIZES)
def test_networks_have_the_published_size(number: int) -> None:
    """At 150 pixels each network has the number of parameters of the assignment, and gives one logit."""
    model = catsdogs_best.network(number, 150, 0.99, 0.5)
    assert model.count_params() == SIZES[number]
    assert model.output_shape == (None, 1)
    assert model.layers[-1].activation is keras.activations.linear


def test_layers_are_in_the_order_of_the_assignment() -> None:
    """Normalisation and dropout are where the assignment or the reconstruction has them; nothing pads."""
    orders = {}
    for number in SIZES:
        model = catsdogs_best.network(number, 150, 0.99, 0.5)
        orders[number] = [layer.name for layer in model.layers[1:]]
        convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
        assert {(layer.padding, layer.kernel_size, layer.activation.__name__) for layer in convolutions} == {
            ("valid", (3, 3), "relu")
        }
    rest = ["conv2", "pool2", "conv3", "pool3", "conv4", "pool4", "flatten"]
    assert orders[1][:7] == ["conv1", "pool1", "conv2", "pool2", "norm2", "conv3", "pool3"]
    assert orders[2] == ["conv1", "pool1", "norm1", *rest, "dense1", "dense2", "logit"]
    assert orders[3] == ["conv1", "pool1", "norm1", *rest, "dropout", "dense1", "dense2", "logit"]
    assert orders[4] == ["conv1", "norm1", "pool1", *rest, "dense1", "logit"]
