import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli.training.augment import Augmentation, View, augment, show, view

STRONG = Augmentation(flip=True, shift=0.2, rotation=30, zoom=0.3)
NONE = Augmentation(flip=False, shift=0, rotation=0, zoom=0)


def _images(count: int, height: int = 12, width: int = 10) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    pixels = np.random.default_rng(0).integers(0, 256, (count, height, width, 3)).astype(np.uint8)
    return pixels, np.array([f"image-{number}" for number in range(count)])


def test_a_view_depends_on_seed_epoch_and_image_alone() -> None:
    """The views of some images are those they have among all, in any order; seed and epoch change them."""
    pixels, ids = _images(6)
    views = augment(pixels, ids, 0, 3, STRONG)
    some = np.array([4, 1])
    np.testing.assert_array_equal(augment(pixels[some], ids[some], 0, 3, STRONG), views[some])
    for other in (augment(pixels, ids, 1, 3, STRONG), augment(pixels, ids, 0, 4, STRONG)):
        assert (other != views).any(axis=(1, 2, 3)).all()


def test_without_augmentation_images_stay_as_they_are() -> None:
    """Nothing changes where nothing is asked for, and the images that are given are never written to."""
    pixels, ids = _images(3)
    before = pixels.copy()
    np.testing.assert_array_equal(augment(pixels, ids, 0, 1, NONE), pixels)
    augment(pixels, ids, 0, 1, STRONG)
    np.testing.assert_array_equal(pixels, before)


def test_mirrored_moved_and_turned_views_are_exact() -> None:
    """Mirroring, moving by whole pixels and quarter turns move pixels without mixing them."""
    image = _images(1, 8, 8)[0][0]
    np.testing.assert_array_equal(show(image, View(mirrored=True)), image[:, ::-1])
    moved = show(image, View(right=0.25, down=-0.125))
    np.testing.assert_array_equal(moved[:-1, 2:], image[1:, :-2])
    # Beyond the edge the image goes on as in a mirror.
    np.testing.assert_array_equal(moved[:-1, :2], image[1:, 1::-1])
    np.testing.assert_array_equal(show(image, View(turn=90)), np.rot90(image, -1))


def test_zoom_keeps_the_middle_and_enlarges_around_it() -> None:
    """Scaled by two, the middle half of an image fills the view."""
    image = np.zeros((16, 16, 3), np.uint8)
    image[4:12, 4:12] = 200
    larger = show(image, View(scale=2.0))
    assert larger[1:15, 1:15].min() == 200
    assert show(image, View(scale=0.5))[5:11, 5:11].mean() < larger.mean()


def test_views_stay_within_what_is_asked_for() -> None:
    """Over many images every amount stays within its limit and comes near to both ends; half are mirrored."""
    views = [view(f"{number}", 0, 1, STRONG) for number in range(400)]
    for amounts, limit in (
        ([v.right for v in views], 0.2),
        ([v.down for v in views], 0.2),
        ([v.turn for v in views], 30),
        ([v.scale - 1 for v in views], 0.3),
    ):
        assert max(map(abs, amounts)) <= limit
        assert min(amounts) < -0.9 * limit
        assert max(amounts) > 0.9 * limit
    assert sum(v.mirrored for v in views) == pytest.approx(200, abs=50)
