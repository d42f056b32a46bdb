import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli.training import timing
from report_cli.training.fit import Trainer
from report_cli.training.losses import compile_classifier
from tests.training.memory import start

PIXELS, LABELS = np.zeros((10, 4, 4, 3), np.uint8), np.zeros(10, np.int64)


class Clock:
    """Time stands still unless one of its trainers is at work."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns: list[str] = []
        self.places: list[NDArray[np.int64]] = []

    def __call__(self) -> float:
        return self.now


class SlowTrainer(Trainer):
    """Takes so many seconds for a step and for a prediction, and no others."""

    def __init__(self, clock: Clock, name: str, step_s: float, predict_s: float) -> None:
        super().__init__(keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten()]))
        self._clock, self._name, self._step_s, self._predict_s = clock, name, step_s, predict_s

    def steps(self, inputs: object, labels: object, places: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        self._clock.now += self._step_s * len(places)
        self._clock.turns.append(self._name)
        self._clock.places.append(places)
        return ()

    def predict(self, inputs: NDArray[np.uint8]) -> NDArray[np.float64]:
        self._clock.now += self._predict_s
        self._clock.turns.append(self._name.upper())
        return np.zeros((len(inputs), 2))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _measure(clock: Clock, **changes: int) -> timing.Times:
    trainers = [SlowTrainer(clock, "a", 1.0, 0.5), SlowTrainer(clock, "b", 3.0, 1.0)]
    settings = {"batch_size": 4, "steps": 2, "repeats": 3, **changes}
    return timing.interleaved(trainers, PIXELS, LABELS, seconds=clock, **settings)


def test_times_are_seconds_per_image(clock: Clock) -> None:
    """The time of the steps is divided by the images of their batches, a prediction's by the images predicted."""
    times = _measure(clock)
    np.testing.assert_allclose(times.train, [[1 / 4, 3 / 4]] * 3)
    np.testing.assert_allclose(times.predict, [[0.5 / 10, 1 / 10]] * 3)


def test_networks_take_turns(clock: Clock) -> None:
    """After a turn of each that is not timed, every repeat has a turn of each, and begins with another one."""
    _measure(clock)
    assert "".join(clock.turns) == "bBaA" + "aAbB" + "bBaA" + "aAbB"


def test_the_first_turn_is_not_timed(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the first turn takes, in which everything is compiled, the times are the same."""
    steps = SlowTrainer.steps

    def slow(self: SlowTrainer, *arguments: object) -> tuple[NDArray[np.float32], ...]:
        clock.now += 100 if len(clock.turns) < 4 else 0
        return steps(self, *arguments)  # type: ignore[arg-type]

    before = _measure(Clock())
    monkeypatch.setattr(SlowTrainer, "steps", slow)
    np.testing.assert_allclose(_measure(clock).train, before.train)


def test_steps_go_round_the_images(clock: Clock) -> None:
    """More steps than there are batches begin again with the first image; all batches are whole."""
    _measure(clock, steps=7)
    for places in clock.places:
        assert places.shape == (7, 4)
        assert places.ravel().tolist() == [place % 10 for place in range(28)]


def test_real_networks_are_timed() -> None:
    """A compiled network gives positive times, and the progress of every repeat after the first turn."""
    start(0)
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    compile_classifier(model, 1e-3)
    told: list[tuple[int, int]] = []
    times = timing.interleaved(
        [Trainer(model, lambda pixels: keras.ops.cast(pixels, "float32") / 255)],
        PIXELS,
        LABELS,
        batch_size=4,
        steps=3,
        repeats=2,
        progress=lambda done, total: told.append((done, total)),
    )
    assert (times.train > 0).all()
    assert (times.predict > 0).all()
    assert told == [(0, 2), (1, 2), (2, 2)]
