"""Metrics of a classifier, computed again from its stored predictions, without what trained it."""

from collections.abc import Mapping
from math import isclose, nan
from typing import NamedTuple

from report_cli import stats
from report_cli.store.run import Run

LOGITS, LABELS, PREDICTED = "_logits", "_labels", "_predicted"
# Logits may have been rounded to float32 after a metric was computed, and sums are added in other orders elsewhere.
TOLERANCE = 1e-6


class Check(NamedTuple):
    """A metric as it is stored, and as it follows from the predictions of the run."""

    stored: float
    computed: float

    @property
    def agrees(self) -> bool:
        return isclose(self.stored, self.computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def check(run: Run) -> Mapping[str, Check]:
    """Return what becomes of the metrics of `run` that follow from its predictions, by name.

    Predictions of a part (`test`, say) are the arrays PART_logits (N, classes), or (N, 1) for two classes, and
    PART_labels (N,), whole numbers; PART_accuracy, PART_loss (mean cross-entropy in nats) and PART_images follow. From
    the array best_PART_predicted (N,) follows best_PART_accuracy. Predictions of the best epoch give best_PART_accuracy
    and best_PART_loss, and nothing of the last one. Labels of another form, and real numbers, are those of no
    classifier; names of classes tell PART_accuracy alone.

    Raises:
        ReportError: a file of the run is damaged, or its arrays don't fit together.
    """
    computed: dict[str, float] = {}
    for part in (name.removesuffix(LABELS) for name in run.arrays if name.endswith(LABELS)):
        labels = stats.class_labels(run.array(f"{part}{LABELS}"))
        if labels is None:
            continue
        computed[f"{part}_images"] = len(labels)
        if f"{part}{LOGITS}" in run.arrays and labels.dtype.kind == "i":
            logits = run.array(f"{part}{LOGITS}").astype("float64").reshape(len(labels), -1)
            scores = {
                f"{part}_accuracy": float((stats.named(logits) == labels).mean()),
                f"{part}_loss": float(stats.losses(logits, labels).mean()),
            }
            before = "best_" if _are_of_best_epoch(run, scores) else ""
            computed |= {f"{before}{name}": score for name, score in scores.items()}
        for name in (part, f"best_{part}"):
            if f"{name}{PREDICTED}" in run.arrays:
                predicted = stats.class_labels(run.array(f"{name}{PREDICTED}"))
                if predicted is not None and len(predicted) == len(labels):
                    computed.setdefault(f"{name}_accuracy", float((predicted == labels).mean()))
    return {name: Check(run.scalars[name], number) for name, number in computed.items() if name in run.scalars}


def _are_of_best_epoch(run: Run, scores: Mapping[str, float]) -> bool:
    """Whether these scores by predictions are those of the best epoch, and the metrics of that name of the last one.

    So it is where a training ended with the weights of its best epoch.
    """
    last = run.history[-1] if run.history else {}
    if run.scalars.get("best_epoch", nan) == last.get("epoch", nan):
        return False

    def agree(name: str, number: float) -> bool:
        return Check(run.scalars.get(name, nan), number).agrees

    if all(agree(name, score) for name, score in scores.items()):
        return False
    # A metric that isn't that of the last row of the history is none of the last epoch.
    return all(agree(f"best_{name}", score) and agree(name, last.get(name, nan)) for name, score in scores.items())
