"""Reads PNG images of one size in class folders, and photographs of any size, JPEG or PNG, into squares.

The pixels are those in the file: an orientation noted beside them (EXIF) and colour profiles are not applied, as in
the readers of Keras and TensorFlow. Identities are taken before an image is resized, so that neither archive nor
square is part of them.
"""

import io
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from report_cli import files
from report_cli.datasets.exclusions import Exclusions
from report_cli.datasets.images import IDENTITY_BYTES, Decoded, Raw, identity
from report_cli.datasets.layouts import class_of, photo, split_name
from report_cli.datasets.readers.archive import Member
from report_cli.datasets.resize import resize
from report_cli.datasets.spec import PARTS, Images
from report_cli.errors import DataError

# Colours that have an agreed value in RGB; transparency has none.
_MODES = ("RGB", "L", "P", "1", "CMYK")
_ENDINGS = {"JPEG": (".jpg", ".jpeg", ".jfif"), "MPO": (".jpg", ".jpeg", ".jfif"), "PNG": (".png",)}
# What Pillow raises for content that is no whole image.
_BROKEN = (OSError, EOFError, ValueError, SyntaxError, IndexError, KeyError, TypeError, struct.error, zlib.error)
_MOST_SHOWN = 3


class _NoImageError(Exception):
    """A file is no whole image; its text says why."""


@contextmanager
def strict_images() -> Iterator[None]:
    """Within the block Pillow refuses truncated images and decompression bombs, whatever another library has set.

    WeasyPrint, for one, allows truncated images in the whole process as soon as it is imported.
    """
    allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings():
            # What else is odd in a header is no one's concern.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = allowed


def read_folders(members: Iterable[Member], archive: str, data: Images) -> tuple[tuple[str, ...], dict[str, Raw]]:
    """Return the class names and the images of each part, from train/<class>/*.png and test/<class>/*.png.

    Raises:
        DataError: a file among the classes is no whole PNG of the set's size, or lies where none belongs.
    """
    classes: dict[str, int] = {}
    labels: dict[str, list[int]] = {part: [] for part in PARTS}
    pixels: dict[str, list[NDArray[np.uint8]]] = {part: [] for part in PARTS}
    prefix: str | None = None
    size = (data.height, data.width) if data.width and data.height else None
    with strict_images():
        for member in members:
            where = f"{archive}: {member.name}"
            place = split_name(member.name)
            if place is None:
                if any(part in PARTS for part in member.name.split("/")[:-1]):
                    raise DataError(f"{where} is not in train/<class>/ or test/<class>/")
                continue  # a README, say
            if prefix not in (None, place.prefix):
                raise DataError(f"{where} is in another folder than the images before it")
            if not member.name.lower().endswith(".png"):
                raise DataError(f"{where} is not a .png file")
            try:
                image, _ = _decode(member.read(), ["PNG"], size)
            except _NoImageError as fault:
                raise DataError(f"{where} {fault}") from fault
            prefix, size = place.prefix, (image.shape[0], image.shape[1])
            pixels[place.part].append(image)
            labels[place.part].append(classes.setdefault(place.class_name, len(classes)))
    raws = {}
    for part in PARTS:
        images = np.stack(pixels[part]) if pixels[part] else np.empty((0, *(size or (1, 1)), 3), np.uint8)
        # The images are in memory twice here; the single ones go at once.
        pixels[part].clear()
        raws[part] = Raw(np.array(labels[part], np.int64), images)
    return tuple(classes), raws


def read_photos(members: Iterable[Member], archive: str, data: Images, scratch: Path) -> Decoded:
    """Return the photographs, all in "train", their squares in a file in the folder `scratch` that must outlive them.

    What is no whole image is left out and listed.

    Raises:
        DataError: more than one in a hundred is no whole image, or images lie where none belong.
    """
    assert data.side, f"photographs need a size to be stored in: {data.name}"
    labels: list[int] = []
    names: list[str] = []
    identities: list[bytes] = []
    skipped: dict[str, str] = {}
    mislabelled: list[str] = []
    prefix: str | None = None
    # Memory holds one photograph at a time.
    with files.staged(scratch / "squares.bin") as file, strict_images():
        for member in members:
            place = photo(member.name, data.classes)
            if place is None:
                continue
            class_name = class_of(place.folder, data.classes)
            if class_name is None or prefix not in (None, place.prefix):
                raise DataError(f"{archive}: {member.name} lies in another folder than the images of {data.title}")
            prefix = place.prefix
            try:
                pixels, format_ = _decode(member.read(), ["JPEG", "PNG"])
            except _NoImageError as fault:
                skipped[member.name] = str(fault)
                continue
            if not member.name.lower().endswith(_ENDINGS[format_]):
                mislabelled.append(member.name)
            labels.append(data.classes.index(class_name))
            names.append("" if place.number is None else f"{class_name}.{place.number}")
            identities.append(identity(class_name, pixels))
            file.write(resize(pixels[None], data.side).tobytes())
    _check_few(skipped, len(labels), archive)
    shape = (len(labels), data.side, data.side, 3)
    squares = np.memmap(scratch / "squares.bin", np.uint8, "r", shape=shape) if labels else np.empty(shape, np.uint8)
    known = np.frombuffer(b"".join(identities), np.uint8).reshape(-1, IDENTITY_BYTES)
    train = Raw(np.array(labels, np.int64), squares, np.array(names, np.str_), known)
    nothing = Raw(np.empty(0, np.int64), np.empty((0, *shape[1:]), np.uint8))
    return Decoded(data.classes, {"train": train, "test": nothing}, Exclusions(skipped, tuple(sorted(mislabelled))))


def _decode(content: bytes, formats: list[str], size: tuple[int, int] | None = None) -> tuple[NDArray[np.uint8], str]:
    """Return the image as (H, W, 3) uint8 and its format; its header is checked before its pixels are unpacked."""
    if not content:
        raise _NoImageError("is empty")
    try:
        with Image.open(io.BytesIO(content), formats=formats) as image:
            if size is not None and (image.height, image.width) != size:
                raise _NoImageError(
                    f"has {image.width}x{image.height} pixels where the others have {size[1]}x{size[0]}"
                )
            if image.mode not in _MODES or "transparency" in image.info:
                raise _NoImageError(f"has colours of mode {image.mode} or transparency where RGB is needed")
            return np.asarray(image.convert("RGB") if image.mode != "RGB" else image), str(image.format)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _NoImageError("has more pixels than any photograph") from error
    except UnidentifiedImageError as error:
        raise _NoImageError(f"is no image in {' or '.join(formats)}") from error
    except _BROKEN as error:
        raise _NoImageError("is not a whole image") from error


def _check_few(skipped: dict[str, str], read: int, archive: str) -> None:
    """Raise DataError where more than one file in a hundred was left out."""
    number, total = len(skipped), len(skipped) + read
    if number * 100 <= total:
        return
    shown = "; ".join(f"{name} {reason}" for name, reason in list(skipped.items())[:_MOST_SHOWN])
    (reason, count) = Counter(skipped.values()).most_common(1)[0]
    raise DataError(
        f"{archive}: {number} of {total} images are unreadable (for instance {shown})",
        f"at most one in a hundred may be; {count} of them: {reason}; fetch or unpack it again",
    )
