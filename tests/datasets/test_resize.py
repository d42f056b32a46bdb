"""Images of another size are computed alike everywhere and stretched to the square."""

import numpy as np

from report_cli.datasets.resize import resize


def test_a_constant_image_stays_constant() -> None:
    """Neither border nor rounding changes a plain colour."""
    images = np.full((2, 13, 29, 3), [7, 130, 255], np.uint8)
    assert (resize(images, 8) == [7, 130, 255]).all()
    assert (resize(images, 40) == [7, 130, 255]).all()


def test_images_of_that_size_come_back_as_they_are() -> None:
    """Nothing is computed where nothing is to be done."""
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    assert resize(images, 8) is images


def test_halving_takes_every_pixel_into_account() -> None:
    """A fine chequerboard becomes grey, not black or white."""
    board = np.indices((16, 16)).sum(axis=0) % 2 * 255
    images = np.repeat(board.astype(np.uint8)[None, :, :, None], 3, axis=3)
    assert np.abs(resize(images, 8).astype(int) - 127).max() <= 8


def test_the_whole_image_is_stretched() -> None:
    """A wide image keeps its left and right ends: nothing is cut off."""
    images = np.zeros((1, 10, 40, 3), np.uint8)
    images[:, :, :20] = 200
    small = resize(images, 10)
    assert (small[:, :, :4] == 200).all()
    assert (small[:, :, 6:] == 0).all()


def test_the_result_is_fixed_for_good() -> None:
    """Kept results were computed on these pixels."""
    images = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(1, 5, 7, 3) * 2
    assert resize(images, 3)[0, :, :, 0].tolist() == [[23, 36, 49], [89, 102, 115], [155, 168, 181]]
