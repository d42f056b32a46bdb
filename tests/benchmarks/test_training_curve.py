"""Accuracy against time for the control network on real images: a plain Keras script, and ours."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.datasets import CIFAR10
from experiments.models import control
from report_cli import files
from report_cli.datasets import load
from report_cli.datasets.source import choose
from report_cli.keys.environment import THREADS, machine_precision
from report_cli.training import backend
from report_cli.training.fit import Examples, Trainer
from tests.benchmarks.conftest import Note
from tests.benchmarks.test_training_cost import BATCH, ours, plain, prepare
from tests.drawing import to_svg
from tests.training.memory import MemoryRecord

pytestmark = pytest.mark.benchmark
EPOCHS, TRAIN, VALIDATION = 5, 40_000, 10_000
# Read here, as no test sees it.
DATA = os.environ.get("REPORT_DATA")
PICTURE = Path(__file__).parents[2] / "build" / "speed.svg"


@pytest.mark.skipif(not DATA, reason="needs real images: set REPORT_DATA")
def test_accuracy_against_time(note: Note, tmp_path: Path) -> None:
    """Draws build/speed.svg, and prints the time of an epoch with its validation, epochs in turns."""
    source = load.read_in(choose(CIFAR10, Path(DATA), tmp_path), tmp_path)
    split = load.load(source, tmp_path).split(train=TRAIN, validation=VALIDATION, seed=1)
    backend.start(0, THREADS)
    theirs = plain(control.build(split.shape, split.classes, 0.25))
    trainer, record = Trainer(ours(control.build(split.shape, split.classes, 0.25)), prepare), MemoryRecord()
    parts = split.train, split.validation
    examples = [Examples(part.pixels, part.labels) for part in parts]
    (x, y), validation = ((part.pixels.astype(np.float32) / 255, part.labels) for part in parts)
    seconds: dict[str, list[float]] = {"Keras, float32": [], f"report, {machine_precision()}": []}
    accuracy: dict[str, list[float]] = {name: [] for name in seconds}
    for epoch in range(1, EPOCHS + 1):
        began = time.perf_counter()
        history = theirs.fit(x, y, batch_size=BATCH, validation_data=validation, verbose=0).history
        middle = time.perf_counter()
        # Goes on after the epochs before.
        trainer.fit(*examples, record, epochs=epoch, batch_size=BATCH)
        ends = middle - began, time.perf_counter() - middle
        values = history["val_accuracy"][-1], record.history[-1]["validation_accuracy"]
        for name, end, value in zip(seconds, ends, values, strict=True):
            seconds[name].append(end)
            accuracy[name].append(value)
    note("cifar-control on real images, an epoch", *seconds.values(), "s")
    figure = Figure(figsize=(5, 3))
    axes = figure.add_subplot(xlabel="seconds of training and validation", ylabel="validation accuracy")
    for name, values_of in accuracy.items():
        axes.plot(np.cumsum(seconds[name]), values_of, marker="o", label=name)
    axes.legend()
    files.write_bytes(PICTURE, to_svg(figure))
