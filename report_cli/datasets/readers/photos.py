"""Reads photographs of any size, JPEG or PNG by their content, into squares; what is no whole image is left out.

The pixels are those in the file: an orientation noted beside them (EXIF) and colour profiles are not applied, as in
the readers of Keras and TensorFlow. Identities are taken before an image is resized, so that neither archive nor
square is part of them.
"""

import io
import struct
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from report_cli import files
from report_cli.datasets.exclusions import Exclusions, Skipped
from report_cli.datasets.images import IDENTITY_BYTES, Decoded, Raw, identity
from report_cli.datasets.layouts import PhotoPlace, class_of, photo
from report_cli.datasets.readers.archive import Member
from report_cli.datasets.readers.strictness import check_rows, strict_images
from report_cli.datasets.resize import resize
from report_cli.datasets.spec import PARTS, Images
from report_cli.errors import DataError

# Colours that have an agreed value in RGB; transparency has none.
_MODES = ("RGB", "L", "P", "1", "CMYK")
_ENDINGS = {"JPEG": (".jpg", ".jpeg", ".jfif"), "MPO": (".jpg", ".jpeg", ".jfif"), "PNG": (".png",)}
# What Pillow raises for content that is no whole image.
_BROKEN = (OSError, EOFError, ValueError, SyntaxError, IndexError, KeyError, TypeError, struct.error, zlib.error)
_MOST_SHOWN = 3
# A third of what Pillow allows: in memory there are several copies of one photograph at a time.
_MOST_PIXELS = 1 << 25
# Each scan of a JPEG costs the time of the whole image; no camera writes more than a dozen.
_MOST_SCANS = 100
_SCAN = b"\xff\xda"


class _NoImageError(Exception):
    """A file is left out; the text says why."""


class _Album:
    """Collects the squares in a file, so that memory holds one photograph at a time."""

    def __init__(self, kind: Images, path: Path) -> None:
        assert kind.side, f"photographs need a size to be stored in: {kind.name}"
        self.kind, self.side, self.path = kind, kind.side, path
        self.labels: list[int] = []
        self.names: list[str] = []
        self.identities: list[bytes] = []
        self.skipped: list[Skipped] = []
        self.mislabelled: list[str] = []

    def add(self, place: PhotoPlace, class_name: str, pixels: NDArray[np.uint8]) -> bytes:
        """Note an image and return the bytes of its square."""
        self.labels.append(self.kind.classes.index(class_name))
        self.names.append("" if place.number is None else f"{class_name}.{place.number}")
        self.identities.append(identity(class_name, pixels))
        return resize(pixels[None], self.side).tobytes()

    def decoded(self) -> Decoded:
        """Return the images; their pixels stay in the file."""
        shape = (len(self.labels), self.side, self.side, 3)
        pixels = np.memmap(self.path, np.uint8, "r", shape=shape) if self.labels else np.empty(shape, np.uint8)
        identities = np.frombuffer(b"".join(self.identities), np.uint8).reshape(-1, IDENTITY_BYTES)
        train = Raw(np.array(self.labels, np.int64), pixels, np.array(self.names, np.str_), identities)
        nothing = Raw(np.empty(0, np.int64), np.empty((0, *shape[1:]), np.uint8))
        skipped = sorted(self.skipped, key=lambda each: each.name)
        exclusions = Exclusions(tuple(skipped), tuple(sorted(self.mislabelled)))
        return Decoded(self.kind.classes, dict(zip(PARTS, (train, nothing), strict=True)), exclusions)


def read(members: Iterable[Member], archive: str, kind: Images, scratch: Path) -> Decoded:
    """Return the images, all in "train", their pixels in a file in the folder `scratch` that must outlive them.

    Raises:
        DataError: more than one in a hundred is unreadable, or images lie where none belong.
    """
    album = _Album(kind, scratch / "squares.bin")
    prefix: str | None = None
    with files.staged(album.path) as file, strict_images():
        for member in members:
            place = photo(member.name, kind.classes)
            if place is None:
                continue
            class_name = class_of(place.folder, kind.classes)
            if class_name is None or prefix not in (None, place.prefix):
                raise DataError(f"{archive}: {member.name} lies in another folder than the images of {kind.title}")
            prefix = place.prefix
            try:
                pixels, format_ = _decode(member.read())
            except _NoImageError as fault:
                album.skipped.append(Skipped(member.name, str(fault)))
                continue
            if not member.name.lower().endswith(_ENDINGS[format_]):
                album.mislabelled.append(member.name)
            file.write(album.add(place, class_name, pixels))
    _judge(album, archive)
    return album.decoded()


def _decode(content: bytes) -> tuple[NDArray[np.uint8], str]:
    """Return the image as (H, W, 3) uint8 and its format; its header is checked before its pixels are unpacked."""
    if not content:
        raise _NoImageError("is empty")
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as image:
            if image.mode not in _MODES or "transparency" in image.info:
                raise _NoImageError(f"has colours of mode {image.mode} or transparency where RGB is needed")
            if image.width * image.height > _MOST_PIXELS:
                raise _NoImageError("has more pixels than any photograph")
            if image.format == "PNG":
                check_rows(content)
            elif content.count(_SCAN) > _MOST_SCANS:
                raise _NoImageError(f"has more than {_MOST_SCANS} scans")
            return np.asarray(image.convert("RGB") if image.mode != "RGB" else image), str(image.format)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _NoImageError("has more pixels than any photograph") from error
    except UnidentifiedImageError as error:
        raise _NoImageError("is neither JPEG nor PNG") from error
    except _BROKEN as error:
        raise _NoImageError("is not a whole image") from error


def _judge(album: _Album, archive: str) -> None:
    number, total = len(album.skipped), len(album.skipped) + len(album.labels)
    if number * 100 <= total:
        return
    shown = "; ".join(f"{each.name} {each.reason}" for each in album.skipped[:_MOST_SHOWN])
    (reason, count) = Counter(each.reason for each in album.skipped).most_common(1)[0]
    raise DataError(
        f"{archive}: {number} of {total} images are unreadable (for instance {shown})",
        f"at most one in a hundred may be; {count} of them: {reason}; fetch or unpack it again",
    )
