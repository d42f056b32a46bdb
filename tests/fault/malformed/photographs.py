"""Photographs that are none: more than one in a hundred is an error, fewer are left out and listed."""

import io
import os
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

from tests.datasets.making import Files, kaggle, photo, photos, write_zip
from tests.fault.malformed.archives import HTML
from tests.fault.malformed.case import CHECK, Case, Place, cut, files, flipped
from tests.fault.malformed.zips import chunk, png_of, saved, zipped

GOOD = 120


def cases() -> list[Case]:
    found = []
    for name, (content, says) in _pictures().items():
        found += [_one(name, content, says), _two(name, content, says)]
    whole = photo(0, width=40, height=40)
    found += [_one(f"cut at {n}/12", cut(whole, n / 12), "cat.900.jpg is") for n in range(12)]
    # A few changed bits leave another picture, or none; both are fine, and nothing else is.
    found += [_one(f"bits changed, {n}", flipped(whole, n, 1 + n % 9), "Dogs vs. Cats from") for n in range(20)]
    return [*found, *_readable(), *_folders()]


@cache
def good() -> Files:
    """Return enough photographs, as the competition lays them out."""
    return kaggle(photos(GOOD))


def _pictures() -> dict[str, tuple[bytes, str]]:
    jpeg = photo(0, width=40, height=40)
    return {
        "nothing": (b"", "is empty"),
        "a login page": (HTML, "is no image in JPEG or PNG"),
        "zeros": (bytes(3000), "is no image in JPEG or PNG"),
        "a GIF": (saved("GIF"), "is no image in JPEG or PNG"),
        "a moving GIF": (_moving("GIF"), "is no image in JPEG or PNG"),
        "a moving WebP": (_moving("WEBP"), "is no image in JPEG or PNG"),
        "a TIFF": (saved("TIFF"), "is no image in JPEG or PNG"),
        "50,000 x 50,000": (png_of(50_000, 50_000), "more pixels than any photograph"),
        "a bomb": (_bomb(20_000, 20_000), "more pixels than any photograph"),
        "a long bomb": (png_of(1 << 30, 1), "more pixels than any photograph"),
        "a JPEG of 65,000 x 65,000": (_resized(jpeg, 65_000, 65_000), "more pixels than any photograph"),
        "a JPEG of 0 x 0": (_resized(jpeg, 0, 0), "is no image in JPEG or PNG"),
        "half a JPEG": (cut(jpeg, 0.5), "is not a whole image"),
        "only the mark of a JPEG": (b"\xff\xd8\xff", "cat.900.jpg"),
        "transparency": (saved("PNG", "RGBA"), "mode RGBA or transparency"),
        "text of 200 MB beside a PNG": (_text_bomb(), "is not a whole image"),
    }


def _one(name: str, content: bytes, says: str) -> Case:
    return Case(
        f"photographs: {name}, once", CHECK, _with({"train/cat.900.jpg": content}), (says, "ok, identity"), skipped=True
    )


def _two(name: str, content: bytes, says: str) -> Case:
    bad = {"train/cat.900.jpg": content, "train/dog.900.jpg": content}
    return Case(
        f"photographs: {name}, twice",
        CHECK,
        _with(bad),
        ("error: pets.zip: 2 of 122 images are unreadable", "cat.900.jpg", says),
    )


def _with(more: Files) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        place.given.mkdir(parents=True)
        write_zip(place.given / "pets.zip", {**good(), **more})

    return spoil


def _readable() -> list[Case]:
    """What is odd and all the same a picture."""
    jpeg = photo(0)
    exif = jpeg[:2] + b"\xff\xe1" + (14).to_bytes(2, "big") + b"Exif\0\0II*\0\xff\xff" + jpeg[2:]
    odd = {
        "a PNG called jpg": (saved("PNG"), "another format"),
        "a moving PNG": (_moving("PNG"), "another format"),
        "CMYK": (saved("JPEG", "CMYK"), "ok, identity"),
        "grey": (saved("JPEG", "L"), "ok, identity"),
        "a palette": (saved("PNG", "P"), "another format"),
        "progressive": (saved("JPEG", progressive=True), "ok, identity"),
        "damaged notes of a camera": (exif, "ok, identity"),
        "text behind it": (jpeg + HTML, "ok, identity"),
    }
    return [
        Case(f"photographs: {name}", CHECK, _with({"train/cat.900.jpg": content}), (says,), skipped=True)
        for name, (content, says) in odd.items()
    ]


def _folders() -> list[Case]:
    def pipe(place: Place) -> None:
        files({f"given/{name}": content for name, content in good().items()})(place)
        os.mkfifo(place.given / "train" / "cat.901.jpg")

    def loop(place: Place) -> None:
        files({f"given/{name}": content for name, content in good().items()})(place)
        (place.given / "train" / "cat.901.jpg").symlink_to("cat.901.jpg")

    def gone(place: Place) -> None:
        files({f"given/{name}": content for name, content in good().items()})(place)
        (place.given / "train" / "cat.901.jpg").symlink_to("nowhere.jpg")

    def around(place: Place) -> None:
        place.given.mkdir(parents=True)
        (place.given / "train").symlink_to(place.given, target_is_directory=True)

    few = zipped(kaggle(photos(12)))
    inner = zipped({"train.zip": zipped(good())})
    cats = zipped({name: content for name, content in good().items() if "dog" not in name})
    nested = zipped({**good(), "more/train/cat.1.jpg": photo(1)})
    return [
        Case("photographs: a pipe", CHECK, pipe, ("cat.901.jpg is no regular file",)),
        Case("photographs: a link to itself", CHECK, loop, ("ok, identity",), skipped=True),
        Case("photographs: a link to nowhere", CHECK, gone, ("ok, identity",), skipped=True),
        Case("photographs: a folder in itself", CHECK, around, ("given",)),
        Case("photographs: too few", CHECK, files({"given/pets.zip": few}), ("images: 6 of cat and 6 of dog",)),
        Case("photographs: a zip in a zip", CHECK, files({"given/pets.zip": inner}), ("train.zip: unpack it",)),
        Case("photographs: no dogs", CHECK, files({"given/pets.zip": cats}), ("no images of dog",)),
        Case("photographs: two sets", CHECK, files({"given/pets.zip": nested}), ("several folders",)),
        Case("photographs: no such folder", CHECK, lambda place: None, ("given",)),
        Case("photographs: an empty folder", CHECK, lambda place: place.given.mkdir(), ("given",)),
        Case("photographs: a file for a folder", CHECK, files({"given": b""}), ("given",)),
    ]


def _moving(kind: str) -> bytes:
    content = io.BytesIO()
    frames = [Image.fromarray(np.full((20, 20, 3), shade, np.uint8)) for shade in (0, 90, 200)]
    frames[0].save(content, kind, save_all=True, append_images=frames[1:])
    return content.getvalue()


@cache
def _bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred kilobytes that unpacks to all its pixels."""
    return png_of(width, height, bytes((width * 3 + 1) * height) if width * height < 1 << 27 else bytes(1 << 20))


def _resized(jpeg: bytes, width: int, height: int) -> bytes:
    """Return the JPEG with another size in its header."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


@cache
def _text_bomb() -> bytes:
    import zlib

    whole = saved("PNG")
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 << 20), 1))
    return whole[:33] + text + whole[33:]
