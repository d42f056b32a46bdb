"""Normalisation is counted exactly, from the images it is given and in no particular order."""

import numpy as np
import pytest

from report_cli.datasets.normalise import apply, fit


def pixels(count: int = 3000) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), np.uint8)


def test_training_images_get_mean_zero_and_deviation_one() -> None:
    """After normalisation each channel of the training images has mean 0 and standard deviation 1."""
    images = pixels() // np.array([1, 2, 3], np.uint8)
    result = apply(fit(images), images).astype(np.float64)
    assert result.mean(axis=(0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-5)
    assert result.std(axis=(0, 1, 2)) == pytest.approx([1, 1, 1], abs=1e-5)


def test_mean_and_deviation_are_of_pixels_from_0_to_1() -> None:
    """Black and white in equal parts have mean and deviation one half."""
    images = np.zeros((2, 3, 3, 3), np.uint8)
    images[1] = 255
    found = fit(images)
    assert found.mean.tolist() == found.std.tolist() == [0.5, 0.5, 0.5]


def test_the_order_of_the_images_does_not_matter() -> None:
    """Shuffled images give the very same numbers, to the last bit."""
    images = pixels()
    shuffled = images[np.random.default_rng(1).permutation(len(images))]
    first, second = fit(images), fit(shuffled)
    assert first.mean.tobytes() == second.mean.tobytes()
    assert first.std.tobytes() == second.std.tobytes()


def test_other_images_are_measured_by_the_training_images() -> None:
    """Applying a normalisation doesn't look at the images it is applied to: each pixel has one result."""
    found = fit(pixels())
    alone = apply(found, pixels()[7:8])
    assert alone.dtype == np.float32
    assert (alone == apply(found, pixels())[7:8]).all()


def test_a_constant_channel_is_only_shifted() -> None:
    """A channel without any variation becomes 0, not a division by zero."""
    images = pixels(10)
    images[..., 1] = 77
    result = apply(fit(images), images)
    assert (result[..., 1] == 0).all()
    assert np.isfinite(result).all()
