"""Explanatory drawings in millimetres from the top left corner: grids of numbers, and boxes joined by arrows."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from report_cli.figures import style

CELL_MM = 4.3
SOFT = style.GREY_WORDS
Point = tuple[float, float]


@dataclass(frozen=True)
class Window:
    """Cells of a grid to highlight, from (row, column)."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Box:
    """A box with lines of text around its centre (x, y), in mm; `strong` is filled with the accent colour."""

    name: str
    text: str
    x: float
    y: float
    width: float = 26.0
    height: float = 9.0
    strong: bool = False


def canvas(width_mm: float, height_mm: float) -> tuple[Figure, Axes]:
    """Return an empty figure whose one axes counts in mm, y downwards; call it inside `style.style()`."""
    figure = style.new_figure(height_mm, width_mm)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width_mm), ylim=(height_mm, 0))
    axes.set_axis_off()
    return figure, axes


def grid(
    axes: Axes, values: NDArray[Any], x: float, y: float, *windows: Window, border: int = 0, darkest: float = 0
) -> None:
    """Draw the numbers of a matrix in square cells with the top left corner at (x, y), windows highlighted.

    A cell that is not a number stays empty; `border` cells on every side are grey, as padding is; where `darkest` is
    given, a cell is the darker the nearer its number is to it.
    """
    rows, columns = values.shape
    cells = defaultdict(list)
    for row in range(rows):
        for column in range(columns):
            value = float(values[row, column])
            corner = (x + column * CELL_MM, y + row * CELL_MM)
            inside = any(0 <= row - w.row < w.rows and 0 <= column - w.column < w.columns for w in windows)
            fill = style.TINT(0.55 * value / darkest) if darkest else style.PALE if inside else "white"
            cells[fill].append(corner)
            added = min(row, column, rows - 1 - row, columns - 1 - column) < border
            if not math.isnan(value):
                middle = (corner[0] + CELL_MM / 2, corner[1] + CELL_MM / 2)
                label(axes, f"{value:g}", *middle, colour=SOFT if added else style.INK)
    for fill, corners in cells.items():
        _rectangles(axes, [(*corner, CELL_MM, CELL_MM) for corner in corners], fill, style.GREY, 0.5)
    marked = [(x + w.column * CELL_MM, y + w.row * CELL_MM, w.columns * CELL_MM, w.rows * CELL_MM) for w in windows]
    if marked:
        _rectangles(axes, marked, "none", style.ACCENT, 1.2)


def label(
    axes: Axes, text: str, x: float, y: float, *, align: str = "center", colour: str = style.INK, size: float = 8.5
) -> None:
    """Write `text` at (x, y), its vertical middle there."""
    axes.text(x, y, text, ha=align, va="center", color=colour, fontsize=size)


def arrow(axes: Axes, *points: Point) -> None:
    """Draw a line through `points`, with a small head at the last."""
    *way, before, end = points
    if way:
        xs, ys = zip(*way, before, strict=True)
        axes.plot(xs, ys, color=style.INK, linewidth=0.7, solid_joinstyle="round")
    axes.annotate(
        "",
        end,
        before,
        arrowprops={
            "arrowstyle": "-|>,head_width=0.16,head_length=0.35",
            "color": style.INK,
            "linewidth": 0.7,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def box(axes: Axes, item: Box) -> None:
    """Draw one box with its text."""
    corner = (item.x - item.width / 2, item.y - item.height / 2)
    fill, edge = (style.ACCENT, style.ACCENT) if item.strong else ("white", style.INK)
    shape = "round,pad=0,rounding_size=1"
    axes.add_patch(
        FancyBboxPatch(
            corner, item.width, item.height, shape, facecolor=fill, edgecolor=edge, linewidth=0.7, clip_on=False
        )
    )
    label(axes, item.text, item.x, item.y, colour="white" if item.strong else style.INK)


def row(axes: Axes, boxes: Sequence[Box]) -> None:
    """Draw boxes that stand side by side, each with an arrow to the next."""
    for item in boxes:
        box(axes, item)
    for left, right in pairwise(boxes):
        arrow(axes, (left.x + left.width / 2, left.y), (right.x - right.width / 2, right.y))


def blocks(boxes: Sequence[Box], arrows: Sequence[tuple[str, str]], width_mm: float, height_mm: float) -> Figure:
    """Return a diagram of `boxes`, with an arrow from the bottom of one to the top of another for each pair of names.

    An arrow ends on the box straight below its start where the box is wide enough, else at the middle of the box.
    """
    with style.style():
        figure, axes = canvas(width_mm, height_mm)
        box_of = {item.name: item for item in boxes}
        for item in boxes:
            box(axes, item)
        for source, target in ((box_of[start], box_of[end]) for start, end in arrows):
            narrow, wide = sorted((source, target), key=lambda item: item.width)
            # A wide box is met where the narrow one stands, so that parallel branches stay parallel.
            reach = wide.width / 2 - 2
            at_wide = min(max(narrow.x, wide.x - reach), wide.x + reach)
            start_x, end_x = (narrow.x, at_wide) if source is narrow else (at_wide, narrow.x)
            arrow(axes, (start_x, source.y + source.height / 2), (end_x, target.y - target.height / 2))
    return figure


def _rectangles(
    axes: Axes, rectangles: Sequence[tuple[float, float, float, float]], fill: Any, edge: str, width_pt: float
) -> None:
    """Draw rectangles (x, y, width, height) of one look as one path: each path costs time when a page is rendered."""
    outlines = [
        Path([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)], closed=True) for x, y, w, h in rectangles
    ]
    path = Path.make_compound_path(*outlines)
    # Behind the numbers, and not clipped by the axes, which would cost as much again.
    patch = PathPatch(path, facecolor=fill, edgecolor=edge, linewidth=width_pt, clip_on=False)
    axes.add_patch(patch)
