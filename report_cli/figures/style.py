"""Figures at their final size for print, through matplotlib's object interface; nothing here reads or writes files.

A figure fills the text width of 140 mm. One accent colour and greys of different lightness keep it readable in grey
print and with any colour vision; lines are labelled where they end instead of in a legend.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from report_cli.project import inherited_templates
from report_cli.report.text.rounding import rounded

TEXT_WIDTH_MM = 140.0
IMAGE_DPI = 300
ACCENT, INK, GREY, PALE = "#1b4f8f", "#16181d", "#8a8f98", "#dfe6f0"
# The grey of words, dark enough to be read at 8 points.
GREY_WORDS = "#5f646d"
# From one line of words to the next, in points.
LINE_PT = 12.5
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
History = Sequence[dict[str, float]]


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


def learning_curves(history: History) -> Figure:
    """Return loss and accuracy over the epochs side by side, training and validation labelled at their ends."""
    with style():
        figure = new_figure(46)
        left, right = figure.subplots(1, 2)
        for axes, name, label in ((left, "loss", "loss (nats)"), (right, "accuracy", "accuracy (%)")):
            ends = training_and_validation(axes, history, name)
            by_epoch(axes, label)
            label_ends(axes, ends, (GREY_WORDS, ACCENT))
    return figure


def describe_curves(history: History) -> str:
    """Return in words what `learning_curves` shows."""
    first, last = history[0], history[-1]
    best = min(history, key=lambda row: row["validation_loss"])
    parts = [f"Two line charts over {len(history)} epochs."]
    for name, form in (("loss", ".2f"), ("accuracy", ".1%")):
        for prefix, label in (("", "Training"), ("validation_", "Validation")):
            key = prefix + name
            parts.append(f"{label} {name} goes from {first[key]:{form}} to {last[key]:{form}}.")
    parts.append(f"Validation loss is lowest in epoch {best['epoch']:.0f}, at {best['validation_loss']:.2f}.")
    return " ".join(parts)


def training_and_validation(axes: Axes, history: History, name: str) -> dict[str, float]:
    """Draw a loss, or an accuracy in percent, over the epochs: validation in colour. Return where each line ends."""
    ends = {}
    factor = 100 if name == "accuracy" else 1
    epochs = [row["epoch"] for row in history]
    for part, prefix, colour in (("training", "", GREY), ("validation", "validation_", ACCENT)):
        values = [factor * row[prefix + name] for row in history]
        dashes = "-" if prefix else (0, (4, 1.5))
        axes.plot(epochs, values, color=colour, linestyle=dashes, marker="o" if len(history) < 4 else "", markersize=3)
        ends[part] = values[-1]
    return ends


def by_epoch(axes: Axes, title: str) -> None:
    """Give `axes` a title, whole epochs below, and a range that no rounding error fills."""
    axes.set_xlabel("epoch")
    axes.set_title(title, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.margins(x=0.03)
    low, high = axes.get_ylim()
    middle, reach = (low + high) / 2, max(high - low, 0.01 * abs(low)) / 2
    axes.set_ylim(middle - reach, middle + reach)
    axes.ticklabel_format(axis="y", useOffset=False)


def label_ends(axes: Axes, ends: Mapping[str, float], colours: Sequence[str]) -> None:
    """Write the name of each line to the right of its end, the names apart where the ends meet."""
    low, high = axes.get_ylim()
    figure = axes.get_figure(root=True)
    # Titles and ticks take about a third of the height; where exactly the axes are is known only when all is drawn.
    gap = LINE_PT / (72 * figure.get_size_inches()[1] * 0.68) * (high - low) if figure else 0.0
    names = sorted(ends, key=ends.__getitem__)
    places = _spread([ends[name] for name in names], gap, low, high)
    coloured = dict(zip(ends, colours, strict=False))
    for name, place in zip(names, places, strict=True):
        axes.annotate(name, (1.02, place), xycoords=("axes fraction", "data"), va="center", color=coloured[name])


def _spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending `values` moved apart to at least `gap`, about their middle, within bounds if they fit."""
    places: list[float] = []
    for value in values:
        places.append(max(value, places[-1] + gap) if places else value)
    shift = (sum(values) - sum(places)) / len(places)
    shift = max(min(shift, high - places[-1]), low - places[0])
    return [place + shift for place in places]


def confusion(counts: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Return the confusion matrix (true rows, predicted columns) in percent of each row.

    The darker a cell, the larger its share; cells without images are empty.
    """
    totals = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(totals, 1)
    with style():
        figure = new_figure(22 + 5.6 * len(classes))
        axes = figure.add_subplot()
        axes.pcolormesh(share, cmap=TINT, vmin=0, vmax=1, edgecolors="white", linewidth=1)
        axes.set(aspect="equal", ylim=(len(classes), 0))
        for (row, column), value in np.ndenumerate(share):
            if counts[row, column]:
                colour = "white" if value > 0.72 else INK
                middle = (column + 0.5, row + 0.5)
                axes.text(*middle, _percent(float(value)), ha="center", va="center", color=colour, fontsize=8)
        positions = np.arange(len(classes)) + 0.5
        turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if len(classes) > 4 else {}
        axes.set_xticks(positions, classes, **turned)
        axes.set_yticks(positions, [f"{c} ({int(n)})" for c, n in zip(classes, totals[:, 0], strict=True)])
        axes.set_xlabel("predicted class, in % of the true one")
        axes.set_ylabel("true class (images)")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def describe_confusion(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Return in words what `confusion` shows: what is right, the best and the worst class, the commonest mistake."""
    total, right = int(counts.sum()), int(np.trace(counts))
    totals = counts.sum(axis=1)
    recall = np.diag(counts) / np.maximum(totals, 1)
    present = np.flatnonzero(totals)
    best, worst = (int(present[place]) for place in (recall[present].argmax(), recall[present].argmin()))
    first, last = (f"{classes[place]} ({rounded(recall[place], 0, 100)}%)" for place in (best, worst))
    parts = [
        f"Confusion matrix of {total:,} test images in {len(classes)} classes: {right:,} lie on the diagonal.",
        f"Best recognised is {first}, worst {last}.",
    ]
    mistakes = counts - np.diag(np.diag(counts))
    if mistakes.any():
        row, column = divmod(int(mistakes.argmax()), len(classes))
        times = int(mistakes[row, column])
        images = "image" if times == 1 else "images"
        parts.append(f"The commonest mistake takes {classes[row]} for {classes[column]}, in {times:,} {images}.")
    return " ".join(parts)


def _percent(share: float) -> str:
    return "<1" if share < 0.005 else str(rounded(share, 0, 100))


@cache
def _sans() -> str:
    """Load the shipped sans of figures and return its family name, or that of matplotlib's own."""
    found = sorted((inherited_templates() / "style" / "fonts").glob("SourceSans3-*.ttf"))
    for path in found:
        font_manager.fontManager.addfont(str(path))
    return SANS if found else "DejaVu Sans"
