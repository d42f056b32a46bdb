import keras
import numpy as np
import pytest

from experiments import theory_windows
from experiments.theory_definitions import exercise_image
from tests.training.memory import MemoryRecord


@pytest.fixture(scope="module")
def facts() -> MemoryRecord:
    """What the questions about one layer record."""
    record = MemoryRecord()
    for number in (1, 2, 3, 4, 7, 8, 9, 11):
        getattr(theory_windows, f"question_{number}")(record)
    return record


def _convolve(image: np.ndarray, **options: object) -> np.ndarray:
    """Convolve with one filter of ones, by the Keras layer."""
    layer = keras.layers.Conv2D(1, 3, kernel_initializer="ones", **options)
    return np.asarray(layer(image[None].astype(np.float32)))[0, :, :, 0]


def test_question_1_agrees_with_keras(facts: MemoryRecord) -> None:
    """Without padding the output is the Keras layer's, as a whole and per channel."""
    image = exercise_image()
    np.testing.assert_array_equal(facts.arrays["q1_output"], [[45, 45], [54, 54]])
    np.testing.assert_array_equal(facts.arrays["q1_output"], _convolve(image))
    assert _convolve(image).shape == (facts.scalars["q1_size"],) * 2
    for channel, name in enumerate(("red", "green", "blue")):
        np.testing.assert_array_equal(facts.arrays[f"q1_{name}_output"], _convolve(image[:, :, [channel]]))


def test_question_2_agrees_with_keras(facts: MemoryRecord) -> None:
    """With zero padding of one pixel the output is that of the Keras layer with padding "same"."""
    expected = [[18, 27, 27, 18], [30, 45, 45, 30], [36, 54, 54, 36], [26, 39, 39, 26]]
    np.testing.assert_array_equal(facts.arrays["q2_output"], expected)
    np.testing.assert_array_equal(facts.arrays["q2_output"], _convolve(exercise_image(), padding="same"))
    assert facts.scalars["q2_size"] == 4
    padded = np.asarray(keras.layers.ZeroPadding2D(1)(exercise_image()[None].astype(np.float32)))[0]
    np.testing.assert_array_equal(facts.arrays["q2_padded"], padded.sum(axis=2))


def test_question_2_keeps_question_1_inside(facts: MemoryRecord) -> None:
    """The inner outputs are those without padding, and the windows cover as many pixels as Keras says."""
    np.testing.assert_array_equal(facts.arrays["q2_output"][1:-1, 1:-1], facts.arrays["q1_output"])
    covered = _convolve(np.ones((4, 4, 1)), padding="same")
    names = ("q2_corner", "q2_edge", "q2_inside")
    assert [facts.scalars[name] for name in names] == [covered[0, 0], covered[0, 1], covered[1, 1]]


def test_question_3_agrees_with_keras(facts: MemoryRecord) -> None:
    """With dilation rate 2 and padding "same" the rows are 20, 24, 20, 24; the effective kernel has 5 pixels."""
    expected = np.array([[20], [24], [20], [24]]) * np.ones((1, 4))
    np.testing.assert_array_equal(facts.arrays["q3_output"], expected)
    theirs = _convolve(exercise_image(), padding="same", dilation_rate=2)
    np.testing.assert_array_equal(facts.arrays["q3_output"], theirs)
    assert (facts.scalars["q3_kernel"], facts.scalars["q3_padding"], facts.scalars["q3_size"]) == (5, 2, 4)
    padded = np.asarray(keras.layers.ZeroPadding2D(2)(exercise_image()[None].astype(np.float32)))[0]
    np.testing.assert_array_equal(facts.arrays["q3_padded"], padded.sum(axis=2))
    np.testing.assert_array_equal(_convolve(padded, dilation_rate=2), theirs)


def test_question_3_reaches_as_far_as_keras(facts: MemoryRecord) -> None:
    """A Keras layer with as many weights at this rate fits once into an image as large as its effective kernel."""
    taps, rate, reach = (int(facts.scalars[f"q3_{name}"]) for name in ("taps", "rate", "kernel"))
    assert taps * taps == facts.arrays["q1_kernel"][:, :, 0].size
    sizes = [
        keras.Sequential([keras.Input((side, side, 1)), keras.layers.Conv2D(1, taps, dilation_rate=rate)]).output_shape
        for side in (reach, reach + 1)
    ]
    assert [shape[1] for shape in sizes] == [1, 2]


def test_question_3_counts_pixels_and_padding(facts: MemoryRecord) -> None:
    """Every window meets four pixels; padding of one pixel leaves two positions along each axis."""
    covered = _convolve(np.ones((4, 4, 1)), padding="same", dilation_rate=2)
    assert (covered == facts.scalars["q3_pixels"]).all()
    narrow = _convolve(np.pad(exercise_image(), ((1, 1), (1, 1), (0, 0))), dilation_rate=2)
    assert narrow.shape == (facts.scalars["q3_size_padding_1"],) * 2


def test_question_3_pairs_the_rows(facts: MemoryRecord) -> None:
    """Odd rows of the output see the first and third row of the image, even rows the second and fourth."""
    image, changed = exercise_image(), exercise_image()
    changed[[0, 2]] += 1
    before, after = (_convolve(each, padding="same", dilation_rate=2) for each in (image, changed))
    assert (before != after).all(axis=1).tolist() == [True, False, True, False]
    assert (before == after).all(axis=1).tolist() == [False, True, False, True]


def test_question_4_agrees_with_keras(facts: MemoryRecord) -> None:
    """The responses are those of a Keras layer whose kernel is the template, with and without its mean."""
    template, patches = facts.arrays["q4_template"], facts.arrays["q4_patches"]
    for kernel, name in ((template, "q4_response"), (template - template.mean(), "q4_centred")):
        layer = keras.layers.Conv2D(1, 3, use_bias=False)
        layer.build((None, 3, 3, 1))
        layer.set_weights([kernel[:, :, None, None].astype(np.float32)])
        responses = np.asarray(layer(patches[..., None].astype(np.float32))).ravel()
        np.testing.assert_allclose(facts.arrays[name], responses, atol=1e-6)
        ending = "_centred" if name == "q4_centred" else ""
        told = [facts.scalars[f"q4_{patch}{ending}"] for patch in ("pattern", "contrast", "flat")]
        np.testing.assert_allclose(told, responses[:3], atol=1e-6)
    flat = (template.ravel().astype(np.float32), patches[2].ravel().astype(np.float32))
    # As a loss Keras takes the cosine negative.
    assert facts.scalars["q4_flat_cosine"] == pytest.approx(-float(keras.losses.cosine_similarity(*flat)))


def test_question_4_is_what_the_answer_says(facts: MemoryRecord) -> None:
    """A bright patch beats the pattern, at a smaller cosine; without the mean of the template it doesn't any more."""
    scalars = facts.scalars
    assert scalars["q4_flat"] > scalars["q4_contrast"] > scalars["q4_pattern"]
    assert scalars["q4_flat_cosine"] < 1
    assert scalars["q4_flat_centred"] == 0 < scalars["q4_pattern_centred"] < scalars["q4_contrast_centred"]
    norms = np.linalg.norm(facts.arrays["q4_patches"].reshape(4, 9), axis=1)
    product = np.linalg.norm(facts.arrays["q4_template"]) * norms * facts.arrays["q4_cosine"]
    np.testing.assert_allclose(product, facts.arrays["q4_response"])


def test_question_7_agrees_with_keras(facts: MemoryRecord) -> None:
    """Output shape and parameters are those of the Keras layer with that input and filters of that size."""
    names = ("input_size", "input_channels", "kernel", "channels", "weights_per_filter")
    size, channels, kernel, filters, weights = (int(facts.scalars[f"q7_{name}"]) for name in names)
    assert (size, channels, kernel, filters) == (128, 32, 3, 16)
    model = keras.Sequential([keras.Input((size, size, channels)), keras.layers.Conv2D(filters, kernel)])
    assert weights == np.prod(model.layers[0].kernel.shape[:-1])
    assert model.output_shape[1:] == tuple(facts.scalars[f"q7_{name}"] for name in ("height", "width", "channels"))
    assert facts.scalars["q7_parameters"] == model.count_params() == 4_624


def test_question_8_agrees_with_keras(facts: MemoryRecord) -> None:
    """With stride 2 the output is 63x63x16, and the last row and column of the input change nothing."""
    stride = int(facts.scalars["q8_stride"])
    model = keras.Sequential([keras.Input((128, 128, 32)), keras.layers.Conv2D(16, 3, strides=stride)])
    size, covered = facts.scalars["q8_size"], int(facts.scalars["q8_covered"])
    assert model.output_shape[1:] == (size, size, facts.scalars["q7_channels"]) == (63, 63, 16)
    assert model.count_params() == facts.scalars["q7_parameters"]
    image = np.random.default_rng(0).normal(size=(1, 128, 128, 32)).astype(np.float32)
    outside, inside = image.copy(), image.copy()
    outside[:, covered:], outside[:, :, covered:] = 9, 9
    inside[:, covered - 1] = 9
    expected = np.asarray(model(image))
    np.testing.assert_array_equal(np.asarray(model(outside)), expected)
    assert not np.array_equal(np.asarray(model(inside)), expected)
    assert facts.scalars["q8_dropped"] == 128 - covered == 1
    assert facts.scalars["q8_positions"] == 63**2 / 126**2


def test_question_9_agrees_with_keras(facts: MemoryRecord) -> None:
    """A 1x1 convolution from 32 to 16 channels has 528 parameters and leaves height and width alone."""
    model = keras.Sequential([keras.Input((128, 128, 32)), keras.layers.Conv2D(16, 1)])
    assert model.output_shape[1:] == (128, 128, facts.scalars["q9_filters"])
    assert model.count_params() == facts.scalars["q9_parameters"] == 528
    assert facts.scalars["q9_weights_per_filter"] == np.prod(model.layers[0].kernel.shape[:-1])
    assert facts.scalars["q9_saving"] == pytest.approx(facts.scalars["q7_parameters"] / 528)


def test_question_11_agrees_with_keras(facts: MemoryRecord) -> None:
    """2x2 max pooling gives what the Keras layer gives."""
    pooled = np.asarray(keras.layers.MaxPooling2D(2)(exercise_image()[None].astype(np.float32)))[0]
    for channel, (name, expected) in enumerate(
        (("red", [[1, 1], [1, 1]]), ("green", [[2, 2], [2, 2]]), ("blue", [[2, 2], [4, 4]]))
    ):
        np.testing.assert_array_equal(facts.arrays[f"q11_{name}_output"], expected)
        np.testing.assert_array_equal(facts.arrays[f"q11_{name}_output"], pooled[:, :, channel])
    assert pooled.shape == (facts.scalars["q11_size"],) * 2 + (3,)
    assert facts.scalars["q11_kept"] == pooled.size / exercise_image().size
