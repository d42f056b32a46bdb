"""Learning curves of several networks side by side, on common axes, to choose among them."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from report_cli.figures import style
from report_cli.figures.style import ACCENT, History


def histories(columns: Sequence[str], curves: NDArray[Any]) -> list[list[dict[str, float]]]:
    """Return the histories in an array (networks, epochs, columns)."""
    return [[dict(zip(columns, row, strict=True)) for row in curve] for curve in curves.tolist()]


def side_by_side(shown: Sequence[History], titles: Sequence[str]) -> Figure:
    """Return loss above accuracy for each network, training in grey and validation in colour, the axes alike.

    The loss axis ends above the highest validation loss.
    """
    with style.style():
        figure = style.new_figure(74)
        rows = figure.subplots(2, len(shown), sharex=True, sharey="row", squeeze=False)
        for column, (history, title) in enumerate(zip(shown, titles, strict=True)):
            for axes, name in ((rows[0, column], "loss"), (rows[1, column], "accuracy")):
                style.training_and_validation(axes, history, name)
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            rows[0, column].set_title(title, loc="left")
            rows[1, column].set_xlabel("epoch")
        rows[0, 0].set_ylabel("loss (nats)")
        rows[1, 0].set_ylabel("accuracy (%)")
        # A training loss may begin ten times as high, which would leave no room for what is compared.
        rows[0, 0].set_ylim(0, 1.1 * max(row["validation_loss"] for history in shown for row in history))
        # Named once, below the curves, which rise to the right.
        for y, name, colour in ((0.14, "training", style.GREY_WORDS), (0.04, "validation", ACCENT)):
            rows[1, -1].text(0.97, y, name, color=colour, ha="right", transform=rows[1, -1].transAxes)
    return figure


def describe_side_by_side(shown: Sequence[History], titles: Sequence[str]) -> str:
    """Return in words what `side_by_side` shows."""
    parts = [f"Loss and accuracy of {len(shown)} networks over {len(shown[0])} epochs."]
    for history, title in zip(shown, titles, strict=True):
        last, best = history[-1], min(history, key=lambda row: row["validation_loss"])
        parts.append(
            f"{title}: training loss {last['loss']:.2f} and validation loss {last['validation_loss']:.2f} at the end,"
            f" lowest {best['validation_loss']:.2f} in epoch {best['epoch']:.0f};"
            f" validation accuracy {last['validation_accuracy']:.0%} at the end."
        )
    return " ".join(parts)
