"""Fixed subsets of images: chosen by image id and seed, so that neither order nor layout of the source matters."""

from collections.abc import Mapping
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from report_cli.data.images import Part
from report_cli.errors import DataError


def stratified(part: Part, sizes: Mapping[str, int], seed: int) -> dict[str, Part]:
    """Return disjoint subsets with `sizes` images, as many of each class as of any other (one more of the first ones
    where the size isn't a multiple).

    Every class is ranked by a hash of seed and image id, and the subsets are cut from that ranking one after
    another, by name, but "train" last. So the order of `sizes` doesn't matter, growing "train" changes no other
    subset and keeps the images it had, and growing another subset shifts only those that are cut after it. Images
    that occur twice count once: no picture is in two subsets.

    Raises:
        DataError: a class has fewer images than the subsets need of it.
    """
    classes = np.unique(part.labels)
    names = sorted(sizes, key=lambda name: (name == "train", name))
    chosen: dict[str, list[NDArray[np.int64]]] = {name: [] for name in names}
    for place, label in enumerate(classes):
        ranking = _ranking(part, int(label), seed)
        quotas = [sizes[name] // len(classes) + (place < sizes[name] % len(classes)) for name in names]
        if sum(quotas) > len(ranking):
            asked = ", ".join(f"{sizes[name]} for {name}" for name in names)
            raise DataError(
                f"not enough images: {asked} need {sum(quotas)} of class {int(label)}, which has {len(ranking)}"
            )
        ends = np.cumsum(quotas)
        for name, quota, end in zip(names, quotas, ends, strict=True):
            chosen[name].append(ranking[end - quota : end])
    return {name: _subset(part, chosen[name]) for name in sizes}


def take(part: Part, size: int, seed: int) -> Part:
    """Return `size` images, as many of each class; a smaller subset with the same seed is part of a larger one."""
    return stratified(part, {"train": size}, seed)["train"]


def _ranking(part: Part, label: int, seed: int) -> NDArray[np.int64]:
    """Return the positions of the images of a class, each picture once, in the order of their hashes."""
    positions = np.flatnonzero(part.labels == label)
    ids, first = np.unique(part.ids[positions], return_index=True)
    hashes = [sha256(f"{seed}:{image_id}".encode()).digest() for image_id in ids.tolist()]
    order = sorted(range(len(hashes)), key=hashes.__getitem__)
    return positions[first[order]]


def _subset(part: Part, positions: list[NDArray[np.int64]]) -> Part:
    kept = np.concatenate([*positions, np.empty(0, np.int64)])
    kept = kept[np.argsort(part.ids[kept], kind="stable")]
    return Part(part.ids[kept], part.labels[kept], part.pixels[kept])
