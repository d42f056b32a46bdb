import copy
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from report_cli.errors import RunError
from report_cli.training import fit as fitting
from report_cli.training.fit import Examples, Trainer, generator, lowest, weights
from report_cli.training.losses import Score, compile_classifier, score
from report_cli.training.precision import set_precision
from tests.training.memory import InterruptionError, MemoryCheckpoint, MemoryRecord, Saved, start

EPOCHS = 4


def _examples(seed: int, count: int) -> Examples:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    inputs = rng.normal(labels[:, None, None, None] / 2, 1, (count, 6, 6, 3))
    return Examples(inputs.astype(np.float32), labels)


def _model(learning_rate: float = 1e-2) -> keras.Model:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.RMSprop(learning_rate), loss)
    return model


VALIDATION = _examples(1, 20)


def _train(
    record: MemoryRecord, learning_rate: float = 1e-2, epochs: int = EPOCHS, precision: str = "float32", **options: Any
) -> keras.Model:
    """Train as a new process would, with record.seed."""
    start(record.seed)
    model = _model(learning_rate)
    set_precision(model, precision)
    Trainer(model).fit(_examples(0, 44), VALIDATION, record, epochs=epochs, **{"batch_size": 16, **options})
    return model


def _digest(model: keras.Model) -> str:
    arrays = [keras.ops.convert_to_numpy(keras.ops.copy(v)) for v in model.variables]
    return sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


class Whole:
    """An uninterrupted training: digest of the model, history, and what was saved after each epoch."""

    def __init__(self) -> None:
        checkpoints = KeepAll()
        record = MemoryRecord(checkpoint=checkpoints)
        self.digest = _digest(_train(record))
        self.history = record.history
        self._saved = checkpoints.all

    def checkpoint(self, epoch: int) -> MemoryCheckpoint:
        """Return the checkpoint as a kill after `epoch` would have left it."""
        checkpoint = MemoryCheckpoint()
        checkpoint.saved = copy.deepcopy(self._saved[epoch])
        return checkpoint


class KeepAll(MemoryCheckpoint):
    def __init__(self) -> None:
        super().__init__()
        self.all: dict[int, Saved] = {}

    def save(self, epoch: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        super().save(epoch, arrays, state)
        assert self.saved is not None
        self.all[epoch] = self.saved


@pytest.fixture(scope="module")
def whole() -> Whole:
    return Whole()


def test_interrupted_and_resumed_equals_uninterrupted(whole: Whole) -> None:
    """Weights and history of an interrupted and resumed training equal those of an uninterrupted one, bit for bit."""
    interrupted = MemoryRecord(stop_after=2)
    with pytest.raises(InterruptionError):
        _train(interrupted)
    record = MemoryRecord(checkpoint=interrupted.checkpoint)
    assert _digest(_train(record)) == whole.digest
    assert record.history == whole.history
    assert [row["epoch"] for row in record.history] == [1, 2, 3, 4]


@pytest.mark.parametrize("after", [1, EPOCHS])
def test_resumed_after_first_and_last_epoch(whole: Whole, after: int) -> None:
    """A checkpoint of the first epoch or of the last, when nothing is left to train, leads to the same end."""
    record = MemoryRecord(checkpoint=whole.checkpoint(after))
    assert _digest(_train(record)) == whole.digest
    assert record.history == whole.history


@pytest.mark.parametrize("part", ["seed_generator", "moving_mean", "optimizer"])
def test_every_part_of_the_checkpoint_matters(whole: Whole, part: str) -> None:
    """Without the state of the seed generator, of the normalisation or of the optimizer the result is another one."""
    checkpoint = whole.checkpoint(2)
    assert checkpoint.saved is not None
    arrays = checkpoint.saved[1]
    start(0)
    names = [f"model-{i:03d}" for i, v in enumerate(_model().variables) if part in v.path]
    names += [name for name in arrays if name.startswith(part) and arrays[name].ndim > 0]
    assert names
    for name in names:
        arrays[name] = np.ones_like(arrays[name])
    assert _digest(_train(MemoryRecord(checkpoint=checkpoint))) != whole.digest


def test_examples_may_be_a_function_of_the_epoch(whole: Whole) -> None:
    """Examples that a function gives anew in every epoch train as the same examples given once."""
    start(0)
    model, epochs = _model(), []

    def train(epoch: int) -> Examples:
        epochs.append(epoch)
        return _examples(0, 44)

    Trainer(model).fit(train, _examples(1, 20), MemoryRecord(), epochs=EPOCHS, batch_size=16)
    assert _digest(model) == whole.digest
    assert epochs == [1, 2, 3, 4]


def test_seed_moves_the_result(whole: Whole) -> None:
    """Another seed is another training."""
    assert _digest(_train(MemoryRecord(seed=1))) != whole.digest


def test_order_is_new_every_epoch_and_complete() -> None:
    """Each epoch sees every image once, in an order that depends on seed, epoch and purpose."""
    orders = [tuple(generator(*args).permutation(50)) for args in ((0, 1, "a"), (0, 2, "a"), (1, 1, "a"), (0, 1, "b"))]
    assert len(set(orders)) == 4
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert tuple(generator(0, 1, "a").permutation(50)) == orders[0]


def test_divergence_stops_at_its_epoch() -> None:
    """A loss that isn't finite stops the training in its epoch, and no such row or checkpoint is recorded."""
    record = MemoryRecord()
    with pytest.raises(RunError, match="in epoch 1 of 4"):
        _train(record, learning_rate=1e38)
    assert record.history == []
    assert record.checkpoint.saved is None


def test_divergence_in_a_later_epoch_keeps_what_was_done(whole: Whole) -> None:
    """The epochs before the divergence stay in the checkpoint, and the error names the epoch that failed."""
    checkpoint = whole.checkpoint(2)
    assert checkpoint.saved is not None
    checkpoint.saved[1]["model-000"][...] = np.nan
    with pytest.raises(RunError, match="in epoch 3 of 4"):
        _train(MemoryRecord(checkpoint=checkpoint))
    assert checkpoint.saved[0] == 2


def test_checkpoint_of_another_model_is_refused(whole: Whole) -> None:
    """Arrays that don't fit the model are an error, never loaded in part."""
    checkpoint = whole.checkpoint(1)
    assert checkpoint.saved is not None
    checkpoint.saved[1].pop("model-000")
    with pytest.raises(RunError, match="not one of this training"):
        _train(MemoryRecord(checkpoint=checkpoint))


def test_weights_have_names_of_their_own() -> None:
    """Recorded weights are the layers' weights by path, without states of random generators."""
    start(0)
    model = _model()
    stored = weights(model)
    assert len(stored) == len(model.weights)
    assert not any("seed" in name for name in stored)
    assert sum(array.size for array in stored.values()) == model.count_params()


def test_an_impossible_validation_result_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss below what its errors cost at least is no result: the run fails in that epoch, before its row is kept."""
    monkeypatch.setattr(fitting, "score", lambda logits, labels: Score(0.1, 0.5))
    record = MemoryRecord()
    with pytest.raises(RunError, match=r"0\.10000 is impossible"):
        _train(record)
    assert record.history == []


OVERFITTING = 8


@pytest.mark.parametrize("stop", [0, 1, OVERFITTING - 1])
def test_the_weights_of_the_best_epoch(stop: int) -> None:
    """A model takes the weights of the lowest validation loss, for a while or to stay, wherever training stopped."""
    record = MemoryRecord()
    if stop:
        interrupted = MemoryRecord(stop_after=stop)
        with pytest.raises(InterruptionError):
            _train(interrupted, 0.05, OVERFITTING)
        record = MemoryRecord(checkpoint=interrupted.checkpoint)
    start(0)
    trainer = Trainer(_model(0.05))
    trainer.fit(_examples(0, 44), VALIDATION, record, epochs=OVERFITTING, batch_size=16)

    def loss() -> float:
        return score(trainer.predict(VALIDATION.inputs), VALIDATION.labels).loss

    best, last = lowest(record.history), record.history[-1]
    assert best["epoch"] < OVERFITTING == len(record.history)
    with trainer.at_best():
        assert loss() == best["validation_loss"] == min(row["validation_loss"] for row in record.history)
    assert loss() == last["validation_loss"]
    trainer.take_best()
    assert loss() == best["validation_loss"]


def test_a_checkpoint_of_another_kind_of_training_is_refused() -> None:
    """A checkpoint of a training without validation has no best epoch, and is an error where there is one."""
    nothing, record = Examples(VALIDATION.inputs[:0], VALIDATION.labels[:0]), MemoryRecord(stop_after=2)
    start(0)
    with pytest.raises(InterruptionError):
        Trainer(_model()).fit(_examples(0, 44), nothing, record, epochs=EPOCHS, batch_size=16)
    with pytest.raises(RunError, match="not one of this training"):
        _train(MemoryRecord(checkpoint=record.checkpoint))


def test_a_seed_of_its_own_orders_the_images() -> None:
    """The order of the images follows the seed that is given, not that of the run."""
    histories = []
    for own in (5, 5, 6):
        record = MemoryRecord(seed=len(histories))
        start(0)
        Trainer(_model()).fit(_examples(0, 44), VALIDATION, record, epochs=1, batch_size=16, seed=own)
        histories.append(record.history)
    assert histories[0] == histories[1] != histories[2]


@pytest.mark.parametrize("after", [1, 3])
def test_in_bfloat16_too_a_resumed_training_is_the_same(after: int) -> None:
    """In bfloat16 a training has the same bits the next time, and when it is interrupted; in float32 it has others."""
    ends = []
    for stops in ((), (after,)):
        record = MemoryRecord()
        for stop in stops:
            with pytest.raises(InterruptionError):
                _train(MemoryRecord(checkpoint=record.checkpoint, stop_after=stop), precision="bfloat16")
        model = _train(record, precision="bfloat16")
        assert model.layers[0].compute_dtype == "bfloat16"
        ends.append((_digest(model), record.history))
    assert ends[0] == ends[1]
    assert ends[0][0] != _digest(_train(MemoryRecord()))


def test_what_ran_before_decides_nothing(whole: Whole) -> None:
    """After the training of another network with other settings, a fresh session gives what the first one gave."""
    start(5)
    other = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(3)])
    set_precision(other, "bfloat16")
    compile_classifier(other, 1e-3)
    Trainer(other).fit(_examples(3, 20), VALIDATION, MemoryRecord(), epochs=2, batch_size=3)
    record = MemoryRecord()
    assert _digest(_train(record)) == whole.digest
    assert record.history == whole.history


class Told(MemoryRecord):
    """Keeps what is told of the progress."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, float]] = []

    def progress(self, epoch: int, epochs: int, **values: Any) -> None:
        self.told.append({"epoch": epoch, "epochs": epochs, **values})


def _told(step_s: float, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[str, Told]:
    """Train while each call of TensorFlow seems to take `step_s` a step; return the model's digest and the record."""
    now = [0.0]
    steps = Trainer.steps

    def slow(self: Trainer, inputs: Any, labels: Any, places: Any) -> Any:
        now[0] += step_s * len(places)
        return steps(self, inputs, labels, places)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "steps", slow)
        patch.setattr(time, "monotonic", lambda: now[0])
        record = Told()
        return _digest(_train(record, batch_size=2, epochs=2, **options)), record


def test_how_many_steps_a_call_makes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a call makes one step, on a fast one many: weights and history are the same to the last bit."""
    (slow, one), (fast, many) = (_told(step_s, monkeypatch) for step_s in (9.0, 0.0))
    assert slow == fast
    assert one.history == many.history
    assert len(one.told) == 2 * (22 + 1)
    assert [row["step"] for row in many.told[:5]] == [1, 3, 7, 15, 22]


def test_each_call_is_told_and_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within an epoch steps and images grow up to all of them with loss and accuracy so far; then the row is told."""
    _, record = _told(0.1, monkeypatch)
    assert {row["epochs"] for row in record.told} == {2}
    for epoch in (1, 2):
        *within, end = [row for row in record.told if row["epoch"] == epoch]
        assert {row["steps"] for row in within} == {22}
        assert [row["images"] for row in within] == [2 * row["step"] for row in within]
        assert within[-1]["step"] == 22
        row = {name: value for name, value in record.history[epoch - 1].items() if name != "epoch"}
        assert end == {"epoch": epoch, "epochs": 2, **row}
        assert within[-1]["accuracy"] == row["accuracy"]
    assert [images for _, images in record.times] == [44, 44]
    assert [seconds for seconds, _ in record.times] == pytest.approx([2.2, 2.2])


def test_times_of_all_epochs_are_noted_after_an_interruption() -> None:
    """A resumed training notes what the epochs before took, too, once each."""
    interrupted = MemoryRecord(stop_after=2)
    with pytest.raises(InterruptionError):
        _train(interrupted)
    record = MemoryRecord(checkpoint=interrupted.checkpoint)
    _train(record)
    assert record.times[:2] == interrupted.times
    assert [images for _, images in record.times] == [44] * EPOCHS
    assert all(seconds > 0 for seconds, _ in record.times)


def test_the_last_smaller_batch_is_trained() -> None:
    """Images beyond the last whole batch are trained on in a batch of their own, and count by their number."""
    start(0)
    model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    record, examples = MemoryRecord(), _examples(0, 44)
    Trainer(model).fit(examples, VALIDATION, record, epochs=1, batch_size=40)
    assert int(np.asarray(model.optimizer.iterations.value)) == 2
    # At a rate of 0 the weights stay, so loss and accuracy are those of all images as the network is.
    whole = score(Trainer(model).predict(examples.inputs), examples.labels)
    assert record.history[0]["loss"] == pytest.approx(whole.loss, abs=1 / 2048)
    assert record.history[0]["accuracy"] == whole.accuracy


def test_each_function_is_traced_once() -> None:
    """Whatever the number of steps in a call and of images in a batch, training and prediction are traced once each."""
    start(0)
    traced = []

    def prepare(inputs: Any) -> Any:
        traced.append(tuple(inputs.shape))
        return inputs

    trainer = Trainer(_model(), prepare)
    for batch_size, epochs in ((16, 2), (7, 1), (50, 1)):
        trainer.fit(_examples(0, 44), VALIDATION, MemoryRecord(), epochs=epochs, batch_size=batch_size)
    trainer.predict(_examples(2, 3).inputs)
    assert traced == [(None, 6, 6, 3)] * 2


def test_predictions_come_in_order_over_several_batches() -> None:
    """Every image gets its own row of float64 logits, whatever the batch it was in, and of prepared inputs."""
    model = keras.Sequential([keras.Input((1, 1, 2)), keras.layers.Flatten()])
    inputs = np.arange(1_207 * 2).reshape(-1, 1, 1, 2).astype(np.uint16)
    logits = Trainer(model, lambda each: keras.ops.cast(each, "float32") / 2).predict(inputs)
    assert logits.dtype == np.float64
    np.testing.assert_array_equal(logits, inputs.reshape(-1, 2) / 2)


@pytest.mark.parametrize("classes", [2, 3])
def test_history_is_that_of_a_loop_in_keras(classes: int) -> None:
    """Without dropout, in float32, loss and accuracy of the epochs are those of Keras' own steps in the same order."""

    def network() -> keras.Model:
        start(0)
        layers = keras.layers
        first = [keras.Input((6, 6, 3)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()]
        model = keras.Sequential([*first, layers.Flatten(), layers.Dense(1 if classes == 2 else classes)])
        compile_classifier(model, 1e-2)
        return model

    examples, validation = (Examples(e.inputs, e.labels % classes) for e in (_examples(0, 44), VALIDATION))
    record = MemoryRecord(seed=3)
    ours = network()
    Trainer(ours).fit(examples, validation, record, epochs=3, batch_size=16)
    theirs = network()
    theirs.compile(keras.optimizers.RMSprop(1e-2), theirs.loss)
    for epoch, row in enumerate(record.history, start=1):
        order = generator(3, epoch, "order").permutation(44)
        batches = [order[place : place + 16] for place in range(0, 44, 16)]
        losses = [float(theirs.train_on_batch(examples.inputs[b], examples.labels[b])) for b in batches]
        assert row["loss"] == pytest.approx(np.average(losses, weights=[16, 16, 12]), abs=1e-5)
        expected = score(theirs.predict_on_batch(validation.inputs).astype(np.float64), validation.labels)
        assert row["validation_loss"] == pytest.approx(expected.loss, abs=1 / 2048)
        assert row["validation_accuracy"] == expected.accuracy
    for our, their in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(our, their, atol=1e-4)
