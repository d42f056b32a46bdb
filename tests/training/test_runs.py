"""What is stored of a training that the program runs."""

import textwrap
from pathlib import Path

import pytest

from report_cli.errors import RunError
from report_cli.project import Project, Settings
from report_cli.store.run import Run
from tests.fault import inline

NETWORK = '''
    """A network on noise; the power goes out before its last epoch where there is a certain file."""

    import os

    import keras
    import numpy as np

    import report_cli as report
    from report_cli.training import losses
    from report_cli.training.fit import Examples, Trainer


    @report.experiment(
        "network", title="A network", metrics={"loss": report.Metric("nat", "last")}, profiles={"epochs": 3}
    )
    def network(params, record):
        """What does it lose?"""
        rng = np.random.default_rng(0)
        examples = Examples(rng.normal(size=(20, 4)).astype(np.float32), np.arange(20) % 2)
        layers = keras.layers
        model = keras.Sequential([keras.Input((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(1)])
        losses.compile_classifier(model, 1e-2)

        def seen(epoch):
            if epoch == 3 and os.path.exists("OUTAGE"):
                raise LookupError("the power went out")
            return examples

        history = Trainer(model).fit(seen, examples, record, epochs=params.epochs, batch_size=8)
        record.array("logits", Trainer(model).predict(examples.inputs))
        record(loss=history[-1]["loss"])
'''


@pytest.fixture
def outage(tmp_path: Path) -> Path:
    return tmp_path / "outage"


@pytest.fixture
def project(tmp_path: Path, outage: Path) -> Project:
    """Return a project with that network."""
    root = tmp_path / "project"
    (root / "experiments").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.report]\n")
    text = textwrap.dedent(NETWORK).replace("OUTAGE", str(outage))
    (root / "experiments" / "network.py").write_text(text)
    return Project(root, Settings())


def _run(project: Project, *, force: bool = False) -> Run:
    (run,) = inline.run(project, "network", force=force).outcome.runs.values()
    return run


def test_times_of_all_epochs_are_stored_and_in_no_digest(project: Project, outage: Path) -> None:
    """A manifest tells the time of each epoch, those before an interruption too; its outputs have the same digest."""
    outage.touch()
    with pytest.raises(RunError, match="the power went out"):
        _run(project)
    outage.unlink()
    resumed, whole = _run(project), _run(project, force=True)
    for run in (resumed, whole):
        assert [epoch.images for epoch in run.manifest.times.epochs] == [20] * 3
        assert all(0 < epoch.seconds < 600 for epoch in run.manifest.times.epochs)
        assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert resumed.manifest.times != whole.manifest.times
    assert resumed.outputs == whole.outputs
    assert resumed.history == whole.history
