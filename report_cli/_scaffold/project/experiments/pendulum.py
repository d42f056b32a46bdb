"""What a pendulum tells of gravity, from a table of lengths and periods."""

import numpy as np

import report_cli as report
from report_cli.figures import style

PENDULUM = report.Table("pendulum", "Periods of a pendulum", file="data/pendulum.csv", target="period_s")


def draw(results, figures):
    """Draw the squares of the periods against the lengths, with the fitted line."""
    lengths, periods = results.array("lengths"), results.array("periods")
    gravity = results.scalars["gravity"]
    figure = style.new_figure(height_mm=55)
    axes = figure.add_subplot(xlabel="length (m)", ylabel="period$^2$ (s$^2$)")
    axes.plot(lengths, periods**2, "o", color=style.ACCENT, markersize=3)
    ends = np.array([0, lengths.max()])
    axes.plot(ends, 4 * np.pi**2 * ends / gravity, color=style.GREY, linewidth=0.8)
    alt = f"Squared periods of {len(lengths)} pendulums lie along a line through zero, for {gravity:.2f} m/s²."
    figures.add("line", figure, alt=alt)


@report.experiment(
    "pendulum",
    title="Gravity from a pendulum",
    data=PENDULUM,
    metrics={
        "gravity": report.Metric("", "gravity in m/s²"),
        "error": report.Metric("", "standard error of gravity in m/s²"),
        "lengths": report.Metric("count", "lengths that were measured"),
    },
    profiles={"longest_m": 2.0},
    figures=("line",),
    draw=draw,
)
def pendulum(params, data, record):
    """Which gravity do the periods of a pendulum tell, by T² = 4 pi² L / g?

    Command: report run pendulum. Expected: 9.8 m/s² within two standard errors. Cost: none.
    """
    lengths, periods = data.features[:, 0], data.target
    short = lengths <= params.longest_m
    lengths, periods = lengths[short], periods[short]
    # Least squares for a line through zero.
    slope = (lengths * periods**2).sum() / (lengths**2).sum()
    variance = ((periods**2 - slope * lengths) ** 2).sum() / (len(lengths) - 1)
    gravity = 4 * np.pi**2 / slope
    record.array("lengths", lengths)
    record.array("periods", periods)
    record(gravity=gravity, error=gravity / slope * np.sqrt(variance / (lengths**2).sum()), lengths=len(lengths))
