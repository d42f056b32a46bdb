"""Images in memory, and their identity: who they are depends on pixels and class alone, not on order or layout."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.exclusions import NOTHING_LEFT_OUT, Exclusions
from report_cli.datasets.resize import resize
from report_cli.datasets.spec import PARTS
from report_cli.datasets.split import NOTHING, Split, stratified

# Bytes of a whole identity; an id shows the first eight.
IDENTITY_BYTES = 32


def _no_names() -> NDArray[np.str_]:
    return np.empty(0, "<U1")


@dataclass(frozen=True, eq=False)
class Part:
    """Some images: ids (N,) "<U16" hex in ascending order, labels (N,) int64, pixels (N, H, W, 3) uint8.

    `names` (N,) are what the source calls them, class and number ("cat.1275"), "" where it has no numbers. They are
    no part of any identity; two images may have the same one. Pixels may be read-only.
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    names: NDArray[np.str_] = field(default_factory=_no_names)

    def __post_init__(self) -> None:
        if not len(self.names):
            object.__setattr__(self, "names", np.full(len(self.ids), "", "<U1"))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def numbers(self) -> NDArray[np.uint64]:
        """The ids as numbers, (N,), in the same order: an eighth of their size, for what is recorded."""
        return np.array([int(image_id, 16) for image_id in self.ids.tolist()], np.uint64)


@dataclass(frozen=True)
class Raw:
    """Images as they were read or drawn, in any order: labels (N,) int64 index `classes`, pixels (N, H, W, 3) uint8.

    `identities` (N, 32) uint8 are given where `pixels` are not those by which the images are known (photographs
    that were resized); `names` (N,) as in `Part`.
    """

    labels: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    names: NDArray[np.str_] = field(default_factory=_no_names)
    identities: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Decoded:
    """What a source holds: class names as `Raw.labels` index them, the images of each part, and what was left out."""

    classes: tuple[str, ...]
    parts: Mapping[str, Raw]
    exclusions: Exclusions = NOTHING_LEFT_OUT


@dataclass(frozen=True, eq=False)
class ImageData:
    """A whole set of images. `label` names it for people; `digest` (sha256, hex) is its identity.

    `classes` are their names. Where a set has no official test images, `test` is empty and everything is in `train`.
    """

    kind: str
    name: str
    origin: Literal["drawn", "real"]
    label: str
    digest: str
    classes: tuple[str, ...]
    train: Part
    test: Part
    exclusions: Exclusions = NOTHING_LEFT_OUT

    def split(
        self,
        train: int = 0,
        validation: int = 0,
        test: int = 0,
        seed: int = 1,
        fixed: Mapping[str, Sequence[str]] = NOTHING,
        side: int | None = None,
    ) -> Split[Part]:
        """Return disjoint parts of these sizes, as many images of each class, chosen by `split.stratified`.

        Official test images are only tested on; where there are none, all parts are cut from the training images.
        `side` stretches the images to squares of so many pixels.

        Raises:
            DataError: a class has fewer images than the parts need of it.
        """
        sizes = {"train": train, "validation": validation, "test": test}
        official = sizes.pop("test") if len(self.test) else None
        parts = stratified(self.train, sizes, seed, fixed)

        def sized(part: Part) -> Part:
            return part if side is None else replace(part, pixels=resize(part.pixels, side))

        def take_test() -> Part:
            return sized(parts["test"] if official is None else stratified(self.test, {"test": official}, seed)["test"])

        shape = self.train.pixels.shape[1:] if side is None else (side, side, 3)
        return Split(sized(parts["train"]), sized(parts["validation"]), take_test, shape, self.classes)


@dataclass(frozen=True, eq=False)
class Sorted:
    """A part in the order of its identities (N, 32) uint8: `rows` says where in `Raw` each image is."""

    identities: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: NDArray[np.str_]
    rows: NDArray[np.int64]

    def part(self, pixels: NDArray[np.uint8]) -> Part:
        """Return the part with `pixels`, which are in order already."""
        return Part(ids(self.identities), self.labels, pixels, self.names)


def assemble(
    kind: str,
    name: str,
    origin: Literal["drawn", "real"],
    label: str,
    classes: tuple[str, ...],
    train: Raw,
    test: Raw,
) -> ImageData:
    """Return the images with classes in the order of their names, parts in the order of their ids, and the digest.

    The id of an image is the sha256 over class name, shape and pixels, shortened to 16 hex digits; the digest is
    over the class names and, part by part, the ids in full.
    """
    first, second = in_order(classes, train), in_order(classes, test)
    digest = set_digest(classes, {"train": first.identities, "test": second.identities})
    ordered = tuple(sorted(classes))
    parts = first.part(train.pixels[first.rows]), second.part(test.pixels[second.rows])
    return ImageData(kind, name, origin, label, digest, ordered, *parts)


def in_order(classes: tuple[str, ...], raw: Raw) -> Sorted:
    """Return where each image of `raw` comes when ordered by identity; labels then index the sorted class names."""
    ordered = sorted(classes)
    labels = np.array([ordered.index(name) for name in classes], np.int64)[raw.labels]
    identities = _identities(ordered, labels, raw.pixels) if raw.identities is None else raw.identities
    names = raw.names if len(raw.names) else np.full(len(labels), "", "<U1")
    keys = [(row.tobytes(), name) for row, name in zip(identities, names.tolist(), strict=True)]
    rows = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    return Sorted(identities[rows], labels[rows], names[rows], rows)


def set_digest(classes: tuple[str, ...], identities: Mapping[str, NDArray[np.uint8]], side: int | None = None) -> str:
    """Return the identity of a set (sha256, hex), given the ordered identities (N, 32) of its parts.

    `side` is that of the squares to which photographs were resized: their identities are from before.
    """
    state = sha256(json.dumps(sorted(classes)).encode())
    if side is not None:
        state.update(f"stretched to {side}x{side}:".encode())
    for part in PARTS:
        state.update(f"{part}:{len(identities[part])}:".encode())
        state.update(identities[part].tobytes())
    return state.hexdigest()


def identity(class_name: str, pixels: NDArray[np.uint8]) -> bytes:
    """Return the sha256 of (class name, shape, pixels) of one image (H, W, 3)."""
    shape = "x".join(str(n) for n in pixels.shape)
    state = sha256(f"{len(class_name)}:{class_name}:{shape}:".encode())
    state.update(np.ascontiguousarray(pixels).data)
    return state.digest()


def ids(identities: NDArray[np.uint8]) -> NDArray[np.str_]:
    """Return the ids (N,) "<U16" that belong to identities (N, 32)."""
    return np.array([row.tobytes().hex()[:16] for row in identities], "<U16")


def _identities(classes: list[str], labels: NDArray[np.int64], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    found = [identity(classes[label], image) for label, image in zip(labels.tolist(), pixels, strict=True)]
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, IDENTITY_BYTES)
