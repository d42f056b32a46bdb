"""Networks against each other on the same test images: what the experiments that compare have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import report_cli as report
from report_cli import stats
from report_cli.errors import RunError

Pairs = Sequence[tuple[str, str]]


def metrics(pairs: Pairs) -> dict[str, report.Metric]:
    """Return the metrics that `compare` records."""
    declared = {
        "test_images": report.Metric("count", "test images that all networks have seen"),
        "detectable": report.Metric(
            "fraction", "difference that the test finds with 80 % power, at the largest discordance seen"
        ),
    }
    for a, b in pairs:
        name = _name(a, b)
        declared |= {
            f"{name}_only_first": report.Metric("count", f"test images that {a} has right and {b} has wrong"),
            f"{name}_only_second": report.Metric("count", f"test images that {b} has right and {a} has wrong"),
            f"{name}_difference": report.Metric("fraction", f"test accuracy of {b} minus that of {a}"),
            f"{name}_p": report.Metric("", f"exact McNemar test of {a} and {b}, two-sided, adjusted by Holm"),
        }
    return declared


def compare(runs: Mapping[str, "report.Run"], pairs: Pairs, record: report.Record) -> None:
    """Record for each pair of networks how their runs differ; the p-values are adjusted together.

    Raises:
        RunError: the networks were tested on different images.
    """
    ids = [run.array("test_ids") for run in runs.values()]
    if not all(np.array_equal(ids[0], other) for other in ids):
        raise RunError(
            f"{', '.join(runs)} were not tested on the same images",
            "give them the same number of test images and the same split_seed",
        )
    right = {name: right_answers(run) for name, run in runs.items()}
    tests = [stats.paired(right[a].tolist(), right[b].tolist()) for a, b in pairs]
    for (a, b), test, p in zip(pairs, tests, stats.holm([test.p for test in tests]), strict=True):
        name = _name(a, b)
        counts = {f"{name}_only_first": test.only_first, f"{name}_only_second": test.only_second}
        record(**counts, **{f"{name}_difference": test.difference, f"{name}_p": p})
    discordant = max(float(np.mean(right[a] != right[b])) for a, b in pairs)
    record(test_images=len(ids[0]), detectable=stats.detectable_difference(discordant, len(ids[0])))


def right_answers(run: "report.Run") -> NDArray[Any]:
    """Return for each test image of a run whether it is classified correctly, (N,) booleans."""
    right: NDArray[Any] = stats.named(run.array("test_logits")) == run.array("test_labels")
    return right


def _name(first: str, second: str) -> str:
    return f"{first}_{second}".replace("-", "_")
