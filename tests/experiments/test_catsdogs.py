from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from experiments import catsdogs, catsdogs_best
from report_cli.datasets.images import ImageData
from report_cli.datasets.normalise import Normalisation
from report_cli.errors import RunError
from report_cli.experiment import Experiment
from report_cli.training import classify, losses, transfer
from report_cli.training.fit import Trainer
from tests.experiments.pets import SIDE, SIZES, noise
from tests.training.memory import MemoryFigures, MemoryRecord, MemoryRun

NETWORKS = (catsdogs.catsdogs_cnn_1, catsdogs.catsdogs_cnn_2, catsdogs.catsdogs_cnn_3, catsdogs.catsdogs_cnn_4)
BEST, CHOICE = catsdogs_best.catsdogs_best, catsdogs_best.catsdogs_choice
EPOCHS = 3


def _params(experiment: Experiment, **changes: Any) -> Any:
    return replace(experiment.params["smoke"], **{**SIZES, "epochs": EPOCHS, "batch_size": 12, **changes})


@pytest.fixture(scope="module")
def images() -> ImageData:
    return noise()


@pytest.fixture(scope="module")
def runs(images: ImageData) -> dict[str, MemoryRun]:
    """The four networks: the second is trained, the others take its results; the third is made the best by rule."""
    record, experiment = MemoryRecord(), NETWORKS[1]
    experiment.measure(_params(experiment), images, record)
    done = {}
    for number, network in enumerate(NETWORKS, start=1):
        done[network.name] = MemoryRun(record, **vars(_params(network, learning_rate=number * 1e-3)))
        done[network.name].scalars = {
            **record.scalars,
            "settled_validation_loss": 0.01 if number == 3 else number,
            "validation_loss": 0.01 if number == 2 else number,
        }
    return done


@pytest.fixture(scope="module")
def choice(runs: dict[str, MemoryRun]) -> MemoryRecord:
    record = MemoryRecord(runs)
    CHOICE.measure(record)
    return record


@pytest.fixture(scope="module")
def best(images: ImageData, runs: dict[str, MemoryRun], choice: MemoryRecord) -> MemoryRecord:
    record = MemoryRecord({**runs, CHOICE.name: MemoryRun(choice)})
    BEST.measure(_params(BEST), images, record)
    return record


@pytest.mark.parametrize(("epochs", "settled"), [(1, 1), (2, 1), (7, 2), (12, 2), (13, 3), (30, 5)])
def test_the_choice_goes_by_the_last_sixth(epochs: int, settled: int) -> None:
    """The loss that decides is the median over a sixth of the epochs, the last ones, rounded up."""
    losses = np.random.default_rng(0).uniform(0.2, 0.9, epochs).tolist()
    record = MemoryRecord()
    catsdogs.record_choice_by([{"validation_loss": x, "validation_accuracy": 1 - x} for x in losses], record)
    assert record.scalars["settled_epochs"] == settled
    assert record.scalars["settled_validation_loss"] == pytest.approx(np.median(losses[-settled:]))
    assert record.scalars["settled_validation_accuracy"] == pytest.approx(1 - np.median(losses[-settled:]))


def test_how_calm_a_training_was() -> None:
    """Swing is the mean change of the validation loss between epochs, range its highest minus its lowest value."""
    losses = [0.9, 0.8, 0.2, 0.3, 0.6, 0.4, 0.5]
    record = MemoryRecord()
    catsdogs.record_choice_by([{"validation_loss": x, "validation_accuracy": 1 - x} for x in losses], record)
    assert record.scalars["highest_validation_loss"] == 0.9
    assert record.scalars["validation_loss_range"] == pytest.approx(0.7)
    assert record.scalars["validation_loss_swing"] == pytest.approx(abs(np.diff(losses)).mean())


def test_settings_are_those_of_the_networks() -> None:
    """The third network alone has dropout, the fourth alone a smaller learning rate."""
    full = [experiment.params["full"] for experiment in NETWORKS]
    assert [params.dropout for params in full] == [0, 0, 0.5, 0]
    assert [params.learning_rate for params in full] == [1e-3, 1e-3, 1e-3, 1e-4]
    assert not hasattr(BEST.params["full"], "learning_rate"), "it has that of the network it chooses"
    for params in (*full, BEST.params["full"]):
        assert (params.train, params.validation, params.test, params.size) == (2_400, 800, 800, 150)
        assert (params.epochs, params.batch_size) == (30, 32)


def test_the_lowest_settled_loss_is_chosen(choice: MemoryRecord) -> None:
    """The best network is the one with the lowest median loss."""
    assert set(choice.scalars) == set(CHOICE.metrics)
    assert choice.scalars["chosen"] == 3
    assert choice.scalars["margin"] == 0.99
    assert choice.scalars["ends_lowest"] == 2
    assert choice.arrays["candidates"].shape == (4, EPOCHS, 5)


class Seeds:
    """The results of a network over several seeds, each with as high a loss at the end as over the last epochs."""

    def __init__(self, losses: list[float]) -> None:
        self._losses = losses

    def metric(self, name: str) -> list[float]:
        return self._losses

    def run(self, seed: int) -> MemoryRun:
        run = MemoryRun()
        run.history, run.parameters = [dict.fromkeys(catsdogs_best.COLUMNS, 0.5)], {"size": 8}
        run.arrays = {"validation_ids": np.arange(3)}
        return run


def test_one_network_is_chosen_for_all_seeds() -> None:
    """The mean over the seeds decides, whatever most of them would have chosen by themselves."""
    losses = [[0.5, 0.5, 0.9], [0.6, 0.6, 0.3], [0.7, 0.7, 0.7], [0.8, 0.8, 0.8]]
    record = MemoryRecord({name: Seeds(each) for name, each in zip(catsdogs_best.CANDIDATES, losses, strict=True)})
    CHOICE.measure(record)
    assert (record.scalars["chosen"], record.scalars["agreeing"]) == (2, 1)
    assert record.scalars["margin"] == pytest.approx(1.9 / 3 - 0.5)


def test_the_chosen_network_is_trained_with_its_own_settings(best: MemoryRecord, images: ImageData) -> None:
    """It is tested on images that chose nothing."""
    assert set(best.scalars) == set(BEST.metrics)
    assert best.scalars["chosen"] == 3
    # The rate of the third network, not that of a profile.
    assert [row["learning_rate"] for row in best.history] == pytest.approx([3e-3] * EPOCHS)
    assert best.scalars["learning_rate"] == pytest.approx(3e-3)
    validation = catsdogs.split_of(images, _params(BEST)).validation.numbers
    assert not set(best.arrays["test_ids"]) & set(validation)
    assert images.train.numbers[images.train.names == catsdogs.SHOWN][0] in best.arrays["test_ids"]


def test_the_best_has_the_weights_of_its_best_epoch(best: MemoryRecord, images: ImageData) -> None:
    """What is stored and tested are the weights of the best epoch, not those of the last."""
    model = catsdogs_best.build(3, SIDE)
    transfer.load(model, best.trained)
    validation = catsdogs.split_of(images, _params(BEST)).validation
    trainer = Trainer(model, classify.by(Normalisation(best.arrays["mean"], best.arrays["std"])))
    loss = losses.score(trainer.predict(validation.pixels), validation.labels).loss
    assert loss == pytest.approx(min(row["validation_loss"] for row in best.history), rel=1e-5)
    row = best.history[int(best.scalars["best_epoch"]) - 1]
    assert (best.scalars["best_train_loss"], best.scalars["best_train_accuracy"]) == (row["loss"], row["accuracy"])


def test_the_best_starts_from_weights_of_its_own(best: MemoryRecord, images: ImageData) -> None:
    """The same architecture with the same seed of the run is trained from another start."""
    record, experiment = MemoryRecord(), NETWORKS[2]
    experiment.measure(_params(experiment, epochs=1, learning_rate=3e-3), images, record)
    assert record.history[0]["loss"] != best.history[0]["loss"]


def test_no_choice_is_made_among_other_trainings(runs: dict[str, MemoryRun]) -> None:
    """Networks that saw other validation images, or had other epochs, are not chosen among."""
    other = MemoryRun(**runs["catsdogs-cnn-2"].parameters)
    other.history = runs["catsdogs-cnn-2"].history
    other.arrays = {"validation_ids": runs["catsdogs-cnn-2"].array("validation_ids") + np.uint64(1)}
    with pytest.raises(RunError, match="catsdogs-cnn-2 was trained on other images"):
        CHOICE.measure(MemoryRecord({**runs, "catsdogs-cnn-2": other}))


def test_networks_that_cannot_be_compared_are_refused(
    runs: dict[str, MemoryRun], choice: MemoryRecord, images: ImageData
) -> None:
    """Other validation images or other numbers of epochs are an error, not a comparison."""
    runs = {**runs, CHOICE.name: MemoryRun(choice)}
    with pytest.raises(RunError, match="other images"):
        BEST.measure(_params(BEST, split_seed=2), images, MemoryRecord(runs))
    shorter = MemoryRun(**runs["catsdogs-cnn-1"].parameters)
    shorter.arrays, shorter.history = runs["catsdogs-cnn-1"].arrays, runs["catsdogs-cnn-1"].history[:-1]
    with pytest.raises(RunError, match="numbers of epochs"):
        BEST.measure(_params(BEST), images, MemoryRecord({**runs, "catsdogs-cnn-1": shorter}))


def test_draws_what_is_declared(best: MemoryRecord, choice: MemoryRecord) -> None:
    """`draw` makes the declared figures from stored results alone, with texts computed from them."""
    for experiment, record in ((BEST, best), (CHOICE, choice)):
        figures = MemoryFigures()
        assert experiment.draw is not None
        experiment.draw(MemoryRun(record), figures)
        assert set(figures.figures) == set(experiment.figures)
    assert "4 networks over their epochs" in figures.alts["candidates"]
