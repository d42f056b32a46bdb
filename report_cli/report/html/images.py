"""Images of the author's own: files of the project that a document shows, made safe and fit for both pages."""

import base64
import io
import math
import re
import unicodedata
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from report_cli.errors import UsageError
from report_cli.project import Project
from report_cli.report.html import figures, fonts
from report_cli.report.text.manuscript import Manuscript

if TYPE_CHECKING:
    from lxml.html import HtmlElement
    from PIL.Image import Image

LIMIT_BYTES = 20_000_000
WIDTH = re.compile(r"width: ?(\d+(?:\.\d+)?)%;?")
HINT = 'a page shows images of the project, and figures of runs: << figure("...", caption="...") >>'
SVG = "{http://www.w3.org/2000/svg}"
JPEG_QUALITY = 92
SCREEN_QUALITY = 90
# The longest side that WebP can have.
WEBP_SIDE = 16383


@dataclass(frozen=True)
class Picture:
    """A figure or image in the form for print and for the screen; `name` ends in its kind in print.

    A figure of a run has the `tables` of the numbers behind it, an image of the author's own the `path` and `sha256` of
    its file, and its `size` in pixels.
    """

    where: str
    name: str
    print: bytes
    screen: bytes
    tables: Sequence[Any] = ()
    path: str = ""
    sha256: str = ""
    size: tuple[int, int] | None = None

    @property
    def data(self) -> str:
        """The form for the screen as an address that holds it."""
        kind = "svg+xml" if self.name.endswith(".svg") else "webp"
        return f"data:image/{kind};base64,{base64.b64encode(self.screen).decode()}"

    def show(self, image: "HtmlElement") -> None:
        """Let `image` show it on the screen: decoded when it comes near, in a place that is kept free for it."""
        image.set("src", self.data)
        image.set("loading", "lazy")
        image.set("decoding", "async")
        for name, pixels in zip(("width", "height"), self.size or (), strict=False):
            image.set(name, str(pixels))


def collect(project: Project, tree: "HtmlElement", manuscript: Manuscript) -> tuple[dict[str, Picture], list[str]]:
    """Return the images in `tree` that are no figures of runs, by address, and warnings; each is a <figure> afterwards.

    Raises:
        UsageError: one can't be shown, stands within other text, or has neither alternative text nor caption.
    """
    pictures: dict[str, Picture] = {}
    told: list[str] = []
    uses: dict[str, int] = {}
    for image in list(tree.iter("img")):
        with manuscript.faults.noting():
            source, style = image.get("src", ""), image.attrib.pop("style", "")
            caption = image.getparent().find("figcaption")
            # Where an image has no text of its own, pandoc takes the caption and hides that from who listens.
            if caption is not None and caption.attrib.pop("aria-hidden", ""):
                del image.attrib["alt"]
            if source in manuscript.figures:
                figure = manuscript.figures[source]
                _check_apart(image, f"{figure.where}: the figure {figure.name}")
                continue
            uses[source] = uses.get(source, -1) + 1
            where = manuscript.places.of_image(source, uses[source])
            what = f"{where}: the image {unquote(source)!r}"
            if source not in pictures:
                try:
                    pictures[source] = _read(project, unquote(source), where)
                except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
                    raise UsageError(f"{what} can't be shown: {error}", HINT) from error
            _set_apart(image)
            _check_apart(image, what)
            image.set("style", _width(style, where))
            if not image.get("alt", "").strip():
                words = " ".join(caption.text_content().split()) if caption is not None else ""
                if not words:
                    raise UsageError(f"{what} has no alternative text", 'add {alt="what it shows"}')
                told.append(f'{what} has no words for a screen reader but its caption: add {{alt="what it shows"}}')
                image.set("alt", words)
    return pictures, told


def logo(project: Project, name: str, where: str) -> str:
    """Return the image in the file `name` of the project as an address; UsageError where there is none."""
    try:
        return _read(project, name, where).data
    except (OSError, RuntimeError, ValueError) as error:
        what = f"{where}: the picture {name}"
        raise UsageError(f"{what} can't be shown: {error}", "name a PNG, JPEG, WebP or SVG file") from error


def _set_apart(image: "HtmlElement") -> None:
    """Make a figure of a paragraph that holds an image alone; pandoc makes one only where there is a caption."""
    box = image.getparent()
    if box.tag == "p" and len(box) == 1 and not box.text_content().strip():
        box.tag = "figure"
        if label := image.attrib.pop("id", ""):
            box.set("id", label)


def _check_apart(image: "HtmlElement", what: str) -> None:
    """Raise UsageError for an image within other text: pandoc would leave out its caption and its label."""
    if image.getparent().tag != "figure":
        hint = "it stands in a paragraph of its own: leave an empty line before and after it"
        raise UsageError(f"{what} stands within other text", hint)


def _width(style: str, where: str) -> str:
    if not style:
        return "width:auto;max-width:100%"
    width = WIDTH.fullmatch(style)
    if width is None or not 0 < float(width[1]) <= 100:
        raise UsageError(f"{where}: an image can't have {style!r}", "give its width alone, in percent: {width=60%}")
    return f"width:{width[1]}%"


def _read(project: Project, name: str, where: str) -> Picture:
    """Return the image in the file `name` of the project; OSError, RuntimeError or ValueError where there is none."""
    root = project.root.resolve()
    path = (root / name).resolve()
    if not name or ":" in name or PurePath(name).is_absolute() or not path.is_relative_to(root):
        raise ValueError("it is outside the project")
    if not path.is_file():
        raise ValueError("there is no such file in the project")
    if path.stat().st_size > LIMIT_BYTES:
        raise ValueError(f"it is larger than {LIMIT_BYTES // 10**6} MB")
    content = path.read_bytes()
    kind, for_print, for_screen, size = _made_safe(project, content, path)
    digest = sha256(content).hexdigest()
    return Picture(where, f"{digest}.{kind}", for_print, for_screen, (), name, digest, size)


@lru_cache(maxsize=64)  # `report watch` shows the same images after each edit.
def _made_safe(project: Project, content: bytes, path: Path) -> tuple[str, bytes, bytes, tuple[int, int] | None]:
    """Return the kind of an image, found in its content, its forms for print and screen, and its size if it has one.

    Raises:
        ValueError: it is of no known kind, is damaged, or asks for what is not in it.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with figures.undamaged(), warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as image:
                image.load()
                return _pixels(image)
    except UnidentifiedImageError:
        return "svg", *_drawing(project, content)
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _pixels(image: "Image") -> tuple[str, bytes, bytes, tuple[int, int]]:
    """Return an image upright and in sRGB, as PDF/A wants it, without its metadata, which may tell a place."""
    import numpy as np
    from PIL import Image, ImageCms, ImageOps

    photo, profile, target = image.format in ("JPEG", "MPO"), image.info.get("icc_profile"), io.BytesIO()
    as_it_is = image.format == "JPEG" and image.mode in ("L", "RGB") and not profile and 0x0112 not in image.getexif()
    if as_it_is:
        image.save(target, "JPEG", quality="keep", comment=b"")
        return "jpg", target.getvalue(), _webp(image, lossless=False), image.size
    image = ImageOps.exif_transpose(image)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode.startswith("I"):  # 16 bits: a conversion would cut off all that is bright
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):  # a profile of other colours is no use, to a browser neither
            ours = ImageCms.createProfile("sRGB")
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ours, outputMode="RGB") or image
    if image.mode == "CMYK":
        image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    image.info = {}
    if photo:
        image.save(target, "JPEG", quality=JPEG_QUALITY)
    else:
        image.save(target, "PNG")
    return "jpg" if photo else "png", target.getvalue(), _webp(image, lossless=not photo), image.size


def _webp(image: "Image", *, lossless: bool) -> bytes:
    """Return an image for the screen, without metadata."""
    image, target = image.copy(), io.BytesIO()
    image.thumbnail((WEBP_SIDE, WEBP_SIDE))
    image.info = {}
    image.save(target, "WEBP", lossless=lossless, quality=SCREEN_QUALITY)
    return target.getvalue()


def _drawing(project: Project, content: bytes) -> tuple[bytes, bytes, tuple[int, int] | None]:
    """Return an SVG for print and for the screen, whose letters have the shipped font, and its size."""
    from lxml import etree

    try:
        root = figures.parse(content, remove_comments=True, remove_pis=True)
    except ValueError:
        root = None
    if root is None or root.tag != f"{SVG}svg":
        raise ValueError("it is no PNG, JPEG, WebP or SVG")
    for element in root.iter():
        figures.check_part(element)
    letters = "".join(text for each in root.iter(f"{SVG}text") for text in each.itertext())
    for character in fonts.without_glyph(project, letters, fonts.FIGURE_FACES):
        raise ValueError(f"no font of the report has its character {character!r} (U+{ord(character):04X})")
    for character in letters:
        # Print sets the letters of an image one by one.
        if unicodedata.bidirectional(character) in ("R", "AL") or unicodedata.category(character) == "Mc":
            raise ValueError(f"its letters join or run to the left: {character!r}; make outlines of them")
    for image in root.iter(f"{SVG}image"):
        # PDF/A forbids to smooth the pixels of an image.
        image.set("image-rendering", "crisp-edges")
    style = etree.Element(f"{SVG}style")
    style.tail, root.text = root.text, None
    root.insert(0, style)
    families = dict.fromkeys(face.family for face in (*fonts.FIGURE_FACES, *fonts.own_faces(project)))
    style.text = f"*{{font-family:{','.join(map(repr, families))} !important}}"
    for_print = etree.tostring(root)
    if letters:
        # An image on a page can use no font of that page.
        style.text = fonts.for_drawing(project, letters) + style.text
    box = [float(number) for number in re.findall(r"[\d.]+", root.get("viewBox", ""))]
    size = (math.ceil(box[2]), math.ceil(box[3])) if len(box) == 4 else None
    return for_print, etree.tostring(root), size
