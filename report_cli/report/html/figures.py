"""The files of the figures that a document places, read and looked through before they get into a page."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from report_cli.errors import ReportError
from report_cli.report.text.manuscript import Figure

LINKS = ("href", "{http://www.w3.org/1999/xlink}href")


def read(figure: Figure) -> tuple[bytes, bytes]:
    """Return the SVG for print and the one for the screen.

    Raises:
        ReportError: it has no alternative text, or a file is missing, is no SVG, or holds an image that doesn't decode.
    """
    assert figure.file is not None
    if not figure.file.alt.strip():
        hint = f'say what it shows: figures.add(..., alt="..."), then report run {figure.name.partition(".")[0]}'
        raise ReportError(f"{figure.where}: the figure {figure.name} has no alternative text", hint)
    contents = []
    for path in (figure.file.print_svg, figure.file.screen_svg):
        try:
            contents.append(path.read_bytes())
            _check(contents[-1])
        except (OSError, ValueError) as error:
            raise ReportError(
                f"{figure.where}: the figure {figure.name} can't be shown: {path.name}: {error}",
                f"delete {path.parent.name} in build/figures, then report run {figure.name.partition('.')[0]}",
            ) from error
    return contents[0], contents[1]


@lru_cache(maxsize=512)  # `report watch` shows the same figures after each edit.
def _check(svg: bytes) -> None:
    """Raise ValueError for what is no SVG, or holds an image that doesn't decode or lies elsewhere."""
    from lxml import etree

    try:
        root = etree.fromstring(svg, etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"it is no SVG: {error}") from error
    for image in root.iter("{http://www.w3.org/2000/svg}image"):
        address = next((image.get(link) for link in LINKS if image.get(link)), "")
        head, comma, content = address.partition(";base64,")
        if not comma or not head.startswith("data:image/"):
            raise ValueError(f"it refers to an image outside itself: {address[:60]!r}")
        decode("".join(content.split()))


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
