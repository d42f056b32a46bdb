"""What the engine adds to a training of the control network at the size of the full profile."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import pytest

from experiments.models import control
from report_cli import files
from report_cli.execution.recorder import CheckpointFolder
from report_cli.keys.environment import THREADS
from report_cli.keys.inputs import NOTHING, Watch
from report_cli.store import manifest
from report_cli.store.manifest import Manifest
from report_cli.training import backend, fit
from report_cli.training.losses import compile_classifier
from tests.benchmarks.conftest import Note
from tests.benchmarks.test_training_cost import images, ours, prepare
from tests.training.memory import MemoryRecord

MANIFEST = msgspec.convert(
    {
        "experiment": "toy",
        "recipe": {},
        "recipe_digest": "",
        "environment": {},
        "inputs": NOTHING,
        "profile": None,
        "overrides": {},
        "point": {},
        "seed": 0,
        "data": None,
        "needs": {},
        "behind": [],
        "code": None,
        "warnings": [],
        "unwatched": [],
        "times": {"started": "", "finished": "", "duration_s": 0.0},
    },
    Manifest,
)
TRAIN, VALIDATION, BATCH, STEPS, REPEATS = 40_000, 10_000, 32, 40, 7
# Of a call, in a bare loop.
MOST_STEPS = 64


def took_s(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@pytest.mark.benchmark
def test_cost_of_checkpoint_and_commit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the share of an epoch that saving it takes, and committing the run: medians, interleaved."""
    backend.start(0, THREADS)
    model = control.build((32, 32, 3), 10, 0.25)
    compile_classifier(model, 1e-3)
    model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(0)
    pixels, labels = rng.normal(size=(BATCH, 32, 32, 3)).astype(np.float32), rng.integers(0, 10, BATCH)
    trainer, places = fit.Trainer(model), np.tile(np.arange(BATCH), (STEPS, 1))
    folder, epochs, checkpoints, commits = CheckpointFolder(tmp_path / "checkpoint", Watch(tmp_path)), [], [], []
    trainer.steps(pixels, labels, places)

    def commit(number: int) -> None:
        with files.scratch_folder(tmp_path / "scratch", "run") as staging:
            files.write_bytes(staging / "weights.npz", b"".join(a.tobytes() for a in fit.weights(model).values()))
            manifest.write(staging, MANIFEST)
            files.commit_folder(staging, tmp_path / "runs" / str(number))

    for number in range(REPEATS):
        steps_s = took_s(lambda: trainer.steps(pixels, labels, places))
        epochs.append(steps_s / STEPS * TRAIN / BATCH)
        checkpoints.append(took_s(lambda n=number: folder.save(n, fit._variables(model), {"history": []})))
        commits.append(took_s(lambda n=number: commit(n)))
    epoch_s, saving_s = median(epochs), median(checkpoints) + median(commits)
    with capsys.disabled():
        sys.stdout.write(
            f"\nepoch {epoch_s:.1f} s, checkpoint {median(checkpoints):.3f} s, commit {median(commits):.3f} s:"
            f" {100 * saving_s / epoch_s:.2f} % of an epoch\n"
        )


@pytest.mark.benchmark
def test_epoch_beside_a_bare_loop(tmp_path: Path, note: Note) -> None:
    """An epoch, its validation and all that `fit` does with them, beside the same steps and predictions alone."""
    backend.start(0, THREADS)
    trainer = fit.Trainer(ours(control.build((32, 32, 3), 10, 0.25)), prepare)
    record = MemoryRecord(checkpoint=CheckpointFolder(tmp_path / "checkpoint", Watch(tmp_path)))
    train, validation = (fit.Examples(*images((32, 32, 3), count, 10)) for count in (TRAIN, VALIDATION))
    rng, bare, whole = np.random.default_rng(0), [], []

    def loop() -> None:
        batches = rng.permutation(TRAIN).reshape(-1, BATCH)
        for first in range(0, len(batches), MOST_STEPS):
            trainer.steps(train.inputs, train.labels, batches[first : first + MOST_STEPS])
        trainer.predict(validation.inputs)

    loop()
    for epoch in range(1, REPEATS + 1):
        bare.append(took_s(loop))
        # Goes on after the epochs before.
        whole.append(took_s(lambda last=epoch: trainer.fit(train, validation, record, epochs=last, batch_size=BATCH)))
    note("cifar-control, an epoch: bare loop, engine", bare, whole, "s")
