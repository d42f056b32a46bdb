"""Fixed subsets of images: chosen by image id and seed, so that neither order nor layout of the source matters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from report_cli.errors import DataError, UsageError, unknown

if TYPE_CHECKING:
    from report_cli.datasets.images import Part

P = TypeVar("P")
NOTHING: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, eq=False)
class Split(Generic[P]):
    """Disjoint parts of a data set: "train", "validation" and "test", which is taken from the set when it is asked for.

    `shape` is that of one example: (H, W, 3) of images, (F,) of a table. `class_names` is empty for a numeric target.
    """

    train: P
    validation: P
    take_test: Callable[[], P]
    shape: tuple[int, ...]
    class_names: tuple[str, ...]

    @cached_property
    def test(self) -> P:
        """The part for testing."""
        return self.take_test()

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)


def counts(total: int, sizes: Mapping[str, float]) -> dict[str, int]:
    """Return how many of `total` rows each part has: sizes are shares (0.2) or counts (30), and a "train" of 0 is what
    the others leave.

    Raises:
        UsageError: a size is negative; DataError: there are fewer rows, or a share is not even one.
    """
    if any(size < 0 for size in sizes.values()):
        raise UsageError(f"a part can't have a negative size: {dict(sizes)}")
    rows = {name: round(size * total) if isinstance(size, float) else size for name, size in sizes.items()}
    if none := [name for name, size in sizes.items() if size and not rows[name]]:
        raise DataError(f"{none[0]}={sizes[none[0]]} of {total} rows is none", f"ask for more, or for {none[0]}=1")
    if not sizes["train"]:
        rows["train"] = max(total - sum(rows.values()), 0)
    if sum(rows.values()) > total:
        raise DataError(f"not enough rows: {rows} are asked for, and there are {total}")
    return rows


def stratified(
    part: "Part", sizes: Mapping[str, int], seed: int, fixed: Mapping[str, Sequence[str]] = NOTHING
) -> "dict[str, Part]":
    """Return disjoint subsets with `sizes` images, as many of each class as of any other (one more of the first ones
    where the size isn't a multiple).

    Every class is ranked by a hash of seed and image id, and the subsets are cut from that ranking one after
    another, by name, but "train" last. So the order of `sizes` doesn't matter, growing "train" changes no other
    subset and keeps the images it had, and growing another subset shifts only those that are cut after it. Images
    that occur twice count once: no picture is in two subsets.

    `fixed` gives names (`Part.names`) of images that are in a subset by rule: they are the first of that subset and
    its size stays. A name that no image has is passed over, because not every source has names.

    Raises:
        DataError: a class has fewer images than the subsets need of it, or a subset fewer places than `fixed` takes.
        UsageError: `fixed` has a subset that `sizes` hasn't.
    """
    if not set(fixed) <= set(sizes):
        raise unknown("subset", next(name for name in fixed if name not in sizes), sizes)
    classes = np.unique(part.labels)
    names = sorted(sizes, key=lambda name: (name == "train", name))
    chosen: dict[str, list[NDArray[np.int64]]] = {name: [] for name in names}
    for place, label in enumerate(classes):
        ranking = _ranking(part, int(label), seed)
        quotas = {name: sizes[name] // len(classes) + (place < sizes[name] % len(classes)) for name in names}
        if sum(quotas.values()) > len(ranking):
            asked = ", ".join(f"{sizes[name]} for {name}" for name in names)
            raise DataError(
                f"not enough images: {asked} need {sum(quotas.values())} of class {int(label)}, "
                f"which has {len(ranking)}"
            )
        for name, rows in _cut(part, ranking, quotas, fixed).items():
            chosen[name].append(rows)
    return {name: _subset(part, chosen[name]) for name in sizes}


def take(part: "Part", size: int, seed: int) -> "Part":
    """Return `size` images, as many of each class; a smaller subset with the same seed is part of a larger one."""
    return stratified(part, {"train": size}, seed)["train"]


def _cut(
    part: "Part", ranking: NDArray[np.int64], quotas: Mapping[str, int], fixed: Mapping[str, Sequence[str]]
) -> dict[str, NDArray[np.int64]]:
    """Return the positions of each subset: those it must have, then the first of the ranking that no other must."""

    def named(subset: str) -> NDArray[np.bool_]:
        return np.isin(part.names, [name for name in fixed.get(subset, ()) if name])

    # By id, because only one of several equal pictures is in the ranking, maybe under another name.
    by_rule = {name: np.isin(part.ids[ranking], part.ids[named(name)]) for name in quotas}
    if (np.sum(list(by_rule.values()), axis=0) > 1).any():
        raise DataError("an image is to be in two subsets by rule")
    free = ranking[~np.any(list(by_rule.values()), axis=0)]
    cut, start = {}, 0
    for name, quota in quotas.items():
        ruled = ranking[by_rule[name]]
        if len(ruled) > quota:
            raise DataError(f"{len(ruled)} images of a class are to be in {name} by rule, which has {quota} of it")
        end = start + quota - len(ruled)
        cut[name] = np.concatenate([ruled, free[start:end]])
        start = end
    return cut


def _ranking(part: "Part", label: int, seed: int) -> NDArray[np.int64]:
    """Return the positions of the images of a class, each picture once, in the order of their hashes."""
    positions = np.flatnonzero(part.labels == label)
    ids, first = np.unique(part.ids[positions], return_index=True)
    hashes = [sha256(f"{seed}:{image_id}".encode()).digest() for image_id in ids.tolist()]
    order = sorted(range(len(hashes)), key=hashes.__getitem__)
    return positions[first[order]]


def _subset(part: "Part", positions: list[NDArray[np.int64]]) -> "Part":
    kept = np.concatenate([*positions, np.empty(0, np.int64)])
    kept = kept[np.argsort(part.ids[kept], kind="stable")]
    return replace(part, ids=part.ids[kept], labels=part.labels[kept], pixels=part.pixels[kept], names=part.names[kept])
