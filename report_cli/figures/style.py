"""Figures at their final size for print, through matplotlib's object interface; nothing here reads or writes files.

A figure fills the text width of 140 mm. One accent colour and greys of different lightness keep it readable in grey
print and with any colour vision; lines are labelled where they end instead of in a legend.
"""

import html
import io
import itertools
import re
import string
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text

from report_cli.project import inherited_templates

# A figure and what it shows in words: what `figures.add` takes after a name.
Illustration = tuple[Figure, str]
TEXT_WIDTH_MM = 140.0
IMAGE_DPI = 300
# A page takes milliseconds for each mark of a figure: more of them are drawn as pixels.
MOST_MARKS = 3000
ACCENT, INK, GREY, PALE = "#1b4f8f", "#16181d", "#8a8f98", "#dfe6f0"
# The grey of words, dark enough to be read at 8 points.
GREY_WORDS = "#5f646d"
TINT = LinearSegmentedColormap.from_list("tint", ["#ffffff", ACCENT])
SANS = "Source Sans 3"
# Where the sans hasn't got a character.
SYMBOLS = "STIX Two Math"
MATHTEXT: dict[Any, Any] = {
    "mathtext.fontset": "custom",
    **dict.fromkeys(("mathtext.rm", "mathtext.sf", "mathtext.tt"), SANS),
    **dict.fromkeys(("mathtext.it", "mathtext.cal"), f"{SANS}:italic"),
    **dict.fromkeys(("mathtext.bf", "mathtext.bfit"), f"{SANS}:bold"),
    # matplotlib's own, for ∈, for blackboard letters and for brackets that grow.
    "mathtext.fallback": "stix",
}
# What matplotlib shows for a character in a formula that no font has.
DUMMY = "\N{CURRENCY SIGN}"
# Any key, as matplotlib's stubs list every setting by name.
STYLE: dict[Any, Any] = {
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.labelpad": 2,
    "axes.titlepad": 5,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.solid_capstyle": "round",
    "axes.unicode_minus": True,
    # Ids in the SVG come from the content and this salt, so the same figure has the same bytes.
    "svg.hashsalt": "report",
}


@contextmanager
def style() -> Iterator[None]:
    """Everything drawn inside has the house style, in the fonts that this program ships."""
    with matplotlib.rc_context({**STYLE, **MATHTEXT, "font.family": list(_fonts())}):
        yield


def add_fonts(paths: Iterable[Path]) -> None:
    """Take characters that no shipped font has from these files, in all figures of this process."""
    for path in paths:
        font_manager.fontManager.addfont(path)
        _fonts()[font_manager.get_font(path).family_name] = [str(path)]


def new_figure(height_mm: float, width_mm: float = TEXT_WIDTH_MM) -> Figure:
    """Return an empty figure of that size; call it inside `style()`."""
    # Room between the parts for the names at the ends of lines.
    layout = ConstrainedLayoutEngine(wspace=0.08)
    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout=layout)


def rasterise(figure: Figure) -> int:
    """Make pixels of what has too many marks (points, cells, bars) to be drawn one by one; return how many those are.

    Axes, words and lines stay lines.
    """
    pixels = 0
    for axes in _axes(figure.axes):
        parts = {each: _marks(each) for each in (*axes.collections, *axes.lines, *axes.patches)}
        many = {each: count for each, count in parts.items() if count > MOST_MARKS / 10}
        if sum(parts.values()) - sum(many.values()) > MOST_MARKS:
            many = {each: count for each, count in parts.items() if count}
        if sum(parts.values()) > MOST_MARKS:
            for part in many:
                part.set_rasterized(True)
            pixels += sum(many.values())
    return pixels


def _axes(several: Iterable[Any]) -> Iterator[Axes]:
    """Yield axes and those within them; `findobj` would make all ticks first."""
    for axes in several:
        yield axes
        yield from _axes(axes.child_axes)


def _marks(part: Artist) -> int:
    if isinstance(part, QuadMesh):
        return np.asarray(part.get_array()).size
    if isinstance(part, Collection):
        return max(len(part.get_paths()), len(part.get_offsets()))  # type: ignore[arg-type]
    if isinstance(part, Line2D):  # The points of a line without markers are one path, which is drawn at once.
        return len(np.atleast_1d(part.get_xdata())) if part.get_marker() not in (None, "", " ", "None", "none") else 0
    return 1


def to_svg(figure: Figure) -> bytes:
    """Return `figure`, which is laid out, as SVG, the same bytes every time, its letters as text.

    Symbols that the shipped sans hasn't got make paths of all letters.

    Raises:
        ValueError: a symbol of a formula that no font has.
    """
    svg = _with_letters(figure) or _written(figure, "path")
    # Without the property, a PDF viewer may smooth the pixels of an image, which PDF/A forbids.
    crisp = re.sub(rb"<image\b", rb'<image image-rendering="crisp-edges"', svg)
    # Every text comes turned by no angle, which the renderer of the PDF would compute for each.
    return re.sub(rb' transform="rotate\(-0 [^"]*\)"', b"", crisp)


def _fits(figure: Figure) -> bool:
    """Return whether all words of a figure lie within its edges, to a hundredth of an inch."""
    left, bottom, right, top = figure.get_tightbbox().extents
    width, height = figure.get_size_inches()
    return bool(min(left, bottom) > -0.01 and right < width + 0.01 and top < height + 0.01)


def lay_out(figure: Figure) -> None:
    """Put the parts of `figure` where they stay, once: a second layout would start from the first and move them.

    Raises:
        ValueError: a character that no font has, or one of a script whose letters matplotlib doesn't join.
    """
    _check_characters(figure)
    _set_symbols(figure)
    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # in a formula: an error of `to_svg`
        if figure.get_layout_engine() is None and not _fits(figure):
            figure.set_layout_engine("constrained")
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def _with_letters(figure: Figure) -> bytes:
    """Return `figure` as SVG with its letters as text, or nothing where they are not all in the shipped sans."""
    svg = _written(figure, "none")
    letters = set(html.unescape("".join(re.findall(r">([^<>]+)</t", svg.decode())))) - set(string.whitespace)
    if DUMMY in letters and not any(DUMMY in each for each in _texts(figure)):
        formulas = [each for each in _texts(figure) if "$" in each]
        rare = sorted(set("".join(formulas)) - _characters(SANS) - set(string.whitespace))
        raise ValueError(
            f"no font has a symbol of {', '.join(map(repr, formulas))}: write {', '.join(rare) or 'it'} in words"
        )
    # Each text names the other fonts as well, which print does without.
    for family in _fonts().keys() - {SANS}:
        svg = svg.replace(f", '{family}'".encode(), b"")
    return svg if letters <= _characters(SANS) and b"'STIX" not in svg else b""


def _written(figure: Figure, letters: str) -> bytes:
    target = io.BytesIO()
    with style(), matplotlib.rc_context({"svg.fonttype": letters}):
        figure.savefig(target, format="svg", dpi=IMAGE_DPI, metadata={"Date": None, "Creator": None})
    return target.getvalue()


def _check_characters(figure: Figure) -> None:
    """Raise ValueError for a character that is in no shipped font: matplotlib would draw a box."""
    known = frozenset[str]().union(*map(_characters, _fonts()))
    for text in _texts(figure):
        for character in text:
            name = (
                f"{character!r} (U+{ord(character):04X}, {unicodedata.name(character, 'no name').lower()}) of {text!r}"
            )
            if character.isprintable() and character not in known:
                raise ValueError(f"no font of the report has the character {name}; fonts of [tool.report] may add one")
            if unicodedata.bidirectional(character) in ("R", "AL") or unicodedata.category(character) == "Mc":
                raise ValueError(f"figures don't join letters, or set them to the left: {name}")


def _set_symbols(figure: Figure) -> None:
    """Set symbols that the shipped sans hasn't got as formulas, in words that stand beside one: there alone matplotlib
    takes them from another font."""
    for part in figure.findobj(Text):
        pieces = re.split(r"(?<!\\)\$", part.get_text())
        if len(pieces) > 1 and len(pieces) % 2:
            rare = "".join(sorted(set("".join(pieces[::2])) - _characters(SANS) - set(string.whitespace)))
            if rare:
                pieces[::2] = [re.sub(f"[{re.escape(rare)}]", r"$\g<0>$", piece) for piece in pieces[::2]]
                part.set_text("$".join(pieces))


def _texts(figure: Figure) -> list[str]:
    return [part.get_text() for part in figure.findobj(Text) if part.get_visible()]


@cache
def _characters(family: str) -> frozenset[str]:
    """Return what is in all faces of a shipped font."""
    faces = [font_manager.get_font(path).get_charmap() for path in _fonts()[family]]
    return frozenset(map(chr, set(faces[0]).intersection(*faces[1:])))


@cache
def _fonts() -> dict[str, list[str]]:
    """Load the shipped fonts of figures and return their files by family."""
    folder = inherited_templates() / "style" / "fonts"
    patterns = {SANS: "SourceSans3-*.ttf", SYMBOLS: "STIXTwoMath-*.otf"}
    files = {family: sorted(map(str, folder.glob(pattern))) for family, pattern in patterns.items()}
    for path in itertools.chain.from_iterable(files.values()):
        font_manager.fontManager.addfont(path)
    return files
