"""Several trainings in one run, one after another: a kill loses at most one epoch of one of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.experiment import Checkpoint, Record, StoredRun

Arrays = dict[str, NDArray[Any]]
Row = dict[str, float]
Saved = tuple[int, Arrays, dict[str, Any]]
WEIGHTS = "weights"


@dataclass(frozen=True)
class Training:
    """One training: `run` carries it out with a record of its own and returns what it came to.

    It must not depend on the others, as those that are finished are not carried out again: it starts the backend,
    and takes nothing from them. Of its record it may use `weights`, for what is to be done with the network later.
    """

    name: str
    epochs: int
    run: Callable[[Record], Mapping[str, NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class Finished:
    """What a training returned; `weights` reads the weights it recorded from the disk, so that few are in memory."""

    results: Arrays
    weights: Callable[[], Arrays]


def in_turn(trainings: Sequence[Training], record: Record) -> dict[str, Finished]:
    """Carry out `trainings` in their order and return what each of them came to, by name.

    Goes on where an interrupted run stopped. The history of `record` gets the rows of every training, with its number
    (from 1) as `training`.

    Raises:
        RunError: the checkpoint is one of other trainings.
    """
    progress = _Progress(record, [training.name for training in trainings])
    total = sum(training.epochs for training in trainings)
    before = 0
    for number, training in enumerate(trainings):
        if number == len(progress.results):
            own = _Record(record, progress, before, total)
            progress.finish(training.run(own), own.rows, before + training.epochs)
        for row in progress.histories[number]:
            record.row(training=number + 1, **row)
        before += training.epochs
    return {
        training.name: Finished(result, partial(progress.weights, number))
        for number, (training, result) in enumerate(zip(trainings, progress.results, strict=True))
    }


class _Progress:
    """What is finished, and the checkpoint of the training under way, kept together in the checkpoint of the run."""

    def __init__(self, record: Record, names: list[str]) -> None:
        self._checkpoint = record.checkpoint
        self._names = names
        self.results: list[Arrays] = []
        self.histories: list[list[Row]] = []
        self.current: Saved | None = None
        if (found := self._checkpoint.load()) is not None:
            self._restore(*found)

    def save(
        self, epochs_before: int, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]
    ) -> None:
        """Keep the state of the training under way after its `epoch`."""
        # Finishing a training is a step of its own, so that every state has a number above the last.
        number = epochs_before + epoch + len(self.results)
        self._save(number, arrays, {"epoch": epoch, "state": dict(state)})

    def finish(self, result: Mapping[str, NDArray[Any]], history: list[Row], epochs: int) -> None:
        """Keep what the training under way came to; `epochs` counts those of all trainings so far."""
        self.results.append(dict(result))
        self.histories.append(history)
        self.current = None
        self._save(epochs + len(self.results), {}, None)

    def keep(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep something of the training under way, under a name of its own."""
        self._checkpoint.keep(_own(len(self.results), name), arrays)

    def kept(self, name: str) -> Arrays | None:
        """Return what the training under way has kept under this name."""
        return self._checkpoint.kept(_own(len(self.results), name))

    def weights(self, number: int) -> Arrays:
        """Return the weights that training `number` (from 0) recorded."""
        arrays = self._checkpoint.kept(_own(number, WEIGHTS))
        if arrays is None:
            raise RunError(
                f"the weights of {self._names[number]!r} can't be read", "run the experiment again with --force"
            )
        return arrays

    def _save(self, number: int, arrays: Mapping[str, NDArray[Any]], current: dict[str, Any] | None) -> None:
        kept = {f"{i}/{name}": array for i, result in enumerate(self.results) for name, array in result.items()}
        state = {"names": self._names, "histories": self.histories, "current": current}
        self._checkpoint.save(number, {**kept, **{f"now/{name}": array for name, array in arrays.items()}}, state)

    def _restore(self, _: int, arrays: Arrays, state: dict[str, Any]) -> None:
        if state.get("names") != self._names:
            raise RunError("the checkpoint is not one of these trainings", "run the experiment again with --force")
        self.histories = state["histories"]
        self.results = [_of(arrays, f"{i}/") for i in range(len(self.histories))]
        if (current := state["current"]) is not None:
            self.current = current["epoch"], _of(arrays, "now/"), current["state"]


def _own(number: int, name: str) -> str:
    return f"{number:02}-{name}"


def _of(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


class _Record:
    """The record of one training: seed and needs of the run, a checkpoint and a history of its own."""

    def __init__(self, record: Record, progress: _Progress, before: int, total: int) -> None:
        self._record = record
        self._before = before
        self._total = total
        self._checkpoint = _Checkpoint(progress, before)
        self.rows: list[Row] = []

    @property
    def seed(self) -> int:
        return self._record.seed

    @property
    def checkpoint(self) -> Checkpoint:
        return self._checkpoint

    def need(self, name: str) -> StoredRun:
        return self._record.need(name)

    def row(self, **values: float) -> None:
        self.rows.append(values)

    def progress(self, done: int, total: int, **metrics: float) -> None:
        self._record.progress(self._before + done, self._total, **metrics)

    def scalar(self, name: str, value: float, unit: str = "") -> None:
        raise _not_here(name)

    def array(self, name: str, values: NDArray[Any]) -> None:
        raise _not_here(name)

    def weights(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        # Not in the checkpoint, which is written after every epoch with what all finished trainings returned.
        self._checkpoint.keep(WEIGHTS, arrays)


def _not_here(name: str) -> RunError:
    # It would be missing after an interruption, as a finished training is not carried out again.
    return RunError(f"{name!r} was recorded inside one of several trainings", "return it, and record it after all")


class _Checkpoint:
    """The checkpoint of one training."""

    def __init__(self, progress: _Progress, before: int) -> None:
        self._progress = progress
        self._before = before

    def load(self) -> Saved | None:
        return self._progress.current

    def save(self, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        self._progress.save(self._before, epoch, arrays, state)

    def keep(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._progress.keep(name, arrays)

    def kept(self, name: str) -> Arrays | None:
        return self._progress.kept(name)
