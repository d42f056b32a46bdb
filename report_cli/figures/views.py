"""Augmented images beside the image they come from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from report_cli.figures.style import TEXT_WIDTH_MM, new_figure, style
from report_cli.report.text.rounding import rounded

_LINE_MM = 3.4


def samples(images: NDArray[np.uint8], views: NDArray[np.float64], classes: Sequence[str]) -> Figure:
    """Return one row an image: the image, then its views, with what was done to it below each.

    `images` (N, 1 + V, H, W, 3) have the image first; `views` (N, V, 5) are whether it is mirrored, how far it is moved
    right and down (fractions), turned clockwise (degrees) and scaled.
    """
    rows, columns = images.shape[:2]
    with style():
        figure = new_figure(rows * (TEXT_WIDTH_MM / columns + 3 * _LINE_MM + 1))
        grid: NDArray[Any] = figure.subplots(rows, columns, squeeze=False)
        for (row, column), axes in np.ndenumerate(grid):
            axes.imshow(images[row, column], interpolation="nearest")
            axes.set_axis_off()
            text = classes[row] if column == 0 else _caption(views[row, column - 1])
            axes.text(0.5, -0.05, text, transform=axes.transAxes, ha="center", va="top", fontsize=8, linespacing=1.1)
    return figure


def describe_samples(views: NDArray[np.float64], classes: Sequence[str]) -> str:
    """Return in words what `samples` shows."""
    rows, columns = views.shape[:2]
    mirrored = int(views[..., 0].sum())
    shift, turn = rounded(np.abs(views[..., 1:3]).max(), 0, 100), rounded(np.abs(views[..., 3]).max(), 0)
    smallest, largest = views[..., 4].min(), views[..., 4].max()
    return (
        f"{rows} rows of images, one for each class ({', '.join(classes)}): the image, then {columns} views of it. "
        f"Of the {rows * columns} views {mirrored} are mirrored; they are moved by up to {shift}% of the size, "
        f"turned by up to {turn} degrees, and scaled by {smallest:.2f} to {largest:.2f}."
    )


def _caption(seen: NDArray[np.float64]) -> str:
    mirrored, right, down, turn, scale = seen.tolist()
    # A sign of its own length keeps the numbers of a row in line.
    lines = [
        f"{rounded(turn, 0):+}°, ×{scale:.2f}",
        f"{rounded(right, 0, 100):+} %, {rounded(down, 0, 100):+} %",
        "mirrored" if mirrored else "",
    ]
    return "\n".join(lines).replace("-", "\N{MINUS SIGN}")
