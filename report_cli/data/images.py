"""Images in memory, and their identity: who they are depends on pixels and class alone, not on order or layout."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Part:
    """Some images: ids (N,) "<U16" hex in ascending order, labels (N,) int64, pixels (N, H, W, 3) uint8."""

    ids: NDArray[np.str_]
    labels: NDArray[np.int64]
    pixels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Raw:
    """Images as they were read or drawn, in any order: labels (N,) int64 index `classes`, pixels (N, H, W, 3) uint8."""

    labels: NDArray[np.int64]
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Images:
    """A whole set of images. `label` names it for people; `digest` (sha256, hex) is its identity."""

    kind: str
    name: str
    origin: Literal["embedded", "real"]
    label: str
    digest: str
    classes: tuple[str, ...]
    train: Part
    test: Part


def assemble(
    kind: str,
    name: str,
    origin: Literal["embedded", "real"],
    label: str,
    classes: tuple[str, ...],
    train: Raw,
    test: Raw,
) -> Images:
    """Return the images with classes in the order of their names, parts in the order of their ids, and the digest.

    The id of an image is the sha256 over class name, shape and pixels, shortened to 16 hex digits; the digest is
    over the class names and, part by part, the ids in full.
    """
    ordered = tuple(sorted(classes))
    rename = np.array([ordered.index(c) for c in classes], np.int64)
    state = sha256(json.dumps(ordered).encode())
    parts = {}
    for part, raw in (("train", train), ("test", test)):
        labels = rename[raw.labels]
        identities = _identities(ordered, labels, raw.pixels)
        order = sorted(range(len(identities)), key=identities.__getitem__)
        state.update(f"{part}:{len(order)}:".encode())
        for i in order:
            state.update(identities[i])
        ids = np.array([identities[i].hex()[:16] for i in order], "<U16")
        # What comes from the decoded cache is in order already and need not be copied.
        in_order = order == list(range(len(order)))
        parts[part] = Part(ids, labels[order], raw.pixels if in_order else raw.pixels[order])
    return Images(kind, name, origin, label, state.hexdigest(), ordered, parts["train"], parts["test"])


def _identities(classes: tuple[str, ...], labels: NDArray[np.int64], pixels: NDArray[np.uint8]) -> list[bytes]:
    """Return the sha256 of (class name, shape, pixels) of each image."""
    shape = "x".join(str(n) for n in pixels.shape[1:])
    starts = [sha256(f"{len(name)}:{name}:{shape}:".encode()) for name in classes]
    flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
    identities = []
    for label, image in zip(labels.tolist(), flat, strict=True):
        state = starts[label].copy()
        state.update(image.data)
        identities.append(state.digest())
    return identities
