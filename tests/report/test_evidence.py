"""What follows from the predictions of a run: metrics of the epoch whose weights made them, and no other."""

from collections.abc import Callable
from typing import Any

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


@pytest.mark.parametrize(
    "change",
    [
        lambda labels: labels.astype(bool),
        lambda labels: labels.astype(np.float32),
        lambda labels: labels[:, None],
        lambda labels: np.array(["cat", "dog"])[labels],
    ],
    ids=["bool", "whole floats", "a column", "names"],
)
def test_labels_of_every_form_are_checked(desk: Desk, change: Callable[[Any], Any]) -> None:
    """What a classifier was tested on may be numbers, yes and no, a column of them, or names."""
    labels, predicted = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
    arrays = {"test_labels": change(labels), "test_predicted": change(predicted)}
    run = desk.store("net", {"test_accuracy": (0.5, "fraction")}, arrays=arrays)
    assert evidence.check(run)["test_accuracy"].computed == 0.75
    if arrays["test_labels"].dtype.kind != "U":
        logits = {"test_labels": arrays["test_labels"], "test_logits": np.array([-1.0, 2.0, -1.0, -2.0])}
        run = desk.store("net", {"test_accuracy": (0.5, "fraction"), "test_loss": (1.0, "nats")}, arrays=logits)
        assert not any(each.agrees for each in evidence.check(run).values())


@pytest.mark.parametrize("labels", [np.array([0.5, 1.5]), np.eye(2)], ids=["real numbers", "a row each"])
def test_what_no_classifier_was_tested_on_accuses_no_one(desk: Desk, labels: Any) -> None:
    """Targets of a regression, and one-hot rows, tell nothing of a metric called accuracy."""
    run = desk.store(
        "net", {"test_accuracy": (0.5, "fraction")}, arrays={"test_labels": labels, "test_logits": np.eye(2)}
    )
    assert not evidence.check(run)
