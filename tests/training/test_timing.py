import keras
import numpy as np
import pytest

from report_cli.training import timing
from tests.training.memory import start


class Clock:
    """Time stands still unless a model is at work: training steps of the first take 1 s, of the second 3 s."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns: list[str] = []

    def model(self, name: str, step_s: float, predict_s: float) -> keras.Model:
        inputs = keras.Input((4, 4, 1))
        model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)), name=name)

        def train(images: np.ndarray, labels: np.ndarray) -> None:
            assert len(images) == len(labels) == 4
            self.now += step_s
            self.turns.append(name)

        def predict(images: np.ndarray) -> np.ndarray:
            self.now += predict_s
            return np.zeros((len(images), 2), np.float32)

        model.train_on_batch, model.predict_on_batch = train, predict
        return model

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    start(0)
    return Clock()


def _measure(clock: Clock, **changes: int) -> timing.Times:
    models = [clock.model("a", 1.0, 0.5), clock.model("b", 3.0, 1.0)]
    settings = {"batch_size": 4, "steps": 2, "warm_up": 1, "repeats": 3, **changes}
    return timing.interleaved(models, np.zeros((10, 4, 4, 1), np.float32), np.zeros(10, int), seconds=clock, **settings)


def test_times_are_seconds_per_image(clock: Clock) -> None:
    """A step's time is divided by the images of its batch, a prediction's by the images predicted."""
    times = _measure(clock)
    np.testing.assert_allclose(times.train, [[1 / 4, 3 / 4]] * 3)
    np.testing.assert_allclose(times.predict, [[0.5 / 10, 1 / 10]] * 3)


def test_models_take_turns(clock: Clock) -> None:
    """After the warm-up every repeat has a turn of each model, and begins with another one."""
    _measure(clock, warm_up=1, steps=2)
    assert clock.turns[:2] == ["a", "b"]
    assert clock.turns[2:] == [*"aabb", *"bbaa", *"aabb"]


def test_warm_up_is_not_timed(clock: Clock) -> None:
    """However long the warm-up is, the times are the same."""
    short, long = _measure(clock), _measure(clock, warm_up=5)
    np.testing.assert_array_equal(short.train, long.train)


def test_steps_go_round_the_batches(clock: Clock) -> None:
    """More steps than there are batches begin again with the first; all batches are whole."""
    _measure(clock, steps=7)
    assert clock.turns.count("a") == 1 + 3 * 7


def test_real_models_are_timed() -> None:
    """A compiled network gives positive times, and the progress of every repeat."""
    start(0)
    model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    told: list[tuple[int, int]] = []
    times = timing.interleaved(
        [model],
        np.zeros((8, 6, 6, 1), np.float32),
        np.zeros(8, int),
        batch_size=4,
        steps=1,
        warm_up=1,
        repeats=2,
        progress=lambda done, total: told.append((done, total)),
    )
    assert (times.train > 0).all()
    assert (times.predict > 0).all()
    assert told == [(1, 2), (2, 2)]
