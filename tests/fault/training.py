"""Two small experiments that train with Keras, run by the program as people run it, and ways to kill it."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from report_cli.project import Project, Settings
from report_cli.store.store import Store

EPOCHS = 6
SITE = Path(__file__).parent / "site"
EXPERIMENTS = '''
    """Two networks on noise: one sees the same images in every epoch, the other other views of them."""

    from dataclasses import dataclass

    import report_cli as report


    @dataclass(frozen=True)
    class Params:
        epochs: int = 6
        images: int = 512
        learning_rate: float = 1e-3
        views: bool = False
        bug: str = ""


    def draw(results, figures):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(2, 1))
        figure.add_subplot().plot([row["loss"] for row in results.history])
        figures.add("losses", figure, alt=f"{len(results.history)} losses")


    def train(params, record):
        import keras
        import numpy as np

        from report_cli.training import fit

        if params.bug == "seeds":
            whole = fit._variables
            fit._variables = lambda model: {
                name: np.zeros_like(array) if array.shape == (2,) else array for name, array in whole(model).items()
            }
        rng = np.random.default_rng(record.seed)
        labels = np.arange(params.images) % 3
        pixels = (rng.normal(size=(params.images, 16, 16, 3)) + labels[:, None, None, None] * 0.2).astype(np.float32)
        inputs = keras.Input((16, 16, 3))
        hidden = keras.layers.Conv2D(16, 3, activation="relu")(inputs)
        hidden = keras.layers.BatchNormalization()(hidden)
        hidden = keras.layers.Dropout(0.4)(keras.layers.Flatten()(keras.layers.MaxPooling2D(2)(hidden)))
        model = keras.Model(inputs, keras.layers.Dense(3)(hidden))
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(params.learning_rate), entropy, metrics=["accuracy"])

        def seen(epoch):
            with open("epochs.log", "a") as log:
                log.write(f"{epoch}\\n")
            shift = fit.generator(record.seed, epoch, "shift").integers(3) if params.views else 0
            return fit.Examples(np.roll(pixels, shift, axis=1), labels)

        examples = fit.Examples(pixels[:128], labels[:128])
        trainer = fit.Trainer(model)
        history = trainer.fit(seen, examples, record, epochs=params.epochs, batch_size=32)
        record.weights(fit.weights(model))
        record.array("logits", trainer.predict(pixels[:64]))
        record(loss=history[-1]["loss"])


    LOSS = report.Metric("nat", "of the last epoch")


    @report.experiment(
        "plain", title="A network", metrics={"loss": LOSS}, profiles=Params(), figures=("losses",), draw=draw,
    )
    def plain(params, record):
        """What does it lose?"""
        train(params, record)


    @report.experiment("views", title="Views", metrics={"loss": LOSS}, profiles=Params(views=True))
    def views(params, record):
        """What does it lose on other views?"""
        train(params, record)
'''


def furnished(root: Path) -> Project:
    """Return a project with the two experiments."""
    (root / "experiments").mkdir(parents=True)
    (root / "experiments" / "networks.py").write_text(textwrap.dedent(EXPERIMENTS))
    (root / "pyproject.toml").write_text("[tool.report]\n")
    return Project(root, Settings())


def start(project: Project, name: str, *settings: str, kill_at: str = "") -> "subprocess.Popen[str]":
    """Start `report run NAME` in a process group of its own."""
    paths = [str(SITE)] if kill_at else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path]), "KILL_AT": kill_at}
    if not kill_at:
        del environment["KILL_AT"]
    arguments = [f"--set={each}" for each in settings]
    return subprocess.Popen(
        [sys.executable, "-m", "report_cli", "run", name, "--json", *arguments],
        cwd=project.root, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def outputs(process: "subprocess.Popen[str]") -> str:
    """Wait for a run to end well, and return the digest of all that it measured, its weights included."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    (run,) = json.loads(out)["runs"]
    return str(run["outputs"])


def kill(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@dataclass(frozen=True)
class Golden:
    """An uninterrupted run: its outputs, and when (in seconds) its first epoch began and its process ended."""

    outputs: str
    training_s: float
    end_s: float


@cache
def golden(name: str, *settings: str) -> Golden:
    """Return what an uninterrupted run comes to, and how long it takes here."""
    with TemporaryDirectory() as folder:
        project = furnished(Path(folder) / "golden")
        began = time.monotonic()
        process = start(project, name, *settings)
        while process.poll() is None and not (project.root / "epochs.log").exists():
            time.sleep(0.01)
        training_s = time.monotonic() - began
        return Golden(outputs(process), training_s, time.monotonic() - began)


def wait(
    project: Project, process: "subprocess.Popen[str]", chance: random.Random, whole: Golden, *, early: bool
) -> None:
    """Wait until a random moment: of the whole life of the process if `early`, else from its first epoch on."""
    if early:
        time.sleep(chance.uniform(0, whole.end_s))
        return
    before = len(trained(project))
    while process.poll() is None and len(trained(project)) == before:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, whole.end_s - whole.training_s))


def trained(project: Project) -> list[int]:
    """Return the epochs that were begun, in their order."""
    log = project.root / "epochs.log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def saved(project: Project) -> int:
    """Return the last epoch that has a checkpoint; all of them once the run is stored."""
    if list(project.runs.glob("*/*/manifest.json")):
        return EPOCHS
    return max((int(path.stem[-5:]) for path in project.runs.glob("*/*.checkpoint/epoch-*.npz")), default=0)


def corrupt(project: Project) -> list[str]:
    """Return what is damaged in the store."""
    complaints: list[str] = []
    store = Store.of(project, complaints.append)
    faults = [store.verify(run) for name in ("plain", "views") for run in store.runs(name)]
    return complaints + [fault for fault in faults if fault]


def recover(project: Project, name: str, *settings: str) -> dict[str, Any]:
    """Run again to the end; return what was damaged before, what it measured, and the epochs redone and lost."""
    damaged = corrupt(project)
    done, before = saved(project), trained(project)
    found = outputs(start(project, name, *settings))
    after = trained(project)[len(before) :]
    return {
        "damaged": damaged,
        "outputs": found,
        "redone": max(Counter(before + after).values(), default=1) - 1,
        "lost": sum(epoch <= done for epoch in after),
    }
