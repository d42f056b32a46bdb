"""The files of the figures that a document places, read and looked through before they get into a page."""

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from report_cli import files
from report_cli.errors import ReportError
from report_cli.report.text.manuscript import Figure
from report_cli.store.run import FORMS, NUMBERS, SCREEN

# What acts, moves, or shows another document; and the attributes that name an address.
ACTIVE = ("script", "foreignobject", "iframe", "object", "embed", "audio", "video", "set", "handler")
ADDRESSES = ("href", "src", "base")
# Whatever a style could take from elsewhere: only what the image has itself (#name) remains.
OUTSIDE = re.compile(r"@import|@font-face|\b(?:url|src|image|image-set)\((?!\s*['\"]?#)", re.IGNORECASE)
# A style could spell an address with escapes; the short form `font` would override the shipped fonts in print.
HIDDEN = re.compile(r"\\|(?<![\w-])font\s*:", re.IGNORECASE)
LINKS = ("href", "{http://www.w3.org/1999/xlink}href")


def read(figure: Figure) -> tuple[bytes, bytes, list[Any]]:
    """Return the SVG for print and the one for the screen, and the tables of the numbers behind them.

    Raises:
        ReportError: it has no alternative text, or a file is missing, is no SVG, or holds an image that doesn't decode.
            The one for the screen stands within the page, so it may neither act nor ask for anything.
    """
    assert figure.file is not None
    if not figure.file.alt.strip():
        hint = f'say what it shows: figures.add(..., alt="..."), then report run {figure.name.partition(".")[0]}'
        raise ReportError(f"{figure.where}: the figure {figure.name} has no alternative text", hint)
    contents: list[Any] = []
    for ending in FORMS:
        path = figure.file.path(ending)
        try:
            if ending == NUMBERS:
                contents.append(files.read_json(path))
                continue
            contents.append(path.read_bytes())
            _check(contents[-1], inline=ending == SCREEN)
        except (OSError, ValueError) as error:
            raise ReportError(
                f"{figure.where}: the figure {figure.name} can't be shown: {path.name}: {error}",
                f"delete {path.parent.name} in build/figures, then report run {figure.name.partition('.')[0]}",
            ) from error
    for_print, for_screen, tables = contents
    return for_print, for_screen, tables


@lru_cache(maxsize=512)  # `report watch` shows the same figures after each edit.
def _check(svg: bytes, *, inline: bool) -> None:
    """Raise ValueError for what is no SVG, or holds an image that doesn't decode or lies elsewhere.

    What stands `inline` within a page is refused what an image could do harmlessly.
    """
    root = parse(svg, huge_tree=True)
    for image in root.iter("{http://www.w3.org/2000/svg}image"):
        address = next((image.get(link) for link in LINKS if image.get(link)), "")
        head, comma, content = address.partition(";base64,")
        if not comma or not head.startswith("data:image/"):
            raise ValueError(f"it refers to an image outside itself: {address[:60]!r}")
        decode("".join(content.split()))
    for element in root.iter() if inline else ():
        check_part(element)


def parse(svg: bytes, **options: bool) -> Any:
    """Return the root of an SVG, read without asking for anything outside it; ValueError for what is none."""
    from lxml import etree

    try:
        return etree.fromstring(svg, etree.XMLParser(resolve_entities=False, no_network=True, **options))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"it is no SVG: {error}") from error


@lru_cache(maxsize=512)  # The figures for print and screen hold the same images.
def decode(content: str) -> None:
    """Raise ValueError where an image in an SVG, in base64, doesn't decode."""
    from PIL import Image, UnidentifiedImageError

    try:
        with undamaged(), Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "it is of no known kind" if isinstance(error, UnidentifiedImageError) else error
        raise ValueError(f"an image in it doesn't decode: {reason}") from error


@contextmanager
def undamaged() -> Iterator[None]:
    """Inside, an image that ends too early doesn't decode."""
    from PIL import ImageFile

    # WeasyPrint allows truncated images in the whole process as soon as it is imported.
    allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = allowed


def check_part(element: Any) -> None:
    """Raise ValueError for a part of an SVG that acts, or asks for what is not in the file."""
    from lxml import etree

    if not isinstance(element.tag, str):
        raise ValueError("it has an entity of its own")
    tag = etree.QName(element).localname.lower()
    if tag in ACTIVE or tag.startswith("animate"):
        raise ValueError(f"it has a <{tag}>, which a page can't show")
    if tag == "style":
        _check_style("".join(element.itertext()))
    for attribute, text in element.attrib.items():
        name = etree.QName(attribute).localname.lower()
        if name.startswith("on"):
            raise ValueError(f"it has a script: {name}")
        if name in ADDRESSES:
            _check_address(text)
        elif name == "style" or OUTSIDE.search(text):
            _check_style(text)


def _check_address(address: str) -> None:
    head, comma, pixels = address.partition(";base64,")
    if comma and head.startswith("data:image/") and "svg" not in head:
        decode("".join(pixels.split()))
    elif not address.startswith("#"):
        raise ValueError(f"it refers to something outside itself: {address[:60]!r}")


def _check_style(style: str) -> None:
    if flaw := OUTSIDE.search(style) or HIDDEN.search(style):
        raise ValueError(f"its style can't have {style[flaw.start() :][:60]!r}")
