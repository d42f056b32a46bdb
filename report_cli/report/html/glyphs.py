"""From the outlines of glyphs that typst draws to the glyphs of the font, which print sets as letters.

An SVG of typst holds no text. Outlines look bolder on a screen than the text around them, and can't be searched.
"""

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fontTools.misc.transform import Transform
    from fontTools.pens.recordingPen import RecordingPen
    from lxml.etree import _Element as Element

# A formula, its scripts and theirs, as the font has them.
SCALES = (1.0, 0.7, 0.55)
SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
# The element that has all glyphs: our own, so it is none that a viewer of SVG would draw.
GLYPHS = "glyphs"
UPRIGHT = (1, 0, 0, -1)

Points = frozenset[tuple[int, int]]


def set_letters(svg: str, tex: str, font: Path, size_pt: float) -> str:
    """Return the SVG with one element in place of its outlines: number, size in pt, character, x and y of each glyph.

    It holds `tex`. An outline of another font, or of a part of a larger sign, stays.
    """
    from lxml import etree

    root = etree.fromstring(svg)
    symbols = {f"#{symbol.get('id')}": symbol for symbol in root.iter(f"{SVG}symbol")}
    known = {name: _glyph(symbol, font, size_pt) for name, symbol in symbols.items()}
    glyphs = []
    for use in list(root.iter(f"{SVG}use")):
        place, glyph = _place(use), known[use.get(LINK, "")]
        if glyph is not None and place[:4] == UPRIGHT:
            glyphs.append((*glyph, round(place.dx, 4), round(place.dy, 4)))
            use.getparent().remove(use)
    for name in symbols.keys() - {use.get(LINK) for use in root.iter(f"{SVG}use")}:
        symbols[name].getparent().remove(symbols[name])
    if glyphs:
        etree.SubElement(root, f"{SVG}{GLYPHS}", {"data-glyphs": json.dumps(glyphs)}).text = tex
    whole: str = etree.tostring(root, encoding="unicode")
    return whole


def _place(use: "Element") -> "Transform":
    from fontTools.misc.transform import Transform

    place = Transform()
    for group in reversed(list(use.iterancestors(f"{SVG}g"))):
        kind, _, numbers = (group.get("transform") or "translate(0 0)").removesuffix(")").partition("(")
        values = [float(number) for number in re.split(r"[ ,]+", numbers)]
        place = place.transform(values) if kind == "matrix" else place.translate(*values)
    return place.translate(float(use.get("x", 0)), float(use.get("y", 0)))


def _glyph(symbol: "Element", font: Path, size_pt: float) -> tuple[int, float, str] | None:
    """Return the number, the size and the character of a glyph by its outline."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path

    pen = RecordingPen()
    # Each outline of typst begins by a move to where it doesn't begin.
    parse_path(symbol[0].get("d", "").removeprefix("M 0 0"), pen)
    for size in (size_pt * scale for scale in SCALES):
        if glyph := _glyphs(font, font.stat().st_mtime_ns).get(_points(pen, 1000 / size)):
            return glyph[0], size, glyph[1]
    return None


@lru_cache(maxsize=2)
def _glyphs(font: Path, mtime_ns: int) -> dict[Points, tuple[int, str]]:
    """Return the number and the character of each glyph of a font by the points of its outline."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.ttLib import TTFont

    known: dict[Points, tuple[int, str]] = {}
    with TTFont(font, lazy=True) as file:
        characters = {glyph: chr(code) for code, glyph in reversed(file.getBestCmap().items())}
        outlines, unit = file.getGlyphSet(), 1000 / file["head"].unitsPerEm
        for number, glyph in enumerate(file.getGlyphOrder()):
            # A larger form, or that of scripts, goes by the name of the plain one: parenleft.s3, u1D456.ssty.
            if text := characters.get(glyph.partition(".")[0]):
                pen = RecordingPen()
                outlines[glyph].draw(pen)
                known.setdefault(_points(pen, unit), (number, unicodedata.normalize("NFKC", text)))
    del known[frozenset()]  # spaces
    return known


def _points(pen: "RecordingPen", scale: float) -> Points:
    return frozenset((round(x * scale), round(y * scale)) for _, points in pen.value for x, y in points)
