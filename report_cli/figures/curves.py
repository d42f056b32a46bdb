"""Learning curves: of one network, and of several side by side on common axes, to choose among them."""

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from report_cli.figures.style import ACCENT, GREY, GREY_WORDS, Illustration, new_figure, style
from report_cli.wording import percentage

# From one line of words to the next, in points.
LINE_PT = 12.5
History = Sequence[dict[str, float]]


def learning_curves(history: History) -> Illustration:
    """Return loss and accuracy over the epochs side by side, training and validation labelled at their ends."""
    with style():
        figure = new_figure(46)
        left, right = figure.subplots(1, 2)
        for axes, name, label in ((left, "loss", "loss (nats)"), (right, "accuracy", "accuracy (%)")):
            ends = plot_history(axes, history, name)
            set_epochs(axes, label)
            label_ends(axes, ends, (GREY_WORDS, ACCENT))
    first, last = history[0], history[-1]
    best = min(history, key=lambda row: row["validation_loss"])
    parts = [f"Two line charts over {len(history)} epochs."]
    for name, form in (("loss", ".2f"), ("accuracy", ".1%")):
        for prefix, label in (("", "Training"), ("validation_", "Validation")):
            key = prefix + name
            parts.append(f"{label} {name} goes from {first[key]:{form}} to {last[key]:{form}}.")
    parts.append(f"Validation loss is lowest in epoch {best['epoch']:.0f}, at {best['validation_loss']:.2f}.")
    return figure, " ".join(parts)


def plot_history(axes: Axes, history: History, name: str) -> dict[str, float]:
    """Draw a loss, or an accuracy in percent, over the epochs: validation in colour. Return where each line ends."""
    ends = {}
    factor = 100 if name == "accuracy" else 1
    epochs = [row["epoch"] for row in history]
    for part, prefix, colour in (("training", "", GREY), ("validation", "validation_", ACCENT)):
        values = [factor * row[prefix + name] for row in history]
        dashes = "-" if prefix else (0, (4, 1.5))
        marker = "o" if len(history) < 4 else ""
        axes.plot(epochs, values, color=colour, linestyle=dashes, marker=marker, markersize=3, label=part)
        ends[part] = values[-1]
    return ends


def set_epochs(axes: Axes, title: str) -> None:
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
    places: list[float] = []
    for name in names:
        places.append(max(ends[name], places[-1] + gap) if places else ends[name])
    # Moved apart about their middle, within the axes if they fit.
    shift = (sum(ends[name] for name in names) - sum(places)) / len(places)
    shift = max(min(shift, high - places[-1]), low - places[0])
    colour_of = dict(zip(ends, colours, strict=False))
    for name, place in zip(names, places, strict=True):
        axes.annotate(
            name, (1.02, place + shift), xycoords=("axes fraction", "data"), va="center", color=colour_of[name]
        )


def histories(columns: Sequence[str], curves: NDArray[Any]) -> list[list[dict[str, float]]]:
    """Return the histories in an array (networks, epochs, columns)."""
    return [[dict(zip(columns, row, strict=True)) for row in curve] for curve in curves.tolist()]


def side_by_side(panels: Sequence[History], titles: Sequence[str], classes: int) -> Illustration:
    """Return loss above accuracy for each network, training in grey and validation in colour, the axes alike.

    A dotted line is what guessing among so many classes gives. The loss axis ends above the highest validation loss.
    """
    with style():
        figure = new_figure(74)
        rows = figure.subplots(2, len(panels), sharex=True, sharey="row", squeeze=False)
        for column, (history, title) in enumerate(zip(panels, titles, strict=True)):
            for axes, name, chance in (
                (rows[0, column], "loss", log(classes)),
                (rows[1, column], "accuracy", 100 / classes),
            ):
                axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=(0, (1, 2)))
                plot_history(axes, history, name)
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            rows[0, column].set_title(title, loc="left")
            rows[1, column].set_xlabel("epoch")
        rows[0, 0].set_ylabel("loss (nats)")
        rows[1, 0].set_ylabel("accuracy (%)")
        # A training loss may begin ten times as high, which would leave no room for what is compared.
        rows[0, 0].set_ylim(0, 1.1 * max(row["validation_loss"] for history in panels for row in history))
        figure.align_ylabels()
        # Named once, below the curves, which rise to the right, and above the line of guessing.
        for y, name, colour in ((0, "validation", ACCENT), (LINE_PT, "training", GREY_WORDS)):
            rows[1, -1].annotate(
                name,
                (1, 0),
                (-3, 4 + y),
                xycoords="axes fraction",
                textcoords="offset points",
                color=colour,
                ha="right",
            )
    parts = [f"Loss and accuracy of {len(panels)} networks over their epochs."]
    for history, title in zip(panels, titles, strict=True):
        last, best = history[-1], min(history, key=lambda row: row["validation_loss"])
        parts.append(
            f"{title}: training loss {last['loss']:.2f} and validation loss {last['validation_loss']:.2f} at the end,"
            f" lowest {best['validation_loss']:.2f} in epoch {best['epoch']:.0f};"
            f" validation accuracy {percentage(last['validation_accuracy'], 0)}% at the end."
        )
    return figure, " ".join(parts)
