"""Figures at their final size for print, through matplotlib's object interface; nothing here reads or writes files.

A figure fills the text width of 140 mm. One accent colour and greys of different lightness keep it readable in grey
print and with any colour vision; lines are labelled where they end instead of in a legend.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from report_cli.project import inherited_templates

TEXT_WIDTH_MM = 140.0
IMAGE_DPI = 300
ACCENT, INK, GREY, PALE = "#1b4f8f", "#16181d", "#8a8f98", "#dfe6f0"
# The grey of words, dark enough to be read at 8 points.
GREY_WORDS = "#5f646d"
TINT = LinearSegmentedColormap.from_list("tint", ["#ffffff", ACCENT])
SANS = "Source Sans 3"
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
    "lines.linewidth": 1.3,
    "lines.solid_capstyle": "round",
    "axes.unicode_minus": True,
    # Ids in the SVG come from the content and this salt, so the same figure has the same bytes.
    "svg.hashsalt": "report",
}


@contextmanager
def style() -> Iterator[None]:
    """Everything drawn inside has the house style, with the fonts that the project ships where they are there."""
    with matplotlib.rc_context({**STYLE, "font.family": _sans()}):
        yield


def new_figure(height_mm: float, width_mm: float = TEXT_WIDTH_MM) -> Figure:
    """Return an empty figure of that size; call it inside `style()`."""
    # Room between the parts for the names at the ends of lines.
    layout = ConstrainedLayoutEngine(wspace=0.08)
    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout=layout)


def to_svg(figure: Figure, *, text: bool) -> bytes:
    """Return `figure` as SVG, the same bytes every time: its letters as text (for print) or as paths (for screens)."""
    target = io.BytesIO()
    with style():
        # Laid out once and for all: a second layout would start from the first and move things a little.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    with style(), matplotlib.rc_context({"svg.fonttype": "none" if text else "path"}):
        figure.savefig(target, format="svg", dpi=IMAGE_DPI, metadata={"Date": None, "Creator": None})
    # Without the property, a PDF viewer may smooth the pixels of an image, which PDF/A forbids.
    crisp = re.sub(rb"<image\b", rb'<image image-rendering="crisp-edges"', target.getvalue())
    # Every text comes turned by no angle, which the renderer of the PDF would compute for each.
    return re.sub(rb' transform="rotate\(-0 [^"]*\)"', b"", crisp)


@cache
def _sans() -> str:
    """Load the shipped sans of figures and return its family name, or that of matplotlib's own."""
    paths = sorted((inherited_templates() / "style" / "fonts").glob("SourceSans3-*.ttf"))
    for path in paths:
        font_manager.fontManager.addfont(str(path))
    return SANS if paths else "DejaVu Sans"
