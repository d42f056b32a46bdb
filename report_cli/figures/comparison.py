"""Figures that compare networks: accuracy against the size of the training set, ratios of speed.

Three networks are told apart by colour, line and marker at once, so that grey print and any colour vision do as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from report_cli.figures.curves import label_ends
from report_cli.figures.style import ACCENT, GREY, GREY_WORDS, INK, Illustration, new_figure, style
from report_cli.wording import percentage

# Colour, dashes and marker of the first, second and third network.
LOOKS: tuple[tuple[str, Any, str], ...] = ((GREY, (0, (4, 1.5)), "s"), (ACCENT, "-", "o"), (INK, (0, (1, 1.2)), "^"))
WORDS = (GREY_WORDS, ACCENT, INK)


def accuracy_by_size(
    networks: Sequence[str], sizes: NDArray[Any], accuracy: NDArray[Any], interval: NDArray[Any]
) -> Illustration:
    """Return test accuracy over the number of training images, on a logarithmic axis, with intervals.

    `accuracy` is (networks, sizes), `interval` (networks, sizes, 2) its ends; both between 0 and 1.
    """
    with style():
        figure = new_figure(54)
        axes = figure.add_subplot()
        for row, (network, (colour, dashes, marker)) in enumerate(zip(networks, LOOKS, strict=False)):
            # A little apart, so that intervals at one size don't hide each other.
            apart_pt = 2.5 * (row - (len(networks) - 1) / 2)
            moved = ScaledTranslation(apart_pt / 72, 0, figure.dpi_scale_trans)
            reach = 100 * np.abs(interval[row].T - accuracy[row])
            axes.errorbar(
                sizes,
                100 * accuracy[row],
                reach,
                label=network,
                transform=axes.transData + moved,
                color=colour,
                linestyle=dashes,
                marker=marker,
                markersize=3.5,
                elinewidth=0.8,
                capsize=1.8,
            )
        # What is moved doesn't widen the axes by itself.
        axes.update_datalim(np.column_stack([np.tile(np.repeat(sizes, 2), len(networks)), 100 * interval.ravel()]))
        ends = {network: 100 * float(accuracy[row, -1]) for row, network in enumerate(networks)}
        label_ends(axes, ends, WORDS)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sizes.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
        axes.set_xlabel("training images")
        axes.set_title("test accuracy (%)", loc="left")
    parts = [f"Line chart of the test accuracy of {len(networks)} networks for {len(sizes)} sizes of the training set."]
    for row, network in enumerate(networks):
        points = [
            f"{percentage(float(value), 1)}% at {size:,}"
            for size, value in zip(sizes.tolist(), accuracy[row], strict=True)
        ]
        parts.append(f"{network.capitalize()}: {', '.join(points)}.")
    return figure, " ".join(parts)


def speed_ratios(names: Sequence[str], times: Mapping[str, NDArray[Any]], cost: NDArray[Any]) -> Illustration:
    """Return a chart of times as multiples of the first network's: every repeat as a dot, all together as a bar.

    `times` has for each panel (repeats, networks); `cost` (networks,) are the ratios of multiply-adds, shown as
    open diamonds.
    """
    ratios = {label: measured.sum(axis=0) / measured[:, 0].sum() for label, measured in times.items()}
    with style():
        figure = new_figure(14 + 6.5 * len(names))
        panels = figure.subplots(1, len(times), sharex=True, sharey=True)
        for axes, (label, measured) in zip(np.atleast_1d(panels), times.items(), strict=True):
            single, together = measured / measured[:, :1], ratios[label]
            rows = np.arange(len(names))
            axes.axvline(1, color=GREY, linewidth=0.6)
            diamonds: dict[str, Any] = {"marker": "D", "s": 22, "facecolors": "none", "edgecolors": INK}
            axes.scatter(cost, rows, linewidths=0.8, zorder=2, label="multiply-adds", **diamonds)
            dots: dict[str, Any] = {"s": 9, "color": ACCENT, "alpha": 0.55, "linewidths": 0}
            axes.scatter(single, np.broadcast_to(rows, single.shape), label="one repeat", **dots)
            axes.scatter(together, rows, marker="|", s=90, color=ACCENT, linewidths=1.6, zorder=3, label="all repeats")
            axes.set_yticks(rows, names)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set_xlabel(f"time {label}, control = 1")
            axes.tick_params(axis="y", length=0)
    repeats = len(next(iter(times.values())))
    parts = [f"Dot plot of {repeats} repeats: times of {len(names)} networks as multiples of the control's."]
    for place, name in enumerate(names[1:], start=1):
        points = [f"{ratio[place]:.2f} {label}" for label, ratio in ratios.items()]
        parts.append(f"{name.capitalize()}: {', '.join(points)}; multiply-adds {cost[place]:.2f}.")
    return figure, " ".join(parts)
