from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.experiment import Record
from report_cli.training.series import Training, in_turn
from tests.training.memory import InterruptionError, MemoryCheckpoint, MemoryRecord

EPOCHS = {"long": 3, "short": 2, "last": 2}


class Walks:
    """Trainings that walk a random step an epoch, with the checkpoint as `fit` uses it; counts the steps."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def trainings(self) -> list[Training]:
        return [Training(name, epochs, self._run(name, epochs)) for name, epochs in EPOCHS.items()]

    def _run(self, name: str, epochs: int) -> Any:
        def run(record: Record) -> Mapping[str, NDArray[Any]]:
            saved = record.checkpoint.load()
            done, arrays, state = saved or (0, {"place": np.zeros(2)}, {"rows": []})
            place, rows = arrays["place"], state["rows"]
            for row in rows:
                record.row(**row)
            for epoch in range(done + 1, epochs + 1):
                self.steps.append(name)
                place = place + np.random.default_rng([record.seed, epoch, len(name)]).normal(size=2)
                rows = [*rows, {"epoch": epoch, "place": float(place[0])}]
                record.row(**rows[-1])
                record.checkpoint.save(epoch, {"place": place}, {"rows": rows})
                record.progress(epoch, epochs, place=float(place[0]))
            record.weights({"kernel": 2 * place})
            return {"place": place, "name": np.array(name)}

        return run


class Numbered(MemoryCheckpoint):
    """Keeps the numbers under which it was saved."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[int] = []

    def save(self, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        self.numbers.append(epoch)
        super().save(epoch, arrays, state)


def test_results_and_history_of_all() -> None:
    """Every training's result comes back under its name, and its rows are in the history with its number."""
    record = MemoryRecord()
    results = in_turn(Walks().trainings(), record)
    assert {name: str(done.results["name"]) for name, done in results.items()} == {name: name for name in EPOCHS}
    told = [(row["training"], row["epoch"]) for row in record.history]
    assert told == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1), (3, 2)]
    ends = {row["training"]: row["place"] for row in record.history}
    assert [ends[n] for n in (1, 2, 3)] == [done.results["place"][0] for done in results.values()]


@pytest.mark.parametrize("stop", range(1, 8))
def test_interrupted_after_any_epoch_equals_uninterrupted(stop: int) -> None:
    """Interrupted after any epoch and resumed, results and history are the same, and no epoch is computed twice."""
    whole, walks = MemoryRecord(seed=5), Walks()
    expected = in_turn(Walks().trainings(), whole)
    interrupted = MemoryRecord(seed=5, stop_after=stop)
    with pytest.raises(InterruptionError):
        in_turn(walks.trainings(), interrupted)
    resumed = MemoryRecord(seed=5, checkpoint=interrupted.checkpoint)
    results = in_turn(walks.trainings(), resumed)
    assert resumed.history == whole.history
    for name, done in expected.items():
        np.testing.assert_array_equal(results[name].results["place"], done.results["place"])
        np.testing.assert_array_equal(results[name].weights()["kernel"], done.weights()["kernel"])
    assert walks.steps == [name for name, epochs in EPOCHS.items() for _ in range(epochs)]


def test_finished_trainings_are_not_carried_out_again() -> None:
    """After an interruption between the last epoch and the end of the run, everything comes from the checkpoint."""
    walks, checkpoint = Walks(), MemoryCheckpoint()
    first = in_turn(walks.trainings(), MemoryRecord(checkpoint=checkpoint))
    again = in_turn(walks.trainings(), MemoryRecord(checkpoint=checkpoint))
    assert len(walks.steps) == sum(EPOCHS.values())
    np.testing.assert_array_equal(first["last"].results["place"], again["last"].results["place"])


def test_weights_are_kept_beside_the_checkpoint() -> None:
    """Each training has its own weights, which no later checkpoint holds again; without them there is an error."""
    checkpoint = MemoryCheckpoint()
    done = in_turn(Walks().trainings(), MemoryRecord(checkpoint=checkpoint))
    for finished in done.values():
        np.testing.assert_array_equal(finished.weights()["kernel"], 2 * finished.results["place"])
    assert checkpoint.saved is not None
    assert not any("kernel" in name for name in checkpoint.saved[1])
    checkpoint.beside.clear()
    with pytest.raises(RunError, match="weights of 'long' can't be read"):
        done["long"].weights()


def test_checkpoints_have_growing_numbers() -> None:
    """Every state is saved under a number above the last, so the newest is the one that is found."""
    checkpoint = Numbered()
    in_turn(Walks().trainings(), MemoryRecord(checkpoint=checkpoint))
    assert checkpoint.numbers == sorted(set(checkpoint.numbers))
    assert len(checkpoint.numbers) == sum(EPOCHS.values()) + len(EPOCHS)


def test_checkpoint_of_other_trainings_is_refused() -> None:
    """A checkpoint with other names of trainings is an error, never taken for theirs."""
    checkpoint = MemoryCheckpoint()
    in_turn(Walks().trainings(), MemoryRecord(checkpoint=checkpoint))
    with pytest.raises(RunError, match="not one of these trainings"):
        in_turn(Walks().trainings()[:2], MemoryRecord(checkpoint=checkpoint))


@pytest.mark.parametrize("what", ["scalar", "array"])
def test_results_are_returned_not_recorded(what: str) -> None:
    """Recording a result inside a training is an error: it would be missing after an interruption."""
    calls = {
        "scalar": lambda record: record.scalar("loss", 1.0),
        "array": lambda record: record.array("loss", np.ones(1)),
    }
    with pytest.raises(RunError, match="inside one of several trainings"):
        in_turn([Training("one", 1, calls[what])], MemoryRecord())
