"""Reads train/<class>/*.png and test/<class>/*.png, in a zip or in folders."""

import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from report_cli.datasets.images import Raw
from report_cli.datasets.layouts import Place, split_name
from report_cli.datasets.readers.archive import Member
from report_cli.datasets.readers.strictness import check_rows, strict_images
from report_cli.datasets.spec import PARTS, Images
from report_cli.errors import DataError

# Colours that are the same in RGB; transparency has none.
_MODES = ("RGB", "P", "L")
_LARGEST_SIDE = 4096
# What Pillow raises for content that is no whole PNG.
_BROKEN = (
    *(OSError, EOFError, ValueError, SyntaxError, IndexError, KeyError, TypeError, struct.error, zlib.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def read(members: Iterable[Member], archive: str, kind: Images) -> tuple[tuple[str, ...], dict[str, Raw]]:
    """Return the class names and the images of each part.

    Raises:
        DataError: a file among the classes is no PNG of the kind's size, or lies where none belongs.
    """
    classes: dict[str, int] = {}
    labels: dict[str, list[int]] = {part: [] for part in PARTS}
    pixels: dict[str, list[NDArray[np.uint8]]] = {part: [] for part in PARTS}
    prefix: str | None = None
    size = (kind.width, kind.height) if kind.width and kind.height else None
    with strict_images():
        for member in members:
            place = _place(member, archive, prefix)
            if place is None:
                continue
            prefix = place.prefix
            image = _decode(member, archive, size)
            size = (image.shape[1], image.shape[0])
            pixels[place.part].append(image)
            labels[place.part].append(classes.setdefault(place.class_name, len(classes)))
    return tuple(classes), {part: _stacked(labels[part], pixels[part], size) for part in PARTS}


def _place(member: Member, archive: str, prefix: str | None) -> Place | None:
    """Return where the image belongs, or None for files that lie outside train/ and test/, such as a README."""
    place = split_name(member.name)
    if place is None:
        if any(part in PARTS for part in member.name.split("/")[:-1]):
            raise DataError(f"{archive}: {member.name} is not in train/<class>/ or test/<class>/")
        return None
    if prefix is not None and place.prefix != prefix:
        raise DataError(f"{archive}: {member.name} is in another folder than the images before it")
    if not member.name.lower().endswith(".png"):
        raise DataError(f"{archive}: {member.name} is not a .png file")
    return place


def _decode(member: Member, archive: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Return the image as (H, W, 3) uint8; what its header says is checked before its pixels are unpacked."""
    content = member.read()
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            fault = _fault(image, size)
            if not fault:
                check_rows(content)
                return np.asarray(image.convert("RGB") if image.mode != "RGB" else image)
    except _BROKEN as error:
        raise DataError(f"{archive}: {member.name} is not a whole PNG image") from error
    raise DataError(f"{archive}: {member.name} {fault}")


def _fault(image: Image.Image, size: tuple[int, int] | None) -> str:
    width, height = image.size
    if size is not None and image.size != size:
        return f"has {width}x{height} pixels where the others have {size[0]}x{size[1]}"
    if max(image.size) > _LARGEST_SIDE:
        return f"has {width}x{height} pixels, more than {_LARGEST_SIDE} a side"
    if image.mode not in _MODES or "transparency" in image.info:
        return f"has colours of mode {image.mode} or transparency where RGB is needed"
    return ""


def _stacked(labels: list[int], pixels: list[NDArray[np.uint8]], size: tuple[int, int] | None) -> Raw:
    width, height = size or (1, 1)
    images = np.stack(pixels) if pixels else np.empty((0, height, width, 3), np.uint8)
    # The images are in memory twice here; the single ones go at once.
    pixels.clear()
    return Raw(np.array(labels, np.int64), images)
