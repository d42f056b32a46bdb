"""Subsets depend on ids and seed alone, are balanced, and never share a picture."""

from collections.abc import Mapping

import numpy as np
import pytest

from report_cli.datasets.images import ImageData, Part, Raw, assemble
from report_cli.datasets.split import stratified, take
from report_cli.errors import DataError, UsageError


def part(count: int = 60, classes: int = 3) -> Part:
    """Return images whose only pixel tells which they are."""
    ids = np.array([f"{number * 7919:016x}" for number in range(count)])
    pixels = np.arange(count, dtype=np.uint8).repeat(3).reshape(count, 1, 1, 3)
    return Part(ids, np.arange(count, dtype=np.int64) % classes, pixels)


def ids(chosen: Mapping[str, Part]) -> dict[str, set[str]]:
    return {name: set(subset.ids.tolist()) for name, subset in chosen.items()}


def test_subsets_are_disjoint_balanced_and_in_order_of_their_ids() -> None:
    """Each subset has as many images of every class, and no image is in two."""
    chosen = stratified(part(), {"train": 30, "validation": 12, "test": 9}, seed=1)
    assert {name: np.bincount(subset.labels).tolist() for name, subset in chosen.items()} == {
        "train": [10, 10, 10],
        "validation": [4, 4, 4],
        "test": [3, 3, 3],
    }
    assert len(set.union(*ids(chosen).values())) == 51
    for subset in chosen.values():
        assert (np.sort(subset.ids) == subset.ids).all()


def test_images_keep_their_labels_and_pixels() -> None:
    """Id, label and pixels stay together."""
    whole = part()
    subset = take(whole, 21, seed=3)
    rows = [whole.ids.tolist().index(each) for each in subset.ids.tolist()]
    assert (subset.labels == whole.labels[rows]).all()
    assert (subset.pixels == whole.pixels[rows]).all()


def test_neither_order_of_images_nor_of_sizes_matters() -> None:
    """Shuffled images and sizes named in another order give the same subsets."""
    whole = part()
    order = np.random.default_rng(0).permutation(len(whole))
    shuffled = Part(whole.ids[order], whole.labels[order], whole.pixels[order])
    first = stratified(whole, {"train": 30, "validation": 15}, seed=1)
    second = stratified(shuffled, {"validation": 15, "train": 30}, seed=1)
    assert ids(first) == ids(second)
    assert (first["train"].pixels == second["train"].pixels).all()


def test_another_seed_is_another_choice() -> None:
    """The seed decides which images are chosen."""
    assert ids({"a": take(part(), 30, seed=1)}) != ids({"a": take(part(), 30, seed=2)})


def test_growing_the_training_set_changes_nothing_else() -> None:
    """More training images are added to the former ones, and validation stays as it was."""
    small = ids(stratified(part(), {"train": 12, "validation": 15}, seed=1))
    large = ids(stratified(part(), {"train": 39, "validation": 15}, seed=1))
    assert small["validation"] == large["validation"]
    assert small["train"] < large["train"]


def test_growing_validation_takes_only_what_it_needs_from_training() -> None:
    """A larger validation set contains the smaller one, and training keeps all images but those that it lost."""
    small = ids(stratified(part(), {"train": 30, "validation": 15}, seed=1))
    large = ids(stratified(part(), {"train": 30, "validation": 21}, seed=1))
    assert small["validation"] < large["validation"]
    assert len(small["train"] & large["train"]) == 24


def test_a_size_that_is_no_multiple_of_the_classes() -> None:
    """The classes then differ by one image at most."""
    chosen = stratified(part(), {"train": 29, "validation": 1}, seed=0)
    assert np.bincount(chosen["train"].labels).tolist() == [10, 10, 9]
    assert len(chosen["validation"]) == 1


def test_pictures_that_occur_twice_are_in_one_subset_once() -> None:
    """The same picture under the same id never leaks from one subset into another."""
    whole = part(30)
    doubled = Part(*(np.concatenate([array, array]) for array in (whole.ids, whole.labels, whole.pixels)))
    chosen = stratified(doubled, {"train": 15, "validation": 15}, seed=0)
    assert ids(chosen) == ids(stratified(whole, {"train": 15, "validation": 15}, seed=0))
    assert len(set.union(*ids(chosen).values())) == 30


def test_too_few_images_names_the_numbers() -> None:
    """Asking for more than there is says what was asked for and what there is."""
    with pytest.raises(DataError, match=r"48 for train.*21 of class 0, which has 20"):
        stratified(part(), {"train": 48, "validation": 15}, seed=0)
    assert len(take(part(), 60, seed=0)) == 60


def test_the_choice_is_fixed_for_good() -> None:
    """Kept results were computed on these images: the choice must never change."""
    assert take(part(6), 3, seed=0).pixels[:, 0, 0, 0].tolist() == [2, 3, 4]


def named(count: int = 60, classes: int = 3) -> Part:
    whole = part(count, classes)
    return Part(whole.ids, whole.labels, whole.pixels, np.array([f"x.{number}" for number in range(count)]))


def test_images_that_belong_to_a_subset_by_rule_are_in_it() -> None:
    """Named images are where the rule puts them, names stay with their images, and all sizes are exact."""
    sizes = {"train": 30, "validation": 12, "test": 9}
    for number in range(0, 60, 7):
        chosen = stratified(named(), sizes, seed=1, fixed={"test": [f"x.{number}"], "train": ["x.4"]})
        assert {name: np.bincount(subset.labels).tolist() for name, subset in chosen.items()} == {
            "train": [10, 10, 10],
            "validation": [4, 4, 4],
            "test": [3, 3, 3],
        }
        assert f"x.{number}" in chosen["test"].names
        assert "x.4" in chosen["train"].names
        assert len(set.union(*ids(chosen).values())) == 51
        whole = dict(zip(named().ids.tolist(), named().names.tolist(), strict=True))
        assert [whole[each] for each in chosen["train"].ids.tolist()] == chosen["train"].names.tolist()


def test_a_rule_moves_no_more_images_than_it_must() -> None:
    """Compared with the split without the rule, one image enters the subset and one leaves it."""
    sizes = {"train": 30, "test": 15}
    free = stratified(named(), sizes, seed=1)
    outside = next(name for name in free["train"].names.tolist())
    ruled = stratified(named(), sizes, seed=1, fixed={"test": [outside]})
    assert len(ids(free)["test"] - ids(ruled)["test"]) == 1
    assert len(ids(free)["train"] ^ ids(ruled)["train"]) <= 2


def test_a_rule_about_an_image_that_is_there_anyway_changes_nothing() -> None:
    """The rule is fulfilled already, or no image has that name."""
    free = stratified(named(), {"train": 30, "test": 15}, seed=1)
    inside = free["test"].names.tolist()[0]
    for names in ([inside], ["x.999"], [""]):
        assert ids(stratified(named(), {"train": 30, "test": 15}, seed=1, fixed={"test": names})) == ids(free)


def test_a_rule_holds_for_a_picture_that_occurs_twice() -> None:
    """Under whichever of its names the picture is asked for, it is in the subset once and nowhere else."""
    whole = named(30)
    again = np.array([f"y.{number}" for number in range(30)])
    doubled = Part(
        *(np.concatenate([array, array]) for array in (whole.ids, whole.labels, whole.pixels)),
        np.concatenate([whole.names, again]),
    )
    for name in ("x.5", "y.5"):
        chosen = stratified(doubled, {"train": 15, "test": 6}, seed=0, fixed={"test": [name]})
        assert whole.ids[5] in chosen["test"].ids
        assert whole.ids[5] not in chosen["train"].ids
        assert (len(chosen["test"]), len(chosen["train"])) == (6, 15)


def test_rules_that_cannot_hold() -> None:
    """More images than the subset has places for, two places for one image, and an unknown subset are errors."""
    with pytest.raises(DataError, match="2 images of a class are to be in test by rule, which has 1"):
        stratified(named(), {"test": 3}, seed=0, fixed={"test": ["x.0", "x.3"]})
    with pytest.raises(DataError, match="two subsets"):
        stratified(named(), {"test": 3, "train": 9}, seed=0, fixed={"test": ["x.0"], "train": ["x.0"]})
    with pytest.raises(UsageError, match="tset"):
        stratified(named(), {"test": 3}, seed=0, fixed={"tset": ["x.0"]})


def drawn(official: bool) -> ImageData:
    """Return 60 images of three classes, and 12 more to test on where there are official ones."""
    rng = np.random.default_rng(0)
    raw = [Raw(np.arange(n) % 3, rng.integers(0, 256, (n, 8, 8, 3), np.uint8)) for n in (60, 12 if official else 0)]
    return assemble("tiny", "tiny", "drawn", "drawn", ("cat", "dog", "fox"), *raw)


def test_a_split_has_the_parts_that_stratified_chooses() -> None:
    """Without official test images all parts are cut from the training images, disjoint, in equal shares."""
    images = drawn(official=False)
    split = images.split(train=30, validation=9, test=12, seed=4)
    wanted = stratified(images.train, {"train": 30, "validation": 9, "test": 12}, 4)
    for name, part in wanted.items():
        assert getattr(split, name).ids.tolist() == part.ids.tolist()
    assert (split.shape, split.classes, split.class_names) == ((8, 8, 3), 3, ("cat", "dog", "fox"))


def test_official_test_images_are_the_only_ones_to_test_on() -> None:
    """Where a set has them, "test" is cut from them and takes nothing from the other parts."""
    images = drawn(official=True)
    split = images.split(train=30, validation=9, test=6, seed=4)
    assert split.train.ids.tolist() == stratified(images.train, {"train": 30, "validation": 9}, 4)["train"].ids.tolist()
    assert split.test.ids.tolist() == stratified(images.test, {"test": 6}, 4)["test"].ids.tolist()


def test_a_split_in_another_size() -> None:
    """`side` stretches every part; ids and labels stay."""
    images = drawn(official=False)
    small, whole = images.split(train=6, test=6, side=4), images.split(train=6, test=6)
    assert small.shape == small.train.pixels.shape[1:] == small.test.pixels.shape[1:] == (4, 4, 3)
    assert small.test.ids.tolist() == whole.test.ids.tolist()
    assert len(small.validation) == 0
