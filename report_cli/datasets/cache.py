"""The decoded cache: the pixels of images that were read in, by their digest, verified whenever they are loaded.

The digest is over the identities, and every other file is checked against the checksum that was noted with them.
Pixels stay on disk: what an experiment doesn't touch takes no memory.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from report_cli import files
from report_cli.datasets import exclusions
from report_cli.datasets.images import IDENTITY_BYTES, Decoded, ImageData, Part, Sorted, in_order, set_digest
from report_cli.datasets.source import Source
from report_cli.datasets.spec import PARTS

_ABOUT = "images.json"
_NAMES = "names.json"
_AT_ONCE_BYTES = 32 << 20


def write(cache: Path, images: Decoded, side: int | None) -> str:
    """Store `images` and return their digest; whoever reads meanwhile sees the former content or this.

    `side` is that of the squares to which photographs were resized.
    """
    parts = {part: in_order(images.classes, images.parts[part]) for part in PARTS}
    digest = set_digest(images.classes, {part: parts[part].identities for part in PARTS}, side)
    height, width = images.parts["train"].pixels.shape[1:3]
    with files.staged_folder(cache / "tmp", _folder(cache, digest)) as folder:
        names = {part: sorted_.names.tolist() for part, sorted_ in parts.items() if sorted_.names.any()}
        files.write_json(folder / _NAMES, names)
        files.write_json(folder / exclusions.FILE, msgspec.to_builtins(images.exclusions))
        for part, sorted_ in parts.items():
            files.write_bytes(folder / f"{part}_identities.bin", sorted_.identities.tobytes())
            files.write_bytes(folder / f"{part}_labels.bin", sorted_.labels.astype("<i8").tobytes())
            _write_pixels(folder / f"{part}_pixels.bin", images.parts[part].pixels, sorted_.rows)
        about = {
            "classes": sorted(images.classes),
            "counts": {part: len(sorted_.rows) for part, sorted_ in parts.items()},
            "height": height,
            "width": width,
            "side": side,
            "checksums": {path.name: files.digest(path) for path in sorted(folder.iterdir())},
        }
        files.write_json(folder / _ABOUT, about)
    return digest


def has(cache: Path, digest: str) -> bool:
    """Whether images with this digest are stored; `read` tells whether they are intact."""
    return (_folder(cache, digest) / _ABOUT).is_file()


def packed(cache: Path, digest: str) -> bytes:
    """Return the stored images with this digest as one archive."""
    return files.packed(_folder(cache, digest))


def unpack(cache: Path, digest: str, content: bytes) -> None:
    """Store the images of an archive that was `packed`; `read` tells whether they are those with this digest."""
    with files.staged_folder(cache / "tmp", _folder(cache, digest)) as folder:
        files.unpack(content, folder)


def read(cache: Path, digest: str, source: Source) -> ImageData | None:
    """Return the images with this digest, or None when they are not stored or not what was stored."""
    folder = _folder(cache, digest)
    try:
        about = files.read_json(folder / _ABOUT)
        classes = tuple(str(name) for name in about["classes"])
        shape = (int(about["height"]), int(about["width"]), 3)
        sizes = {part: (int(about["counts"][part]), *shape) for part in PARTS}
        _check(folder, about["checksums"], sizes)
        identities = {part: _values(folder / f"{part}_identities.bin").reshape(-1, IDENTITY_BYTES) for part in PARTS}
        if set_digest(classes, identities, about["side"]) != digest:
            return None
        names = files.read_json(folder / _NAMES)
        parts = {part: _part(folder, part, identities[part], names.get(part), sizes[part]) for part in PARTS}
        left_out = msgspec.convert(files.read_json(folder / exclusions.FILE), exclusions.Exclusions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
    name, label = source.name, source.label
    return ImageData(source.data.name, name, "real", label, digest, classes, parts["train"], parts["test"], left_out)


def _check(folder: Path, checksums: Mapping[str, str], sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError unless every file is what was stored; the sizes say how much there is to read at all."""
    expected = {_NAMES, exclusions.FILE}
    for part, size in sizes.items():
        pixels, identities, labels = (f"{part}_{what}.bin" for what in ("pixels", "identities", "labels"))
        expected |= {pixels, identities, labels}
        wanted = {pixels: int(np.prod(size)), identities: IDENTITY_BYTES * size[0], labels: 8 * size[0]}
        for name, size_bytes in wanted.items():
            if (folder / name).stat().st_size != size_bytes:
                raise ValueError(f"{name} has another size")
    for name in expected:
        if files.digest(folder / name) != checksums[name]:
            raise ValueError(f"{name} was changed")


def _part(folder: Path, part: str, identities: NDArray[np.uint8], names: Any, size: tuple[int, ...]) -> Part:
    labels = np.fromfile(folder / f"{part}_labels.bin", "<i8").astype(np.int64)
    # An empty file can't be mapped.
    path = folder / f"{part}_pixels.bin"
    pixels = np.asarray(np.memmap(path, np.uint8, "r", shape=size)) if size[0] else np.empty(size, np.uint8)
    named = np.array(names or [""] * len(labels), np.str_)
    return Sorted(identities, labels, named, np.arange(len(labels))).part(pixels)


def _write_pixels(path: Path, pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
    at_once = max(1, _AT_ONCE_BYTES // max(1, int(np.prod(pixels.shape[1:]))))
    with files.staged(path) as file:
        for start in range(0, len(rows), at_once):
            # A map keeps every page that was read in memory: a new one for each block keeps few.
            mapped = isinstance(pixels, np.memmap) and pixels.filename
            source = np.memmap(mapped, np.uint8, "r", shape=pixels.shape) if mapped else pixels
            file.write(source[rows[start : start + at_once]].data)


def _values(path: Path) -> NDArray[np.uint8]:
    return np.fromfile(path, np.uint8)


def _folder(cache: Path, digest: str) -> Path:
    return cache / "decoded" / digest
