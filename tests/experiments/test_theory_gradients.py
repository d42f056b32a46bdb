import keras
import numpy as np
import pytest

from experiments import theory_definitions, theory_gradients
from report_cli.training import backend
from tests.training.memory import MemoryRecord


@pytest.fixture(scope="module")
def facts() -> MemoryRecord:
    """What the questions about gradients record."""
    record = MemoryRecord()
    theory_gradients.question_12(record)
    theory_gradients.question_21(record)
    return record


def _pooled_gradient(image: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Return the gradient by `image` behind 2x2 max pooling in Keras, given the gradient by its output."""
    pool = keras.layers.MaxPooling2D(2)
    weights = upstream.astype(np.float32)
    _, gradient = backend.gradient(lambda x: keras.ops.sum(pool(x) * weights, axis=(1, 2, 3)))(
        image[None].astype(np.float32)
    )
    return np.asarray(gradient)[0]


def test_question_12_agrees_with_keras(facts: MemoryRecord) -> None:
    """Output and gradient are those of the Keras layer; only the largest input of each window gets one."""
    image, upstream = (facts.arrays[f"q12_{name}"][:, :, None] for name in ("input", "upstream"))
    window = int(facts.scalars["q12_window"])
    pooled = np.asarray(keras.layers.MaxPooling2D(window)(image[None].astype(np.float32)))[0, :, :, 0]
    np.testing.assert_array_equal(facts.arrays["q12_output"], pooled)
    gradient = _pooled_gradient(image, upstream)[:, :, 0]
    np.testing.assert_array_equal(facts.arrays["q12_gradient"], gradient)
    assert np.count_nonzero(gradient) == pooled.size
    assert facts.scalars["q12_reached"] == pooled.size / image.size


def test_the_gradient_of_pooling_agrees_with_keras() -> None:
    """On distinct numbers, several channels and an odd size the gradient is that of the Keras layer."""
    rng = np.random.default_rng(0)
    image, upstream = rng.permutation(7 * 9 * 2).reshape(7, 9, 2), rng.integers(-9, 9, (3, 4, 2))
    ours = theory_definitions.max_pool_gradient(image, 2, upstream)
    np.testing.assert_array_equal(ours, _pooled_gradient(image, upstream))


def test_question_21_agrees_with_keras(facts: MemoryRecord) -> None:
    """Score and gradients are those of a dense layer on the maps, and the heatmap follows from their means."""
    maps = np.stack([facts.arrays[f"q21_map_{number}"] for number in (1, 2)], axis=-1)
    weights = np.stack([facts.arrays[f"q21_gradient_{number}"] for number in (1, 2)], axis=-1)
    dense = keras.layers.Dense(1, use_bias=False)
    dense.build((None, maps.size))
    dense.set_weights([weights.reshape(-1, 1).astype(np.float32)])
    logit = keras.Sequential([keras.Input(maps.shape), keras.layers.Flatten(), dense])
    scores, gradient = backend.gradient(lambda x: logit(x, training=False)[:, 0])(maps[None].astype(np.float32))
    assert scores[0] == facts.scalars["q21_score"]
    np.testing.assert_array_equal(gradient[0], weights)
    alpha = gradient[0].mean(axis=(0, 1))
    np.testing.assert_allclose(alpha, [facts.scalars["q21_alpha_1"], facts.scalars["q21_alpha_2"]])
    np.testing.assert_allclose(facts.arrays["q21_heatmap"], keras.ops.relu(maps @ alpha))


def test_question_21_loses_its_gradient_behind_a_sigmoid(facts: MemoryRecord) -> None:
    """The slope of the sigmoid at the score is what the gradients behind a sigmoid would be multiplied by."""
    score = np.array([[facts.scalars["q21_score"]]], np.float32)
    _, slope = backend.gradient(lambda x: keras.ops.sigmoid(x)[:, 0])(score)
    assert slope[0, 0] == pytest.approx(facts.scalars["q21_sigmoid_slope"], rel=1e-4)
