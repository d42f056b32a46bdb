"""Figures of what a classifier said about each image: how far it is to be trusted, and its surest mistakes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.figures.images import LABEL_PT, Pixels, place
from report_cli.figures.numbers import Content, Explained, explain
from report_cli.figures.style import ACCENT, GREY, PALE, TEXT_WIDTH_MM, Illustration, new_figure, style
from report_cli.wording import percentage

BINS = 10
# So many of the surest mistakes are shown, in rows.
SHOWN, COLUMNS = 16, 8


def probabilities(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probability of each class, (N, classes), from logits (N, classes), or (N, 1) for two classes."""
    both = np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
    powers = np.exp(both.astype(np.float64) - both.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def reliability(logits: NDArray[Any], labels: NDArray[Any]) -> Illustration:
    """Return a reliability diagram: in each tenth of confidence, the share of right images, and how many there are.

    Source: C. Guo et al., On calibration of modern neural networks (2017), section 2.
    """
    confidence, share, counts = _binned(logits, labels)
    with style():
        figure = new_figure(62)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        edges = np.linspace(0, 100, BINS + 1)
        used = counts > 0
        bars: dict[str, Any] = {"align": "edge", "linewidth": 0.8}
        upper.bar(edges[:-1][used], 100 * share[used], 100 / BINS, color=PALE, edgecolor=ACCENT, **bars)
        upper.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, linestyle=(0, (4, 1.5)))
        upper.scatter(100 * confidence[used], 100 * share[used], s=12, color=ACCENT, zorder=3)
        upper.set(xlim=(0, 100), ylim=(0, 100))
        upper.set_title("images named right (%)", loc="left")
        lower.bar(edges[:-1], counts, 100 / BINS, color=GREY, edgecolor="white", **bars)
        lower.set_title("images", loc="left")
        lower.set_xlabel("confidence (%)")
        head = ["confidence (%)", "mean confidence (%)", "named right (%)", "images"]
        rows: list[list[Content]] = []
        areas = {}
        parts = [f"Reliability diagram of {counts.sum():,} test images in {BINS} classes of confidence."]
        for left, said, correct, count in zip(
            edges[:-1][used], confidence[used], share[used], counts[used], strict=True
        ):
            right = left + 100 / BINS
            areas[len(rows), 0] = (left, 100, right, 0)
            rows.append([f"{left:g} to {right:g}", 100 * float(said), 100 * float(correct), float(count)])
            told = f"{percentage(said, 0)}%, {percentage(correct, 0)}% of {count:,} are right."
            parts.append(f"At a mean confidence of {told}")
        upper.add_artist(Explained(head, rows, areas))
    return figure, " ".join(parts)


def errors(pixels: Pixels, true: Sequence[str], named: Sequence[str], confidence: NDArray[Any]) -> Illustration:
    """Return the surest mistakes: each image (N, S, S, 3) with its class, what it was taken for, and how surely."""
    step, below = TEXT_WIDTH_MM / COLUMNS, 12.5
    side = step - 3
    rows = max(1, -(-len(pixels[:SHOWN]) // COLUMNS))
    with style():
        figure = new_figure(rows * (side + below))
        figure.set_layout_engine("none")
        shown = zip(pixels[:SHOWN], true, named, confidence, strict=False)
        for number, (image, is_, said, sure) in enumerate(shown):
            row, column = divmod(number, COLUMNS)
            axes = place(figure, image, column * step, row * (side + below), side, side)
            text = f"{is_}:\n{said}\n{percentage(float(sure), 0)} %"
            axes.text(0, -0.05, text, transform=axes.transAxes, va="top", fontsize=LABEL_PT, linespacing=0.9)
            explain(axes, {"true class": is_, "predicted": said, "confidence (%)": 100 * float(sure)})
    told = [
        f"{is_} taken for {said} at {percentage(float(sure), 1)}%"
        for is_, said, sure in zip(true, named, confidence, strict=True)
    ]
    return figure, f"The {len(told[:SHOWN])} images that are named wrong most surely: {'; '.join(told[:SHOWN])}."


def _binned(logits: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return mean confidence, share of right images and their number for each tenth of confidence, (BINS,) each."""
    said = probabilities(logits)
    confidence = said.max(axis=1)
    right = said.argmax(axis=1) == labels
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    divisor = np.maximum(counts, 1)
    means = [np.bincount(place, weights, BINS) / divisor for weights in (confidence, right.astype(float))]
    return means[0], means[1], counts
