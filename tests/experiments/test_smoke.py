"""Every experiment of the assignment, run by the program in the smallest profile."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from report_cli import api
from report_cli.execution import registry
from report_cli.experiment import Experiment
from report_cli.keys.key import code
from report_cli.project import find
from report_cli.store.run import Results, Run
from tests.experiments.registered import by_name

ROOT = Path(__file__).resolve().parents[2]
TRAINED = [name for name, experiment in by_name().items() if experiment.data]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """The results of all experiments in a copy of the project."""
    folder = tmp_path_factory.mktemp("homework")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "experiments", folder / "experiments", ignore=shutil.ignore_patterns("results"))
    command = [sys.executable, "-m", "report_cli", "run", "all", "--profile", "smoke"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1_800, check=False)
    assert run.returncode == 0, run.stderr[-3_000:]
    return {name: api.results(name, profile="smoke", folder=folder) for name in by_name()}


def _runs(results: dict[str, Results]) -> Iterator[tuple[Experiment, Run]]:
    for name, experiment in by_name().items():
        assert len(results[name]) == len(experiment.grid["smoke"]) * experiment.seeds["smoke"]
        yield from ((experiment, run) for run in results[name])


def test_every_experiment_records_and_draws_what_it_declares(results: dict[str, Results]) -> None:
    """Each run has the declared metrics, and what a test says follows from the logits that are stored."""
    for experiment, run in _runs(results):
        assert set(run.scalars) == set(experiment.metrics)
        if "test_accuracy" in run.scalars:
            logits, labels = run.array("test_logits"), run.array("test_labels")
            right = (logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)) == labels
            assert run.scalars["test_accuracy"] == right.mean()
            assert run.scalars["test_images"] == len(labels) == len(set(run.array("test_ids").tolist()))
            assert np.trace(run.array("confusion")) == right.sum()


def test_inputs_are_what_the_keys_already_know(results: dict[str, Results]) -> None:
    """No run reads a module or a file beyond the code that its key follows, so none goes stale by an unrelated edit."""
    for experiment, run in _runs(results):
        assert run.manifest.inputs == {"files": {}, "folders": {}, "variables": {}}, experiment.name
        assert not run.manifest.unwatched


@pytest.mark.parametrize("name", TRAINED)
def test_no_training_reaches_statistics(name: str) -> None:
    """Intervals and tests belong to the report: an edit of them retrains nothing."""
    project = find(ROOT)
    reached = code(by_name()[name], registry.sources(project)).digests
    assert not [key for key in reached if key.startswith("report_cli.stats:")]
    assert not [key for key in reached if key.startswith(("report_cli.figures", "report_cli.store"))]
    assert any(key.startswith("report_cli.datasets.") for key in reached)
