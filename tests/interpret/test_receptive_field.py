import keras
import numpy as np
import pytest

from report_cli.errors import RunError
from report_cli.interpret import receptive_field


def _model(kernel: int = 3, padding: str = "valid", **options: object) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((14, 14, 2)),
            layers.Conv2D(3, kernel, padding=padding, activation="relu", name="conv1", **options),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 3, padding=padding, activation="relu", name="conv2"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(1),
        ]
    )


def test_both_parts_together_are_the_network() -> None:
    """What comes before a cut, followed by what comes after it, gives the output of the whole, at every convolution."""
    model, inputs = _model(), np.random.default_rng(0).normal(size=(3, 14, 14, 2)).astype(np.float32)
    assert receptive_field.convolutions(model) == ["conv1", "conv2"]
    for name in receptive_field.convolutions(model):
        maps = receptive_field.up_to(model, name).predict_on_batch(inputs)
        np.testing.assert_allclose(
            receptive_field.after(model, name).predict_on_batch(maps), model.predict_on_batch(inputs), rtol=1e-5
        )


def test_the_network_before_a_layer_takes_squares_of_another_size() -> None:
    """What comes before a layer can be asked for other sizes; before the first layer nothing happens."""
    model = _model()
    assert receptive_field.before(model, "conv2", 30).output_shape == (None, 14, 14, 3)
    inputs = np.ones((1, 30, 30, 2), np.float32)
    np.testing.assert_array_equal(receptive_field.before(model, "conv1", 30).predict_on_batch(inputs), inputs)


@pytest.mark.parametrize(
    ("padding", "fields"),
    [
        ("valid", [receptive_field.ReceptiveField(3, 1), receptive_field.ReceptiveField(8, 2)]),
        ("same", [receptive_field.ReceptiveField(3, 1, -1), receptive_field.ReceptiveField(8, 2, -3)]),
    ],
)
def test_receptive_fields(padding: str, fields: list[receptive_field.ReceptiveField]) -> None:
    """A unit sees what its field says: changing a pixel moves exactly the units whose fields hold it."""
    model = _model(padding=padding)
    found = [receptive_field.of_layer(model, name) for name in ("conv1", "conv2")]
    assert found == fields
    cut = receptive_field.up_to(model, "conv2")
    rng = np.random.default_rng(0)
    # All weights and inputs positive, so that every change comes through.
    model.set_weights([abs(array) + 0.1 for array in model.get_weights()])
    inputs = rng.uniform(1, 2, (1, 14, 14, 2)).astype(np.float32)
    before = cut.predict_on_batch(inputs)
    for row, column in ((0, 0), (7, 7), (13, 5)):
        changed = inputs.copy()
        changed[0, row, column] += 100
        moved = (cut.predict_on_batch(changed) != before).any(axis=(0, 3))
        starts = found[1].first + found[1].stride * np.arange(moved.shape[0])
        sees = [(starts <= place) & (place < starts + found[1].size) for place in (row, column)]
        np.testing.assert_array_equal(moved, np.outer(*sees))


def test_unknown_fields_are_refused() -> None:
    """A network that pads unevenly or dilates has other fields than the formula says, so it is refused."""
    for options in ({"padding": "same", "kernel": 4}, {"dilation_rate": 2}):
        with pytest.raises(RunError, match="conv1"):
            receptive_field.of_layer(_model(**options), "conv1")
    model = _model()
    with pytest.raises(RunError, match="flatten"):
        receptive_field.of_layer(model, model.layers[-2].name)
