"""What follows from the predictions of a run: metrics of the epoch whose weights made them, and no other."""

import numpy as np
import pytest

from report_cli import stats
from report_cli.report import evidence
from tests.report.conftest import Desk

LABELS = np.array([0, 1, 1, 0])
LOGITS = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.5, 0.0]])
BEST = {"validation_accuracy": 0.75, "validation_loss": float(stats.losses(LOGITS, LABELS).mean())}
LAST = {"validation_accuracy": 0.5, "validation_loss": 0.9}


def checked(desk: Desk, metrics: dict[str, float], best_epoch: int = 1) -> dict[str, bool]:
    """Return which metrics of a run agree, whose second epoch is its last, and whose predictions are `LOGITS`."""
    measured = {**metrics, **{f"best_{name}": number for name, number in BEST.items()}, "best_epoch": best_epoch}
    run = desk.store(
        "net",
        {name: (number, "") for name, number in measured.items()},
        arrays={"validation_labels": LABELS, "validation_logits": LOGITS},
        history=[{"epoch": 1, **BEST}, {"epoch": 2, **LAST}],
    )
    return {name: check.agrees for name, check in evidence.check(run).items()}


def test_predictions_of_the_best_epoch_say_nothing_of_the_last(desk: Desk) -> None:
    """Where the weights of the best epoch were kept, its metrics follow, and those of the last one are unverified."""
    assert checked(desk, LAST) == {"best_validation_accuracy": True, "best_validation_loss": True}


@pytest.mark.parametrize("name", LAST)
def test_a_changed_metric_of_the_last_epoch_is_found(desk: Desk, name: str) -> None:
    """A metric that neither the predictions nor the history of the run have differs, whatever its best epoch was."""
    assert not checked(desk, {**LAST, name: 0.95})[name]
    assert not checked(desk, LAST, best_epoch=2)[name]


def test_predictions_of_the_last_epoch_are_its_own(desk: Desk) -> None:
    """Where both epochs measured the same, both are told by the names of the last one."""
    assert checked(desk, BEST) == dict.fromkeys(BEST, True)
