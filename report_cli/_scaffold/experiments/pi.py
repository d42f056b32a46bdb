"""How near random points in a square come to pi."""

from dataclasses import dataclass

from report_cli.experiment import Figures, Record, StoredRun, experiment


@dataclass(frozen=True)
class Params:
    """How many points are thrown."""

    points: int


def draw(run: StoredRun, figures: Figures) -> None:
    """Draw the estimate against the number of points."""
    from matplotlib.figure import Figure

    counts, estimates = run.array("counts"), run.array("estimates")
    figure = Figure(figsize=(5.5, 2.2), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(3.141592653589793, color="#999999", linewidth=0.8)
    axes.semilogx(counts, estimates, color="#1b4f8f", marker="o", markersize=3)
    axes.set_xlabel("points")
    axes.set_ylabel("estimate of \N{GREEK SMALL LETTER PI}")
    axes.spines[["top", "right"]].set_visible(False)
    figures.add(
        "convergence", figure, alt=f"Estimate of pi for up to {counts[-1]:,} points, ending at {estimates[-1]:.4f}"
    )


@experiment(
    "pi",
    title="Pi from random points",
    metrics={"estimate": "estimate of pi", "error": "distance from pi"},
    profiles={"smoke": Params(1_000), "quick": Params(100_000), "full": Params(10_000_000)},
    figures=("convergence",),
    draw=draw,
)
def pi(params: Params, images: None, record: Record) -> None:
    """Does the share of random points inside the quarter circle approach pi / 4?

    Command: report run pi. Expected: an error of about 1.6 / sqrt(points) (binomial). Cost: seconds.
    """
    import math

    import numpy as np

    points = np.random.default_rng(record.seed).random((params.points, 2))
    inside = np.cumsum((points**2).sum(axis=1) < 1)
    counts = np.unique(np.geomspace(10, params.points, 25).astype(int))
    estimates = 4 * inside[counts - 1] / counts
    record.array("counts", counts)
    record.array("estimates", estimates)
    record.scalar("estimate", float(estimates[-1]))
    record.scalar("error", abs(float(estimates[-1]) - math.pi))
