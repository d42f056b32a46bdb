import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from report_cli.interpret import gradcam
from report_cli.interpret.receptive_field import ReceptiveField, of_layer

WEIGHTS = np.array([2.0, -3.0], np.float32)


def _model(pooled: bool = True) -> keras.Model:
    """The logit is 2 x the mean of channel 1 minus 3 x the mean of channel 2; conv1 copies the image's channels."""
    layers = keras.layers
    copy = layers.Conv2D(2, 1, activation="relu", name="conv1")
    logit = layers.Dense(1, name="logit")
    summary = layers.GlobalAveragePooling2D() if pooled else layers.Flatten()
    model = keras.Sequential([keras.Input((6, 6, 2)), copy, summary, logit])
    copy.set_weights([np.eye(2, dtype=np.float32)[None, None], np.zeros(2, np.float32)])
    if pooled:
        logit.set_weights([WEIGHTS[:, None], np.zeros(1, np.float32)])
    return model


def _inputs(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, (count, 6, 6, 2)).astype(np.float32)


def test_heat_of_a_linear_head_is_known() -> None:
    """Behind average pooling the heat is ReLU(2 A1 - 3 A2) / 36 for class 1 and ReLU(3 A2 - 2 A1) / 36 for class 0."""
    inputs = _inputs()
    signs = np.array([1, -1, 1], np.float32)
    heat = gradcam.heatmaps(_model(), "conv1", inputs, signs)
    by_hand = (signs[:, None, None] * (inputs @ WEIGHTS) / 36).clip(0)
    np.testing.assert_allclose(heat, by_hand, atol=1e-6)


def test_heat_uses_the_mean_gradient_of_each_channel() -> None:
    """With weights that differ by position, each channel is weighted by their mean, over more than one batch."""
    model = _model(pooled=False)
    weights = np.random.default_rng(1).normal(size=(6, 6, 2)).astype(np.float32)
    model.layers[-1].set_weights([weights.reshape(-1, 1), np.zeros(1, np.float32)])
    inputs = _inputs(gradcam.BATCH + 3)
    heat = gradcam.heatmaps(model, "conv1", inputs, np.ones(len(inputs), np.float32))
    np.testing.assert_allclose(heat, (inputs @ weights.mean(axis=(0, 1))).clip(0), atol=1e-5)


def test_the_score_is_taken_before_the_sigmoid() -> None:
    """A network that is very certain still has its full heat: the logit does not saturate."""
    model = _model()
    model.layers[-1].set_weights([1000 * WEIGHTS[:, None], np.zeros(1, np.float32)])
    small, large = (gradcam.heatmaps(m, "conv1", _inputs(), np.ones(3, np.float32)) for m in (_model(), model))
    np.testing.assert_allclose(large, 1000 * small, rtol=1e-4)


def test_enlarged_maps_keep_their_place() -> None:
    """Between the centres of the fields it is linear; beyond the outermost ones constant; one unit fills everything."""
    maps = np.array([[[0.0, 1.0], [2.0, 3.0]]])
    large = gradcam.upsample(maps, ReceptiveField(5, 4), 9, 9)
    # The centres lie at pixels 2 and 6.
    np.testing.assert_allclose(large[0, [2, 2, 6, 6], [2, 6, 2, 6]], [0, 1, 2, 3])
    assert large[0, 4, 4] == pytest.approx(1.5)
    assert large[0, 0, 0] == 0
    assert large[0, 8, 8] == 3
    np.testing.assert_allclose(gradcam.upsample(maps[:, :1, :1] + 7, ReceptiveField(5, 4), 9, 4), np.full((1, 4, 4), 7))


def test_enlarged_maps_fit_other_resolutions() -> None:
    """Twice the resolution has its values half a pixel around those of the single one."""
    maps = np.random.default_rng(0).uniform(size=(1, 3, 3))
    single, double = (gradcam.upsample(maps, ReceptiveField(4, 2), 8, side) for side in (8, 16))
    np.testing.assert_allclose(double.reshape(1, 8, 2, 8, 2).mean(axis=(2, 4))[0, 3:5, 3:5], single[0, 3:5, 3:5])


def test_a_bright_spot_is_hot_where_it_is() -> None:
    """Through a hand-made convolution and pooling, the heat of a spot is highest at the spot."""
    layers = keras.layers
    blur = layers.Conv2D(1, 3, activation="relu", name="conv1")
    mean = layers.Dense(1)
    model = keras.Sequential(
        [
            keras.Input((17, 17, 1)),
            blur,
            layers.MaxPooling2D(2),
            layers.Conv2D(1, 1, name="conv2"),
            layers.Flatten(),
            mean,
        ]
    )
    for layer in (blur, model.get_layer("conv2"), mean):
        kernel, bias = layer.get_weights()
        layer.set_weights([np.ones_like(kernel), bias])
    inputs = np.zeros((1, 17, 17, 1), np.float32)
    inputs[0, 4:6, 11:13] = 1
    heat = gradcam.heatmaps(model, "conv2", inputs, np.ones(1, np.float32))
    large = gradcam.upsample(heat, of_layer(model, "conv2"), 17, 17)[0]
    row, column = np.divmod(large.argmax(), 17)
    assert abs(row - 4.5) <= 1
    assert abs(column - 11.5) <= 1


def test_share_of_the_heat_in_a_mask() -> None:
    """The share is the part of the heat inside; a map without heat has none."""
    maps, mask = np.ones((2, 4, 4)), np.zeros((2, 4, 4), np.bool_)
    mask[:, 0] = True
    maps[1] = 0
    share = gradcam.heat_share(maps, mask)
    assert share[0] == 0.25
    assert np.isnan(share[1])


def test_shuffled_weights_come_back() -> None:
    """Within the block the values are the same in another order, equal for equal seeds; afterwards they are back."""
    model = _model(pooled=False)
    before = [layer.get_weights() for layer in model.layers]
    seen = []
    for _ in range(2):
        with gradcam.shuffled(model.layers[-1:], seed=3):
            seen.append(model.layers[-1].get_weights()[0])
            np.testing.assert_array_equal(model.layers[0].get_weights()[0], before[0][0])
    np.testing.assert_array_equal(*seen)
    assert (seen[0] != before[-1][0]).any()
    np.testing.assert_array_equal(np.sort(seen[0], axis=None), np.sort(before[-1][0], axis=None))
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0], before[-1][0])


def test_rank_correlation_is_that_of_scipy() -> None:
    """Each pair of maps has Spearman's correlation over its positions, ties included; an even map has none."""
    first, second = np.random.default_rng(0).integers(0, 5, (2, 4, 3, 3)).astype(np.float64)
    second[3] = 1
    found = gradcam.rank_correlation(first, second)
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(first[:3], second[:3], strict=True)]
    np.testing.assert_allclose(found[:3], expected)
    assert np.isnan(found[3])
