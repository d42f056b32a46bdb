"""The files of a figure: for print, and for the page, where its letters are text, its colours those of the page, its
pixels WebP, and its numbers at hand.
"""

import base64
import io
import re
from functools import cache
from typing import Any

from lxml import etree
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from report_cli import files
from report_cli.figures import numbers, style

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
# Of photographs; more colours than this has no drawing of ours, whose pixels stay as they are.
QUALITY, DRAWN_COLOURS = 90, 256
# What the page calls the colours of lines and words.
THEME = {
    style.INK: "var(--ink)",
    "#000000": "var(--ink)",
    style.ACCENT: "var(--accent)",
    style.GREY: "var(--faint)",
    style.GREY_WORDS: "var(--soft)",
    "#ffffff": "var(--paper)",
}
BARE = "bare"
# The areas behind a figure and behind its axes.
GROUNDS = ".//*[re:test(@id, '^(figure|axes)_')]/*[1]/*[@style='fill: #ffffff']"
REGEX = {"re": "http://exslt.org/regular-expressions"}
NUMBER = re.compile(r"-?\d+\.\d{3,}")


def forms(figure: Figure) -> dict[str, bytes]:
    """Return the files of a figure by the ends of their names.

    Raises:
        ValueError: as for `style.lay_out` and `style.to_svg`.
    """
    style.lay_out(figure)
    tables = numbers.tables(figure)
    svg = style.to_svg(figure)
    box = figure.get_tightbbox()
    across = max(0, 72 * float(box.x0)), min(72 * float(figure.get_size_inches()[0]), 72 * float(box.x1))
    shown = to_screen(svg, across, themed=not numbers.has_ground(figure))
    return {"print.svg": svg, "screen.svg": shown, "numbers.json": files.json_text(tables, indent=None).encode()}


def to_screen(svg: bytes, across: tuple[float, float], *, themed: bool) -> bytes:
    """Return a figure of `style.to_svg` as it stands within a page: what lies `across` from left to right, in points.

    If `themed`, its colours are those of the page.
    """
    root = etree.fromstring(svg, etree.XMLParser(huge_tree=True, remove_blank_text=True, remove_comments=True))
    dropped = [*root.iter(f"{SVG}metadata"), *root.iter(f"{SVG}style")]
    if themed:
        # The page itself is the ground.
        dropped += root.xpath(GROUNDS, namespaces=REGEX)
    for part in dropped:
        part.getparent().remove(part)
    for element in root.iter():
        if declared := element.get("style"):
            element.set("style", _styled(declared, element.tag == f"{SVG}text", themed))
        for name, digits in (("d", 2), ("x", 2), ("y", 2), ("points", 2), ("transform", 5)):
            if content := element.get(name):
                element.set(name, _rounded(" ".join(content.split()), digits))
        if link := element.attrib.pop(LINK, ""):
            element.set("href", _webp(link) if element.tag == f"{SVG}image" else link)
    _drop_names(root)
    *_, height = root.get("viewBox").split()
    left, right = across
    root.set("viewBox", f"{left:.1f} 0 {right - left:.1f} {float(height):.1f}")
    if not themed:
        root.set("class", "card")
    etree.cleanup_namespaces(root)
    return bytes(etree.tostring(root))


def _drop_names(root: Any) -> None:
    """Leave the ids that are referred to and those of series, and no group that is there for its id alone."""
    used = set(re.findall(rb"#([\w.-]+)", re.sub(rb"data:[^\"]*", b"", etree.tostring(root))))
    for element in root.iter():
        name = element.get("id", "")
        if name.encode() not in used and not name.startswith((numbers.SERIES, numbers.NAME)):
            element.attrib.pop("id", None)
        if (element.tag == f"{SVG}g" and not element.attrib) or (element.tag == f"{SVG}defs" and not len(element)):
            element.tag = BARE
    etree.strip_tags(root, BARE)


def _styled(declared: str, is_text: bool, themed: bool) -> str:
    """Return the style of an element in short: the page has the font, and its colours if `themed`."""
    kept = []
    for name, value in re.findall(r"([\w-]+): ?([^;]+)", declared):
        if name == "font-family" or (name, value) == ("stroke-dashoffset", "0"):
            continue
        if name == "font":
            # The page sets the family; no short form may override it.
            *looks, size = value.partition("px")[0].split()
            kept.append(f"font-size:{size}px")
            kept += [f"font-style:{look}" for look in looks if look == "italic"]
            kept += ["font-weight:600" for look in looks if look in ("bold", "700")]
            continue
        if themed and name == "fill" and not is_text:
            value = _fills().get(value, value)
        elif themed and name in ("fill", "stroke") and (name, value) != ("fill", "#ffffff"):
            value = THEME.get(value, value)
        kept.append(f"{name}:{_rounded(value, 3)}")
    return ";".join(kept)


@cache
def _fills() -> dict[str, str]:
    """Return what the page calls the colours of areas: the house's tints between paper and accent, then greys."""
    tints = {to_hex(style.TINT(level)): f"{100 * level / 255:.0f}%" for level in range(1, 255)}
    mixed = {colour: f"color-mix(in srgb,var(--tint) {share},var(--paper))" for colour, share in tints.items()}
    pale = "color-mix(in srgb,var(--tint) 14%,var(--paper))"
    return {**mixed, **THEME, style.ACCENT: "var(--tint)", style.PALE: pale}


def _rounded(text: str, digits: int) -> str:
    return NUMBER.sub(lambda number: f"{float(number[0]):.{digits}f}".rstrip("0").rstrip("."), text)


def _webp(address: str) -> str:
    """Return the PNG at an address that holds it as WebP: of photographs what can be seen, of drawings every pixel."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as png:
        image = png.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    drawn = image.getcolors(DRAWN_COLOURS) is not None
    # For lossless images `quality` is the effort: 100 takes 100 times as long, and saves a fiftieth.
    image.save(target, "WEBP", lossless=drawn, quality=QUALITY, method=6)
    return f"data:image/webp;base64,{base64.b64encode(target.getvalue()).decode()}"
