"""The embedded pets are the same everywhere, named as photographs are, and it is known what tells them apart."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.datasets import toy_pets
from report_cli.datasets.images import ImageData
from report_cli.datasets.split import stratified
from report_cli.errors import DataError


@cache
def drawn() -> ImageData:
    return toy_pets.draw_images()


@cache
def regions() -> NDArray[np.bool_]:
    return toy_pets.deciding_region(drawn().train.ids)


def test_they_are_two_equal_classes_in_one_pool() -> None:
    """1,300 cats and 1,300 dogs of 64x64 pixels, labelled as embedded; there are no official test images."""
    images = drawn()
    assert images.train.pixels.shape == (2600, 64, 64, 3)
    assert images.classes == ("cat", "dog")
    assert np.bincount(images.train.labels).tolist() == [1300, 1300]
    assert len(images.test) == 0
    assert (images.kind, images.origin, images.label) == ("dogs-vs-cats", "drawn", "drawn toy-pets")


def test_they_are_the_same_on_every_machine() -> None:
    """Every pixel and every region is as it was drawn first: results that were kept are about these images."""
    assert drawn().digest == "18c68419e0628ae1892bd1df4bee3af404cc325ec193ed46f8819a1372e866cd"
    assert int(regions().sum()) == 724_835


def test_no_picture_occurs_twice() -> None:
    """All images are different."""
    assert len(set(drawn().train.ids.tolist())) == 2600


def test_they_are_numbered_like_photographs() -> None:
    """Each class is numbered from 0, so that a rule about cat 1275 holds here as well."""
    images = drawn()
    names = {f"{name}.{number}" for name in ("cat", "dog") for number in range(1300)}
    assert set(images.train.names.tolist()) == names
    classes = [name.split(".")[0] for name in images.train.names.tolist()]
    assert [images.classes[label] for label in images.train.labels.tolist()] == classes
    chosen = stratified(images.train, {"train": 100, "test": 100}, 0, fixed={"test": ["cat.1275"]})
    assert "cat.1275" in chosen["test"].names


def test_another_seed_draws_other_pictures() -> None:
    """The seed decides, and regions belong to one seed."""
    pixels = toy_pets.draw_images(1).train
    assert not set(pixels.ids.tolist()) & set(drawn().train.ids.tolist())
    with pytest.raises(DataError, match="none of toy-pets"):
        toy_pets.deciding_region(pixels.ids[:1])


def test_regions_come_in_the_order_that_was_asked_for() -> None:
    """Each region belongs to the id at its place, and none is an answer to no question."""
    ids = drawn().train.ids
    assert (toy_pets.deciding_region(ids[[7, 3]]) == regions()[[7, 3]]).all()
    assert toy_pets.deciding_region(ids[:0]).shape == (0, 64, 64)


def test_regions_are_small_parts_of_the_picture() -> None:
    """What tells the class is visible in every image, and most of every image tells nothing."""
    share = regions().reshape(2600, -1).mean(axis=1)
    assert share.min() > 0.005
    assert share.max() < 0.3


def test_colours_outside_the_regions_do_not_tell_the_class() -> None:
    """The mean colours of the rest of the pictures are the same for cats and dogs, up to chance."""
    images, outside = drawn(), ~regions()
    means = np.array([image[rest].mean(axis=0) for image, rest in zip(images.train.pixels, outside, strict=True)])
    cats, dogs = means[images.train.labels == 0], means[images.train.labels == 1]
    error = np.sqrt(cats.var(axis=0) / len(cats) + dogs.var(axis=0) / len(dogs))
    assert (np.abs(cats.mean(axis=0) - dogs.mean(axis=0)) < 4 * error).all()
