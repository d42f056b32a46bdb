"""The decoded cache: the pixels of images that were read in, by their digest, verified whenever they are loaded."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli import files
from report_cli.data.catalog import PARTS, Source
from report_cli.data.images import Images, Raw, assemble


def write(cache: Path, images: Images) -> None:
    """Store `images` under their digest; whoever reads meanwhile sees the former content or this."""
    with files.staged_folder(cache / "tmp", _folder(cache, images.digest)) as folder:
        counts = {}
        for part in PARTS:
            images_of_part = images.train if part == "train" else images.test
            images_of_part.labels.astype("<i8").tofile(folder / f"{part}_labels.bin")
            images_of_part.pixels.tofile(folder / f"{part}_pixels.bin")
            counts[part] = len(images_of_part)
        height, width = images.train.pixels.shape[1:3]
        about = {"classes": list(images.classes), "counts": counts, "height": height, "width": width}
        files.write_json(folder / "images.json", about)


def has(cache: Path, digest: str) -> bool:
    """Whether images with this digest are stored; `read` tells whether they are intact."""
    return (_folder(cache, digest) / "images.json").is_file()


def read(cache: Path, digest: str, source: Source) -> Images | None:
    """Return the images with this digest, or None when they are not stored or not what was stored."""
    folder = _folder(cache, digest)
    try:
        about = files.read_json(folder / "images.json")
        classes = tuple(str(name) for name in about["classes"])
        shape = (int(about["height"]), int(about["width"]), 3)
        parts = {part: _part(folder, part, int(about["counts"][part]), shape, len(classes)) for part in PARTS}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    images = assemble(source.kind, source.name, "real", source.label, classes, parts["train"], parts["test"])
    return images if images.digest == digest else None


def _part(folder: Path, part: str, count: int, shape: tuple[int, int, int], class_count: int) -> Raw:
    labels = _values(folder / f"{part}_labels.bin", "<i8", (count,)).astype(np.int64)
    pixels = _values(folder / f"{part}_pixels.bin", "u1", (count, *shape))
    if count and not 0 <= labels.min() <= labels.max() < class_count:
        raise ValueError("a label that is none")
    return Raw(labels, pixels)


def _values(path: Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the content of `path`, whose size is checked first: nothing is believed about how much to read."""
    if path.stat().st_size != int(np.prod(shape)) * np.dtype(dtype).itemsize:
        raise ValueError(f"{path.name} has another size")
    return np.fromfile(path, dtype).reshape(shape)


def _folder(cache: Path, digest: str) -> Path:
    return cache / "decoded" / digest
