import keras
import numpy as np
import pytest

from experiments import theory
from experiments.models import control, inception
from report_cli.training.cost import multiply_adds
from tests.training.memory import MemoryFigures, MemoryRecord, MemoryRun


@pytest.fixture(scope="module")
def facts() -> MemoryRecord:
    """Everything that the experiment records."""
    record = MemoryRecord()
    theory.theory.measure(theory.Params(), None, record)
    return record


def _convolve(image: np.ndarray, **options: object) -> np.ndarray:
    """Convolve with one filter of ones, by the Keras layer."""
    layer = keras.layers.Conv2D(1, 3, kernel_initializer="ones", **options)
    return np.asarray(layer(image[None].astype(np.float32)))[0, :, :, 0]


def test_records_what_it_declares(facts: MemoryRecord) -> None:
    """Every declared fact is recorded, and no other."""
    assert set(facts.scalars) == set(theory.METRICS)


def test_question_1_agrees_with_keras(facts: MemoryRecord) -> None:
    """Without padding the output is the Keras layer's, as a whole and per channel."""
    image = theory.exercise_image()
    np.testing.assert_array_equal(facts.arrays["q1_output"], [[45, 45], [54, 54]])
    np.testing.assert_array_equal(facts.arrays["q1_output"], _convolve(image))
    for channel, name in enumerate(("red", "green", "blue")):
        np.testing.assert_array_equal(facts.arrays[f"q1_{name}_output"], _convolve(image[:, :, [channel]]))


def test_question_2_agrees_with_keras(facts: MemoryRecord) -> None:
    """With zero padding of one pixel the output is that of the Keras layer with padding "same"."""
    np.testing.assert_array_equal(facts.arrays["q2_output"][0], [18, 27, 27, 18])
    np.testing.assert_array_equal(facts.arrays["q2_output"], _convolve(theory.exercise_image(), padding="same"))


@pytest.mark.parametrize(("stride", "dilation", "padding"), [(1, 1, 0), (2, 1, 0), (1, 2, 2), (2, 1, 1), (1, 3, 3)])
def test_convolution_agrees_with_keras(stride: int, dilation: int, padding: int) -> None:
    """Stride, dilation and zero padding mean what they mean in Keras, on an image that isn't square."""
    rng = np.random.default_rng(0)
    image, kernels = rng.integers(-9, 9, (8, 11, 2)), rng.integers(-3, 3, (3, 3, 2, 4))
    layer = keras.layers.Conv2D(4, 3, strides=stride, dilation_rate=dilation, use_bias=False)
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))[None].astype(np.float32)
    layer.build(padded.shape)
    layer.set_weights([kernels.astype(np.float32)])
    ours = theory.convolve(image, kernels, padding=padding, stride=stride, dilation=dilation)
    np.testing.assert_array_equal(ours, np.asarray(layer(padded))[0])


def test_question_7_agrees_with_keras(facts: MemoryRecord) -> None:
    """Output shape and parameters are those of the Keras layer."""
    model = keras.Sequential([keras.Input((128, 128, 32)), keras.layers.Conv2D(16, 3)])
    assert model.output_shape[1:] == tuple(facts.scalars[f"q7_{name}"] for name in ("height", "width", "channels"))
    assert facts.scalars["q7_parameters"] == model.count_params() == 4_624


def test_question_17_agrees_with_keras(facts: MemoryRecord) -> None:
    """Parameters and multiply-adds of the 5x5 path are those of Keras layers with and without the bottleneck."""
    layers = keras.layers
    direct = keras.Sequential([keras.Input((28, 28, 192)), layers.Conv2D(32, 5, padding="same")])
    reduced = keras.Sequential([keras.Input((28, 28, 192)), layers.Conv2D(16, 1), layers.Conv2D(32, 5, padding="same")])
    for model, name in ((direct, "direct"), (reduced, "bottleneck")):
        assert facts.scalars[f"q17_{name}_parameters"] == model.count_params()
        assert facts.scalars[f"q17_{name}_multiply_adds"] == multiply_adds(model)
    saving = multiply_adds(direct) / multiply_adds(reduced)
    assert facts.scalars["q17_saving"] == pytest.approx(saving)


def test_question_17_agrees_with_the_networks(facts: MemoryRecord) -> None:
    """The shapes and parameters of our block are those of the trained networks' layers."""
    network = inception.build((32, 32, 3), 10, 0.25)
    before, after = network.get_layer("block2_dropout").output.shape, network.get_layer("flatten").input.shape
    block = [layer for layer in network.layers if layer.name.startswith("inception")]
    assert tuple(before[2:]) == (facts.scalars["q17_ours_size"], facts.scalars["q17_ours_channels"])
    assert tuple(after[2:]) == (facts.scalars["q17_ours_output_size"], facts.scalars["q17_ours_output_channels"])
    assert sum(layer.count_params() for layer in block) == facts.scalars["q17_ours_parameters"]
    shared = control.blocks(keras.Input((32, 32, 3)), 0.25).shape
    assert shared == before


def test_draws_what_it_declares(facts: MemoryRecord) -> None:
    """The diagrams come from the recorded numbers: other numbers, another drawing and another text."""
    figures = MemoryFigures()
    theory.draw(MemoryRun(facts), figures)
    assert tuple(figures.figures) == theory.theory.figures
    assert "rows 45, 45 and 54, 54" in figures.alts["q1_convolution"]
    drawn = [text.get_text() for text in figures.figures["q17_inception"].axes[0].texts]
    assert {"input, 192 channels", "concatenation, 256 channels", "5×5 convolution\n32 filters"} <= set(drawn)
