"""The drawn images are the same everywhere and have the shape of the real ones."""

from functools import cache

import numpy as np

from experiments.datasets.toy_objects import SHAPES, draw_images
from report_cli.datasets.images import ImageData


@cache
def drawn(seed: int = 0) -> ImageData:
    return draw_images(seed)


def test_they_have_ten_equal_classes_of_32x32_pixels() -> None:
    """2,600 training and 1,000 test images, as many of each class, labelled as embedded."""
    images = drawn()
    assert images.train.pixels.shape == (2600, 32, 32, 3)
    assert images.test.pixels.shape == (1000, 32, 32, 3)
    assert np.bincount(images.train.labels).tolist() == [260] * 10
    assert np.bincount(images.test.labels).tolist() == [100] * 10
    assert images.classes == tuple(sorted(SHAPES))
    assert (images.kind, images.origin, images.label) == ("cifar10", "drawn", "drawn toy-objects")


def test_they_are_the_same_on_every_machine() -> None:
    """Every pixel is as it was drawn first: results that were kept are about these images."""
    assert drawn().digest == "ba8b05796d4301779f621d7ca5124e8b2bb7203a7d8345f40bfb6b61a5a574a6"


def test_no_picture_occurs_twice() -> None:
    """Training and test images are all different."""
    images = drawn()
    assert len({*images.train.ids.tolist(), *images.test.ids.tolist()}) == 3600


def test_another_seed_draws_other_pictures() -> None:
    """The seed decides, and decides everything."""
    assert not set(drawn().train.ids.tolist()) & set(drawn(1).train.ids.tolist())


def test_colours_and_places_do_not_tell_the_class() -> None:
    """The mean picture of each class is nearly the same grey: there is nothing for a template to match."""
    images = drawn()
    means = np.stack([images.train.pixels[images.train.labels == label].mean(axis=0) for label in range(10)])
    assert np.abs(means - means.mean(axis=0)).mean() < 5
