"""Our training against a plain Keras script of the same network: float32, `model.fit`, defaults."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.models import cnn_1, cnn_2, cnn_4, control, inception, residual, vgg16
from report_cli.keys.environment import THREADS, machine_precision
from report_cli.training import backend, frozen
from report_cli.training.fit import Examples, Trainer
from report_cli.training.losses import compile_classifier
from report_cli.training.precision import set_precision
from tests.benchmarks.conftest import Note
from tests.training.memory import MemoryRecord

pytestmark = pytest.mark.benchmark
REPEATS, BATCH = 5, 32
SMALL, LARGE = (32, 32, 3), (150, 150, 3)
# Network, images of a turn.
NETWORKS: dict[str, tuple[Callable[[], keras.Model], int]] = {
    "cifar-control": (lambda: control.build(SMALL, 10, 0.25), 2_560),
    "cifar-inception": (lambda: inception.build(SMALL, 10, 0.25), 1_920),
    "cifar-residual": (lambda: residual.build(SMALL, 10, 0.25), 1_920),
    "catsdogs-cnn-1": (lambda: cnn_1.build(LARGE, 0.99), 192),
    "catsdogs-cnn-2": (lambda: cnn_2.build(LARGE, 0.99), 192),
    "catsdogs-cnn-4": (lambda: cnn_4.build(LARGE, 0.99), 192),
}
Images = tuple[NDArray[np.uint8], NDArray[np.int64]]


def images(shape: tuple[int, ...], count: int, classes: int) -> Images:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, *shape), np.uint8), rng.integers(0, classes, count)


def prepare(pixels: Any) -> Any:
    return keras.ops.cast(pixels, "float32") / 255


def took_s(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def plain(model: keras.Model) -> keras.Model:
    """Return `model` as a script compiles it."""
    binary = model.output_shape[-1] == 1
    loss = keras.losses.BinaryCrossentropy if binary else keras.losses.SparseCategoricalCrossentropy
    model.compile(keras.optimizers.RMSprop(1e-3), loss(from_logits=True), metrics=[] if binary else ["accuracy"])
    return model


def ours(model: keras.Model) -> keras.Model:
    """Return `model` as `record.classifier` compiles it."""
    set_precision(model, machine_precision())
    compile_classifier(model, 1e-3)
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_training_and_prediction(name: str, note: Note) -> None:
    """Images a second in training steps of 32, and in prediction."""
    backend.start(0, THREADS)
    build, count = NETWORKS[name]
    theirs, trainer = plain(build()), Trainer(ours(build()), prepare)
    pixels, labels = images(theirs.input_shape[1:], count, 10 if theirs.output_shape[-1] > 1 else 2)
    floats = pixels.astype(np.float32) / 255
    places = np.arange(count).reshape(-1, BATCH)
    turns: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "training": (
            lambda: theirs.fit(floats, labels, batch_size=BATCH, verbose=0),
            lambda: trainer.steps(pixels, labels, places),
        ),
        "prediction": (lambda: theirs.predict(floats, verbose=0), lambda: trainer.predict(pixels)),
    }
    for what, both in turns.items():
        for turn in both:
            turn()
        pairs = [[count / took_s(turn) for turn in both] for _ in range(REPEATS)]
        note(f"{name}, {what}", [a for a, _ in pairs], [b for _, b in pairs], "images/s")


@pytest.mark.parametrize(("step", "tuned", "epochs"), [("frozen", 6, 20), ("finetuned", 5, 15)])
def test_transfer(step: str, tuned: int, epochs: int, tmp_path: Path, note: Note) -> None:
    """A whole transfer step on VGG16: ours with its cache and its start; plain Keras by its second epoch of two."""
    train, validation = 2_400, 800
    pixels, labels = images(LARGE, train + validation, 2)
    parts = [(pixels[:train], labels[:train]), (pixels[train:], labels[train:])]

    def built() -> keras.Model:
        model = vgg16.classifier(LARGE, 1.0, 0.5)
        for layer in vgg16.convolutions(last=tuned - 1):
            model.get_layer(layer.name).trainable = False
        return model

    def own() -> None:
        record = MemoryRecord(cache=tmp_path)
        base, top = frozen.cut(built_in(machine_precision()))
        assert base is not None
        examples = [Examples(frozen.features(base, p, vgg16.imagenet_inputs, record), y) for p, y in parts]
        compile_classifier(top, 1e-4)
        Trainer(top).fit(*examples, record, epochs=epochs, batch_size=BATCH)

    def built_in(precision: str) -> keras.Model:
        model = built()
        set_precision(model, precision)
        return model

    backend.start(0, THREADS)
    theirs = plain(built())
    floats = [np.asarray(vgg16.imagenet_inputs(p)) for p, _ in parts]
    given = {"validation_data": (floats[1], parts[1][1]), "batch_size": BATCH, "verbose": 0}
    theirs.fit(floats[0][: 2 * BATCH], parts[0][1][: 2 * BATCH], batch_size=BATCH, verbose=0)
    epoch_s = took_s(lambda: theirs.fit(floats[0], parts[0][1], **given))
    note(f"catsdogs-vgg16-{step}, {epochs} epochs", [epochs * epoch_s], [took_s(own)], "s")
