"""The files of the figures that a document places, read and looked through before they get into a page."""

import base64
import binascii
import io
from functools import lru_cache
from pathlib import Path

from report_cli.errors import ReportError
from report_cli.report.text.manuscript import Placed

LINKS = ("href", "{http://www.w3.org/1999/xlink}href")


def read(placed: Placed) -> tuple[bytes, bytes]:
    """Return the SVG for print and the one for the screen.

    Raises:
        ReportError: a file is missing, is no SVG, or holds an image that doesn't decode.
    """
    assert placed.file is not None
    return _checked(placed, placed.file.print_svg), _checked(placed, placed.file.screen_svg)


def _checked(placed: Placed, path: Path) -> bytes:
    try:
        svg = path.read_bytes()
        _check(svg)
    except (OSError, ValueError) as error:
        told = f"{placed.where}: the figure {placed.name} can't be shown: {path.name}: {error}"
        again = f"delete {path.parent.name} in build/figures, then report run {placed.name.partition('.')[0]}"
        raise ReportError(told, again) from error
    return svg


@lru_cache(maxsize=512)  # `report watch` shows the same figures after each edit.
def _check(svg: bytes) -> None:
    for pixels in _images(svg):
        _decode(pixels)


def _images(svg: bytes) -> list[bytes]:
    """Return the pixel images inside an SVG; ValueError when it is none."""
    from lxml import etree

    try:
        root = etree.fromstring(svg, etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"it is no SVG: {error}") from error
    found = []
    for image in root.iter("{http://www.w3.org/2000/svg}image"):
        address = next((image.get(link) for link in LINKS if image.get(link)), "")
        head, comma, content = address.partition(";base64,")
        if not comma or not head.startswith("data:image/"):
            raise ValueError(f"it refers to an image outside itself: {address[:60]!r}")
        found.append(_decoded(content))
    return found


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"an image in it doesn't decode: {error}") from error


@lru_cache(maxsize=512)  # The figures for print and screen hold the same images.
def _decode(pixels: bytes) -> None:
    from PIL import Image, UnidentifiedImageError

    from report_cli.datasets.readers.pictures import strict_images

    try:
        with strict_images(), Image.open(io.BytesIO(pixels)) as image:
            image.load()
    except UnidentifiedImageError as error:
        raise ValueError("an image in it doesn't decode: it is of no known kind") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"an image in it doesn't decode: {error}") from error
