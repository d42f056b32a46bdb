"""Figures of results over several experiments and seeds: intervals below each other, accuracy against cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from report_cli.figures.style import ACCENT, GREY, INK, Illustration, new_figure, style

Interval = tuple[float, float]


def forest(results: Mapping[str, Sequence[float]], intervals: Mapping[str, Interval], label: str) -> Illustration:
    """Return a forest plot: the results of each row as dots, their mean as a bar, its interval as a line.

    `results` and `intervals` are by the names of the rows, in the unit that `label` says; a row may have no interval.
    """
    with style():
        figure = new_figure(14 + 6.5 * len(results))
        axes = figure.add_subplot()
        for row, (name, numbers) in enumerate(results.items()):
            if name in intervals:
                axes.plot(intervals[name], (row, row), color=INK, linewidth=0.9, label="interval")
            dots: dict[str, Any] = {"s": 11, "color": ACCENT, "alpha": 0.6, "linewidths": 0}
            axes.scatter(numbers, [row] * len(numbers), zorder=2, label="run", **dots)
            bar: dict[str, Any] = {"marker": "|", "s": 100, "color": ACCENT, "linewidths": 1.8}
            axes.scatter([np.mean(numbers)], [row], zorder=3, label="mean", **bar)
        axes.set_yticks(range(len(results)), list(results))
        axes.set_ylim(len(results) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GREY, alpha=0.25, linewidth=0.5)
        axes.set_xlabel(label)
    parts = [f"Dot plot of {label} in {len(results)} rows."]
    for name, numbers in results.items():
        ends = f", interval {intervals[name][0]:.4g} to {intervals[name][1]:.4g}" if name in intervals else ""
        runs = f" over {len(numbers)} runs" if len(numbers) > 1 else ""
        parts.append(f"{name}: {np.mean(numbers):.4g}{runs}{ends}.")
    return figure, " ".join(parts)


def against(
    cost: Mapping[str, float], results: Mapping[str, Sequence[float]], cost_label: str, label: str
) -> Illustration:
    """Return results against what they cost, on a logarithmic axis: a dot for each, named beside their mean."""
    with style():
        figure = new_figure(62)
        axes = figure.add_subplot()
        for name, numbers in results.items():
            dots: dict[str, Any] = {"s": 11, "color": ACCENT, "alpha": 0.6, "linewidths": 0}
            axes.scatter([cost[name]] * len(numbers), numbers, label=name, **dots)
            axes.annotate(
                name, (cost[name], float(np.mean(numbers))), xytext=(5, 0), textcoords="offset points", va="center"
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.25, y=0.12)
        axes.set_xlabel(cost_label)
        axes.set_title(label, loc="left")
    points = [f"{name}: {np.mean(numbers):.4g} at {cost[name]:,.10g}" for name, numbers in results.items()]
    return figure, f"{label.capitalize()} against {cost_label}. {'; '.join(points)}."
