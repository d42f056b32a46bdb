import keras
import numpy as np
import pytest

from report_cli.interpret import descriptors, filters

BOUNDS = filters.PixelRange(np.zeros(3, np.float32), np.full(3, -2, np.float32), np.full(3, 2, np.float32))
ASCENT = filters.Ascent(steps=40, rate=0.1, decay=0.02, noise=0.1)


def _model(kernels: list[np.ndarray], bias: float = 0.0) -> keras.Model:
    layer = keras.layers.Conv2D(len(kernels), kernels[0].shape[0], activation="relu", name="conv1")
    model = keras.Sequential([keras.Input((16, 16, 3)), layer])
    layer.set_weights([np.stack(kernels, axis=-1).astype(np.float32), np.full(len(kernels), bias, np.float32)])
    return model


def _climb(model: keras.Model, side: int = 16, ascent: filters.Ascent = ASCENT) -> filters.PreferredInputs:
    count = model.layers[-1].filters
    return filters.maximise_activation(model, "conv1", count, BOUNDS, ascent, np.random.default_rng(0), side)


def test_a_colour_filter_prefers_its_colour() -> None:
    """A filter that asks for red without green gets that colour, up to the limit; another the opposite."""
    red = np.zeros((1, 1, 3))
    red[0, 0] = [1, -1, 0]
    found = _climb(_model([red, -red]))
    assert np.median(found.inputs[0], axis=(0, 1))[:2].tolist() == [2, -2]
    assert np.median(found.inputs[1], axis=(0, 1))[:2].tolist() == [-2, 2]
    assert [descriptors.colour(each / 4) for each in found.inputs] == ["pink", "green"]
    # The third channel has no weight: it only loses its noise to the decay.
    assert abs(found.inputs[..., 2]).max() < 0.5


def test_a_wave_filter_prefers_its_wave() -> None:
    """A filter that is a wave of four pixels along one axis prefers waves of that length."""
    wave = np.zeros((8, 8, 3))
    wave += np.cos(np.pi / 2 * np.arange(8))[:, None, None]
    found = _climb(_model([wave, wave.transpose(1, 0, 2)]), side=32)
    for pattern, axis in zip(found.inputs, (0, 1), strict=True):
        wave = descriptors.strongest_wave(pattern)
        assert wave.period == pytest.approx(4, rel=0.15)
        assert wave.share > descriptors.CARRIED
        # Along the wave it varies much more than across.
        assert pattern[8:-8, 8:-8].std(axis=axis).mean() > 2 * pattern[8:-8, 8:-8].std(axis=1 - axis).mean()


@pytest.mark.parametrize("smoothing", [0, 1])
def test_a_step_is_the_equation(smoothing: int) -> None:
    """A step is grey + (1 - decay) (x + rate g / rms(g) - grey), cut to what pixels can be, g averaged where asked."""
    kernel = np.random.default_rng(1).normal(size=(3, 3, 3))
    bounds = filters.PixelRange(np.full(3, 0.2, np.float32), np.full(3, -0.1, np.float32), np.full(3, 0.5, np.float32))
    model = _model([kernel], bias=100.0)

    def climb(steps: int) -> np.ndarray:
        ascent = filters.Ascent(steps, rate=0.2, decay=0.1, noise=0.05, smoothing=smoothing)
        generator = np.random.default_rng(0)
        return filters.maximise_activation(model, "conv1", 1, bounds, ascent, generator, 8).inputs[0]

    # The response is linear here, so its gradient is how often each weight meets each pixel, over 6 x 6 positions.
    gradient = sum(np.pad(kernel, ((i, 5 - i), (j, 5 - j), (0, 0))) for i in range(6) for j in range(6)) / 36
    for axis in (0, 1) if smoothing else ():
        edge = np.pad(gradient, [(1, 1) if each == axis else (0, 0) for each in range(3)], mode="edge")
        before, after = (np.take(edge, range(start, start + 8), axis) for start in (0, 2))
        gradient = (before + 2 * gradient + after) / 4
    moved = climb(0) + 0.2 * gradient / np.sqrt((gradient**2).mean())
    expected = (0.2 + 0.9 * (moved - 0.2)).clip(-0.1, 0.5)
    np.testing.assert_allclose(climb(1), expected, atol=1e-5)


def test_each_filter_climbs_and_stays_in_bounds() -> None:
    """Every filter responds more at the end than at the start, on its own, and inputs stay what pixels can be."""
    kernels = list(np.random.default_rng(1).normal(size=(5, 3, 3, 3)))
    found = _climb(_model(kernels))
    assert (found.after > 2 * found.before).all()
    assert found.inputs.min() >= -2
    assert found.inputs.max() <= 2
    alone = filters.maximise_activation(_model(kernels[:1]), "conv1", 1, BOUNDS, ASCENT, np.random.default_rng(0), 16)
    assert alone.after[0] == pytest.approx(found.after[0], rel=0.1)


def test_a_silent_filter_wakes_and_a_dead_one_stays_silent() -> None:
    """A filter below its threshold at the start can still climb; one that no input wakes is told by its response."""
    red = np.zeros((1, 1, 3))
    red[0, 0, 0] = 1
    found = _climb(_model([red, 0 * red], bias=-1.0))
    assert found.before[0] < 0 < found.after[0]
    assert found.after[1] <= 0


def test_border_is_weaker_unless_it_is_cut_off() -> None:
    """Convolutions without padding see the border less often; on a larger canvas that is cut off they do not."""
    kernels = [np.random.default_rng(seed).normal(size=(9, 9, 3)) for seed in range(4)]
    ascent = filters.Ascent(steps=8, rate=0.05, decay=0.0, noise=0.01)
    plain = _climb(_model(kernels), 24, ascent).inputs
    wide = _climb(_model(kernels), 24 + 16, ascent).inputs[:, 8:-8, 8:-8]
    focus = [np.median([descriptors.focus(each) for each in found]) for found in (plain, wide)]
    assert focus[0] > 1.3 > focus[1] > 0.7


def test_smoothing_lengthens_the_waves() -> None:
    """Averaging the gradient with its neighbours keeps the finest waves out of a pattern."""
    kernels = [np.random.default_rng(seed).normal(size=(5, 5, 3)) for seed in range(4)]
    smooth = filters.Ascent(ASCENT.steps, ASCENT.rate, ASCENT.decay, ASCENT.noise, smoothing=2)
    rough, smoothed = (_climb(_model(kernels), 24, ascent).inputs for ascent in (ASCENT, smooth))
    change = [abs(np.diff(each, axis=1)).mean() / abs(each).mean() for each in (rough, smoothed)]
    assert change[1] < 0.8 * change[0]
