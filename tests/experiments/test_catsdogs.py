from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from experiments import catsdogs, catsdogs_best, catsdogs_training
from report_cli.datasets.images import ImageData
from report_cli.errors import RunError
from report_cli.experiment import Experiment
from tests.experiments.pets import SIDE, SIZES, noise
from tests.training.memory import InterruptionError, MemoryFigures, MemoryRecord, MemoryRun

NETWORKS = (
    catsdogs.catsdogs_cnn_1,
    catsdogs.catsdogs_cnn_2,
    catsdogs.catsdogs_cnn_3,
    catsdogs.catsdogs_cnn_4,
)
BEST = catsdogs_best.catsdogs_best
EPOCHS = 3


def _params(experiment: Experiment, **changes: Any) -> Any:
    return replace(experiment.params["smoke"], **{**SIZES, "epochs": EPOCHS, "batch_size": 12, **changes})


@pytest.fixture(scope="module")
def images() -> ImageData:
    return noise()


@pytest.fixture(scope="module")
def runs(images: ImageData) -> dict[str, MemoryRecord]:
    """The four networks, each trained once; the third one is made the best by rule."""
    done = {}
    for experiment in NETWORKS:
        done[experiment.name] = MemoryRecord()
        experiment.measure(_params(experiment), images, done[experiment.name])
    return done


@pytest.fixture(scope="module")
def chosen(images: ImageData, runs: dict[str, MemoryRecord]) -> dict[str, MemoryRecord]:
    """Those, with the third one made the best, and the best trained again."""
    scalars = {**runs["catsdogs-cnn-3"].scalars, "settled_validation_loss": 0.01, "learning_rate": 2e-3}
    third = MemoryRecord()
    third.scalars, third.history, third.arrays = scalars, runs["catsdogs-cnn-3"].history, runs["catsdogs-cnn-3"].arrays
    done = {**runs, "catsdogs-cnn-3": third}
    record = MemoryRecord(done)
    BEST.measure(_params(BEST), images, record)
    return {**done, BEST.name: record}


def test_networks_record_what_they_declare(runs: dict[str, MemoryRecord], images: ImageData) -> None:
    """A run records every declared metric and no other, and predictions of the validation images that agree with it."""
    for experiment in NETWORKS:
        record = runs[experiment.name]
        assert set(record.scalars) == set(experiment.metrics)
        assert len(record.history) == EPOCHS
        p, labels = record.arrays["validation_predictions"], record.arrays["validation_labels"]
        assert ((p > 0.5) == labels).mean() == record.scalars["validation_accuracy"]
        losses = -np.log(np.where(labels == 1, p, 1 - p))
        assert losses.mean() == pytest.approx(record.scalars["validation_loss"])
        assert not any(name.startswith("test") for name in record.arrays)


def test_settled_results_are_medians(runs: dict[str, MemoryRecord]) -> None:
    """The loss that decides is the median over the last epochs, and its step the mean change between epochs."""
    record = runs["catsdogs-cnn-1"]
    losses = [row["validation_loss"] for row in record.history]
    assert record.scalars["settled_validation_loss"] == np.median(losses)
    assert record.scalars["validation_loss_step"] == pytest.approx(abs(np.diff(losses)).mean())
    assert record.scalars["highest_validation_loss"] == max(losses)
    assert record.scalars["best_validation_loss"] == losses[int(record.scalars["best_epoch"]) - 1] == min(losses)


def test_settings_reach_the_networks(runs: dict[str, MemoryRecord]) -> None:
    """The third network alone has dropout, the fourth alone a smaller learning rate."""
    dropouts = [runs[e.name].scalars["dropout"] for e in NETWORKS]
    rates = [runs[e.name].scalars["learning_rate"] for e in NETWORKS]
    assert dropouts == [0, 0, 0.5, 0]
    assert rates == [1e-3, 1e-3, 1e-3, 1e-4]


def test_the_lowest_settled_loss_is_chosen(chosen: dict[str, MemoryRecord], images: ImageData) -> None:
    """The best network is the one with the lowest median loss, trained at its own rate and tested once."""
    record = chosen[BEST.name]
    assert set(record.scalars) == set(BEST.metrics)
    assert record.scalars["chosen"] == 3
    assert record.scalars["learning_rate"] == 2e-3
    assert record.scalars["dropout"] == 0.5
    others = [chosen[e.name].scalars["settled_validation_loss"] for e in NETWORKS]
    assert record.scalars["margin"] == sorted(others)[1] - 0.01
    p, labels = record.arrays["test_predictions"], record.arrays["test_labels"]
    assert ((p > 0.5) == labels).mean() == record.scalars["test_accuracy"]
    assert record.scalars["test_accuracy_low"] < record.scalars["test_accuracy"] <= record.scalars["test_accuracy_high"]
    assert np.trace(record.arrays["confusion"]) == len(labels) * record.scalars["test_accuracy"]
    taken = record.arrays["test_ids"]
    assert not set(taken) & set(chosen["catsdogs-cnn-1"].arrays["validation_ids"])
    cat = images.train.ids[images.train.names == "cat.1275"][0]
    assert cat in taken


def test_the_best_has_the_weights_of_its_best_epoch(chosen: dict[str, MemoryRecord], images: ImageData) -> None:
    """What is stored and tested are the weights of the best epoch, not those of the last."""
    from report_cli.datasets.normalise import Normalisation
    from report_cli.training import losses as evaluate
    from report_cli.training import transfer

    record = chosen[BEST.name]
    model = catsdogs_best.network(3, SIDE, 0.9, 0.5)
    transfer.load(model, record.trained)
    places = np.searchsorted(images.train.ids, chosen["catsdogs-cnn-1"].arrays["validation_ids"])
    normalisation = Normalisation(record.arrays["mean"], record.arrays["std"])
    validation = catsdogs_training.examples(
        replace(images.train, **{n: getattr(images.train, n)[places] for n in ("ids", "labels", "pixels", "names")}),
        normalisation,
    )
    score = evaluate.binary(evaluate.predict(model, validation.inputs), validation.labels)
    assert score.loss == pytest.approx(record.scalars["best_validation_loss"], rel=1e-5)
    assert score.loss == pytest.approx(min(row["validation_loss"] for row in record.history), rel=1e-5)


def test_the_best_starts_from_weights_of_its_own(
    chosen: dict[str, MemoryRecord], runs: dict[str, MemoryRecord]
) -> None:
    """The same architecture with the same seed of the run is trained from another start."""
    again, first = chosen[BEST.name].history[0], runs["catsdogs-cnn-3"].history[0]
    assert again["loss"] != first["loss"]


def test_an_interrupted_best_run_ends_the_same(chosen: dict[str, MemoryRecord], images: ImageData) -> None:
    """After an interruption the run goes on and ends with the same weights and results to the last bit."""
    interrupted = MemoryRecord(chosen, stop_after=2)
    with pytest.raises(InterruptionError):
        BEST.measure(_params(BEST), images, interrupted)
    again = MemoryRecord(chosen, checkpoint=interrupted.checkpoint)
    BEST.measure(_params(BEST), images, again)
    whole = chosen[BEST.name]
    assert again.scalars == whole.scalars
    assert all(np.array_equal(again.trained[name], array) for name, array in whole.trained.items())


def test_networks_that_cannot_be_compared_are_refused(chosen: dict[str, MemoryRecord], images: ImageData) -> None:
    """Other validation images or other numbers of epochs are an error, not a comparison."""
    with pytest.raises(RunError, match="other images"):
        BEST.measure(_params(BEST, split_seed=2), images, MemoryRecord(chosen))
    shorter = MemoryRecord()
    first = chosen["catsdogs-cnn-1"]
    shorter.scalars, shorter.arrays, shorter.history = first.scalars, first.arrays, first.history[:-1]
    with pytest.raises(RunError, match="numbers of epochs"):
        BEST.measure(_params(BEST), images, MemoryRecord({**chosen, "catsdogs-cnn-1": shorter}))


def test_draws_what_is_declared(chosen: dict[str, MemoryRecord]) -> None:
    """`draw` makes the declared figures from stored results alone, with texts computed from them."""
    for experiment in (*NETWORKS, BEST):
        figures = MemoryFigures()
        assert experiment.draw is not None
        experiment.draw(MemoryRun(chosen[experiment.name]), figures)
        assert tuple(figures.figures) == experiment.figures
    assert "4 networks over 3 epochs" in figures.alts["candidates"]


def test_full_is_the_protocol_of_the_assignment() -> None:
    """The full profile has 2,400, 800 and 800 images of 150 pixels, 30 epochs, batches of 32, and its rates."""
    for experiment in (*NETWORKS, BEST):
        full = experiment.params["full"]
        assert (full.train, full.validation, full.test, full.size) == (2_400, 800, 800, 150)
        assert (full.epochs, full.batch_size) == (30, 32)
        assert full.learning_rate == (1e-4 if experiment is catsdogs.catsdogs_cnn_4 else 1e-3)
    assert catsdogs.catsdogs_cnn_3.params["full"].dropout == 0.5
