"""Several trained networks together: the course of their trainings, and what they reach on the same test images."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

import report_cli as report
from report_cli import stats
from report_cli.errors import RunError
from report_cli.figures import curves

METRICS = {
    "test_images": report.Metric("count", "test images that all networks have seen"),
    "detectable": report.Metric(
        "fraction", "difference that a paired test finds with 80 % power, at the largest disagreement of two networks"
    ),
}


def record_networks(runs: Mapping[str, "report.Run"], record: report.Record) -> None:
    """Record what is drawn of trained networks, which go by their headings.

    Raises:
        RunError: the networks were tested on different images.
    """
    ids = [run.array("test_ids") for run in runs.values()]
    if not all(np.array_equal(ids[0], other) for other in ids):
        raise RunError(
            f"{', '.join(runs)} were not tested on the same images",
            "give them the same number of test images and the same split_seed",
        )
    right = [right_answers(run) for run in runs.values()]
    disagreement = max(float(np.mean(a != b)) for a, b in combinations(right, 2))
    record(test_images=len(ids[0]), detectable=stats.detectable_difference(disagreement, len(ids[0])))
    costs = [run.scalars["multiply_adds"] for run in runs.values()]
    rows = zip(runs, costs, (answers.mean() for answers in right), strict=True)
    record.table("networks", [{"network": n, "multiply_adds": c, "accuracy": float(a)} for n, c, a in rows])
    for place, run in enumerate(runs.values()):
        record.table(f"history_{place}", run.history)


def right_answers(run: "report.Run") -> NDArray[Any]:
    """Return for each test image of a run whether it is classified correctly, (N,) booleans."""
    right: NDArray[Any] = stats.named(run.array("test_logits")) == run.array("test_labels")
    return right


def draw_curves(results: "report.Results", figures: report.Figures, classes: int) -> None:
    """Draw the learning curves of the first seed side by side, with what guessing among so many classes gives."""
    run = results.run(seed=0)
    titles = [row["network"] for row in run.table("networks")]
    panels = [run.table(f"history_{place}") for place in range(len(titles))]
    figures.add("curves", *curves.side_by_side(panels, titles, classes))


def accuracies(results: "report.Results") -> dict[str, list[float]]:
    """Return the test accuracy of each network in percent, a number a seed."""
    tables = [run.table("networks") for run in results]
    return {rows[0]["network"]: [100 * row["accuracy"] for row in rows] for rows in zip(*tables, strict=True)}
