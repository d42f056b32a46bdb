"""The cats and dogs that every experiment of this family sees: one draw, one split, one size."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from report_cli.datasets.images import ImageData, Part

# By rule of the assignment this cat is among the test images, where the source numbers its images.
SHOWN = "cat.1275"


class Choice(Protocol):
    """The parameters that choose the images; sizes count both classes together, `size` is in pixels."""

    @property
    def train(self) -> int: ...

    @property
    def validation(self) -> int: ...

    @property
    def test(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def split_seed(self) -> int: ...


class Chosen(TypedDict):
    """Values of these parameters."""

    train: int
    validation: int
    test: int
    size: int
    split_seed: int


# What they are in each profile: the same for all experiments, so that their results can be paired.
CHOICES: Mapping[str, Chosen] = {
    "smoke": {"train": 48, "validation": 24, "test": 24, "size": 64, "split_seed": 1},
    "quick": {"train": 800, "validation": 200, "test": 400, "size": 64, "split_seed": 1},
    "full": {"train": 2_400, "validation": 800, "test": 800, "size": 150, "split_seed": 1},
}


def select(images: "ImageData", params: Choice) -> "dict[str, Part]":
    """Return the parts "train", "validation" and "test", disjoint, both classes in equal shares, resized to the size.

    Raises:
        DataError: a class has fewer images than the parts need of it.
    """
    from report_cli.datasets import split

    sizes = {"train": params.train, "validation": params.validation, "test": params.test}
    drawn = split.stratified(images.train, sizes, params.split_seed, fixed={"test": [SHOWN]})
    return {name: _resized(part, params.size) for name, part in drawn.items()}


def _resized(part: "Part", size: int) -> "Part":
    from report_cli.datasets.images import Part
    from report_cli.datasets.resize import resize

    return Part(part.ids, part.labels, resize(part.pixels, size), part.names)
