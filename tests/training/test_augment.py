import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli.training.augment import Augmentation, Views, draw, show

STRONG = Augmentation(flip=True, shift=0.2, rotation=30, zoom=0.3)
NONE = Augmentation(flip=False, shift=0, rotation=0, zoom=0)
# Mirrored, moved to the right and down, turned, scaled.
AS_IT_IS = (0.0, 0.0, 0.0, 0.0, 1.0)


def _images(count: int, height: int = 12, width: int = 10) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    pixels = np.random.default_rng(0).integers(0, 256, (count, height, width, 3)).astype(np.uint8)
    return pixels, np.array([f"image-{number}" for number in range(count)])


def _shown(image: NDArray[np.uint8], *view: float) -> NDArray[np.uint8]:
    return show(image[None], np.array([view]))[0]


def test_a_view_depends_on_seed_epoch_and_image_alone() -> None:
    """The views of some images are those they have among all, in any order; seed, epoch and image change them."""
    _, ids = _images(6)
    views = draw(ids, 0, 3, STRONG)
    some = np.array([4, 1, 4])
    np.testing.assert_array_equal(draw(ids[some], 0, 3, STRONG), views[some])
    np.testing.assert_array_equal(draw(ids.astype("<U30"), 0, 3, STRONG), views)
    others = [views, draw(ids, 1, 3, STRONG), draw(ids, 0, 4, STRONG)]
    assert len(np.unique(np.concatenate(others)[:, 1])) == 3 * len(ids)


def test_views_stay_within_what_is_asked_for() -> None:
    """Over many images every amount stays within its limit and is spread evenly over it; half are mirrored."""
    views = draw(np.array([f"{number}" for number in range(4_000)]), 0, 1, STRONG)
    assert set(views[:, 0]) == {0, 1}
    assert views[:, 0].mean() == pytest.approx(0.5, abs=0.05)
    amounts = (views - [0, 0, 0, 0, 1])[:, 1:] / [0.2, 0.2, 30, 0.3]
    assert abs(amounts).max() <= 1
    for amount in amounts.T:
        assert np.histogram(amount, 10, (-1, 1))[0] == pytest.approx(np.full(10, 400), abs=100)
    assert abs(np.corrcoef(views.T) - np.eye(5)).max() < 0.1, "one amount says nothing of another"
    np.testing.assert_array_equal(draw(np.array(["a", "b"]), 0, 1, NONE), [AS_IT_IS] * 2)


def test_mirrored_moved_and_turned_views_are_exact() -> None:
    """Mirroring, moving by whole pixels and quarter turns move pixels without mixing them; edges are mirrors."""
    image = _images(1, 8, 8)[0][0]
    np.testing.assert_array_equal(_shown(image, *AS_IT_IS), image)
    np.testing.assert_array_equal(_shown(image, 1, 0, 0, 0, 1), image[:, ::-1])
    moved = _shown(image, 0, 0.25, -0.125, 0, 1)
    np.testing.assert_array_equal(moved[:-1, 2:], image[1:, :-2])
    np.testing.assert_array_equal(moved[:-1, :2], image[1:, 1::-1])
    for quarters in (1, 2, 3):
        np.testing.assert_array_equal(_shown(image, 0, 0, 0, 90 * quarters, 1), np.rot90(image, -quarters))
    np.testing.assert_array_equal(_shown(image, 1, 0, 0, 90, 1), np.rot90(image[:, ::-1], -1))


def test_shifts_are_of_whole_pixels() -> None:
    """A shift by a fraction of a pixel moves by the nearest whole number of them, so that nothing is blurred."""
    image = _images(1, 12, 10)[0][0]
    np.testing.assert_array_equal(_shown(image, 0, 0.14, 0.12, 0, 1)[1:, 1:], image[:-1, :-1])
    np.testing.assert_array_equal(_shown(image, 0, 0.04, -0.04, 0, 1), image)


def test_zoom_keeps_the_middle_and_enlarges_around_it() -> None:
    """Scaled by two, the middle half of an image fills the view."""
    image = np.zeros((16, 16, 3), np.uint8)
    image[4:12, 4:12] = 200
    larger = _shown(image, 0, 0, 0, 0, 2)
    assert larger[1:15, 1:15].min() == 200
    assert _shown(image, 0, 0, 0, 0, 0.5)[5:11, 5:11].mean() < larger.mean()


@pytest.mark.parametrize(
    "places", [slice(None), np.array([5, 0, 5]), np.array([[1, 2], [3, 0]]), slice(2, 4)], ids=["all", "1", "2", "some"]
)
def test_views_are_made_where_they_are_asked_for(places: slice | NDArray[np.int64]) -> None:
    """Whichever images are asked for, in whatever shape, come as they would among all; what is given is left alone."""
    pixels, ids = _images(6)
    before = pixels.copy()
    views = Views(pixels, ids, 7, 2, STRONG)
    assert (views.shape, views.dtype) == (pixels.shape, np.uint8)
    np.testing.assert_array_equal(views[places], show(pixels, draw(ids, 7, 2, STRONG))[places])
    np.testing.assert_array_equal(Views(pixels, ids, 7, 2, NONE)[places], pixels[places])
    np.testing.assert_array_equal(pixels, before)
    assert (Views(pixels, ids, 7, 3, STRONG)[places] != views[places]).any()
