"""Zips of class folders with what doesn't belong, and pictures that are none."""

import io
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from PIL import Image

from experiments.datasets import CIFAR10
from tests.datasets.making import png
from tests.fault.malformed.archives import HTML
from tests.fault.malformed.case import CHECK, Case, Place, cut, flipped

NAME = "images.zip"
CAT = "train/cat/0.png"
PIXELS = np.arange(32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(32, 32, 3)


def whole() -> dict[str, bytes]:
    """Return class folders in which all is right but the number of images."""
    return {f"{part}/{name}/0.png": png(PIXELS) for part in ("train", "test") for name in CIFAR10.classes}


def zipped(files: Mapping[str, bytes], extra: Mapping[zipfile.ZipInfo, bytes] | None = None) -> bytes:
    """Return a zip of `files`, then of `extra`."""
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        warnings.simplefilter("ignore")  # A name twice is what is meant.
        for name, text in files.items():
            archive.writestr(name, text)
        for info, text in (extra or {}).items():
            archive.writestr(info, text)
    return content.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, rows: bytes = b"", depth: int = 8, colours: int = 2) -> bytes:
    """Return a PNG file whose header says what it likes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    packed = zlib.compress(rows, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Return a picture of 32x32 pixels in a format of Pillow's."""
    content = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(content, kind, **options)
    return content.getvalue()


def cases() -> list[Case]:
    found = [*_members(), *_pictures(), *_damage()]
    content = zipped(whole())
    found += [_given(f"cut at {n}/8", cut(content, n / 8), NAME) for n in range(8)]
    found += [_given(f"bits changed, {n}", flipped(content, n, 3), NAME) for n in range(16)]
    return found


def _given(name: str, content: bytes, *says: str) -> Case:
    def spoil(place: Place) -> None:
        place.write(f"given/{NAME}", content)

    return Case(f"zip: {name}", CHECK, spoil, says)


def _members() -> list[Case]:
    found = []
    for name, kind in (("link", stat.S_IFLNK), ("pipe", stat.S_IFIFO), ("device", stat.S_IFCHR), ("s", stat.S_IFSOCK)):
        info = zipfile.ZipInfo("train/cat/odd.png")
        info.external_attr = (kind | 0o777) << 16
        content = zipped(whole(), {info: b"/etc/passwd"})
        found.append(_given(f"a {name}", content, NAME, "odd.png is no regular file"))
    inner = zipped(whole())
    found += [
        _given("a login page", HTML, NAME, "can't be read"),
        _given("a zip in a zip", zipped({"train.zip": inner}), "no CIFAR-10 images in given"),
        _given("encrypted", _encrypted(inner), NAME, "encrypted"),
        _given("nothing in it", zipped({}), NAME, "no class folders"),
        _given("a tar called zip", HTML + bytes(4096), NAME, "can't be read"),
    ]
    return found


def _encrypted(content: bytes) -> bytes:
    damaged = bytearray(content)
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = damaged.find(mark)
        while at >= 0:
            damaged[at + offset] |= 1
            at = damaged.find(mark, at + 4)
    return bytes(damaged)


def _pictures() -> list[Case]:
    wrong = {
        "nothing": (b"", "is empty"),
        "a login page": (HTML, "is no image in PNG"),
        "a JPEG": (saved("JPEG"), "is no image in PNG"),
        "a GIF": (saved("GIF"), "is no image in PNG"),
        "a BMP": (saved("BMP"), "is no image in PNG"),
        "a TIFF": (saved("TIFF"), "is no image in PNG"),
        "an EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no image in PNG"),
        "transparency": (saved("PNG", "RGBA"), "RGBA"),
        "grey with transparency": (saved("PNG", "LA"), "LA"),
        "sixteen bits": (png_of(32, 32, bytes(32 * 65), 16, 0), "mode I;16"),
        "50,000 x 50,000": (png_of(50_000, 50_000), "0.png"),
        "8000 x 8000": (png_of(8000, 8000), "8000x8000 pixels where"),
        "no pixels": (png_of(0, 0), "0.png"),
        "33 pixels": (png_of(33, 32, bytes(100 * 32)), "33x32 pixels where"),
        "an unknown filter": (png_of(32, 32, (b"\x09" + bytes(96)) * 32), "is not a whole image"),
        "an unknown colour type": (png_of(32, 32, b"", 8, 5), "0.png"),
    }
    return [
        _given(f"{name} for an image", zipped({**whole(), CAT: content}), CAT.rpartition("/")[2], says)
        for name, (content, says) in wrong.items()
    ]


def _damage() -> list[Case]:
    lie = zipped({**whole(), CAT: bytes(30 << 20)}).replace(
        (30 << 20).to_bytes(4, "little"), (900).to_bytes(4, "little")
    )
    others = {name: content for name, content in whole().items() if name != CAT}
    directory = bytearray(zipped(whole()))
    directory[-10:-6] = b"\xff\xff\xff\x7f"
    crc = zipped(others, {zipfile.ZipInfo(CAT): b"stored as it is"}).replace(b"stored as it is", b"stored as it was")
    bad = zipped(others, {zipfile.ZipInfo(CAT): b"as it is"}).replace(b"as it is", b"as it ix", 1)
    return [
        _given("an image of 300 MB", zipped({**whole(), CAT: bytes(300 << 20)}), CAT, "unpacks to"),
        _given("a size that lies", lie, NAME, "can't be read"),
        _given("a directory of 2 GB", bytes(directory), NAME, "can't be read"),
        _given("shifted by a byte", crc, NAME),
        _given("a wrong checksum", bad, CAT, "CRC"),
        _given("an image outside", zipped({**whole(), "train/0.png": b""}), "0.png is not in train/<class>/"),
        _given("an image too deep", zipped({**whole(), "train/cat/a/0.png": b""}), "a/0.png is not in train/<class>/"),
        _given("text among them", zipped({**whole(), "train/cat/a.txt": b""}), "a.txt is not a .png file"),
        _given("an owl", zipped({**whole(), "train/owl/0.png": png(PIXELS)}), "11 class folders in train/"),
        _given("too few", zipped(whole()), "10 images in train where CIFAR-10 has 50000"),
    ]
