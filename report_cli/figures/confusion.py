"""The confusion matrix of a classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.figures.numbers import Content, Explained
from report_cli.figures.style import INK, TINT, Illustration, new_figure, style
from report_cli.wording import percentage


def matrix(counts: NDArray[np.int64], classes: Sequence[str]) -> Illustration:
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
        head = ["true class", *(f"predicted {name}" for name in classes)]
        rows: list[list[Content]] = [[name, *map(int, row)] for name, row in zip(classes, counts, strict=True)]
        areas = {(row, column + 1): (column, row, column + 1, row + 1) for row, column in np.ndindex(*counts.shape)}
        axes.add_artist(Explained(head, rows, areas))
        for (row, column), value in np.ndenumerate(share):
            if counts[row, column]:
                colour = "white" if value > 0.72 else INK
                middle = (column + 0.5, row + 0.5)
                axes.text(
                    *middle,
                    "<1" if value < 0.005 else ">99" if 0.995 <= value < 1 else str(percentage(float(value), 0)),
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=8,
                )
        positions = np.arange(len(classes)) + 0.5
        turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if len(classes) > 4 else {}
        axes.set_xticks(positions, classes, **turned)
        axes.set_yticks(positions, [f"{c} ({int(n)})" for c, n in zip(classes, totals[:, 0], strict=True)])
        axes.set_xlabel("predicted class, in % of the true one")
        axes.set_ylabel("true class (images)")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure, _in_words(counts, classes)


def _in_words(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Return what is right, the best and the worst class, and the commonest mistake."""
    total, right = int(counts.sum()), int(np.trace(counts))
    totals = counts.sum(axis=1)
    recall = np.diag(counts) / np.maximum(totals, 1)
    present = np.flatnonzero(totals)
    best, worst = (int(present[place]) for place in (recall[present].argmax(), recall[present].argmin()))
    first, last = (f"{classes[place]} ({percentage(recall[place], 0)}%)" for place in (best, worst))
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
