"""What an experiment may record, and what a run keeps of its progress on disk."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from report_cli.errors import ReportError
from report_cli.execution.recorder import CheckpointFolder, Recorder
from report_cli.experiment import Metric, experiment
from report_cli.keys.inputs import Watch

METRICS = {"accuracy": Metric("fraction", "named right", of="count"), "count": Metric("count", "images")}


@experiment("toy", title="Toy", metrics=METRICS, profiles={"x": 1})
def toy(record: Any) -> None:
    """Nothing."""


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


@pytest.fixture
def checkpoints(tmp_path: Path, watch: Watch) -> Callable[[], CheckpointFolder]:
    """Return a function that opens the folder of checkpoints, as each try of a run does."""
    return lambda: CheckpointFolder(tmp_path / "build" / "checkpoints", watch)


@pytest.fixture
def record(tmp_path: Path, watch: Watch, checkpoints: Callable[[], CheckpointFolder]) -> Recorder:
    return Recorder(toy, 0, tmp_path / "run", checkpoints(), {}, watch, lambda _: {}, lambda *_: None)


def test_metrics_are_written_as_they_are(record: Recorder, tmp_path: Path) -> None:
    """Numbers of any kind are taken, and a count stays one."""
    record(accuracy=np.float32(0.5), count=np.int64(4624))
    record.row(epoch=1, loss=np.float64(2))
    record.finish()
    content = json.loads((tmp_path / "run" / "measured.json").read_text())
    assert content == {"metrics": {"accuracy": 0.5, "count": 4624}, "history": [{"epoch": 1, "loss": 2.0}]}
    assert isinstance(content["metrics"]["count"], int)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda record: record(acuracy=0.5), ("undeclared", "accuracy")),
        (lambda record: record(accuracy="1"), ("accuracy", "'1'", "not a number")),
        (lambda record: record(accuracy=None), ("accuracy", "None", "not a number")),
        (lambda record: record(accuracy=float("nan")), ("accuracy", "nan")),
        (lambda record: (record(accuracy=1.0), record(accuracy=2.0)), ("accuracy", "twice", "record.row")),
        (lambda record: (record(accuracy=1.0), record.finish()), ("count", "did not record")),
        (lambda record: record.row(loss="low"), ("loss", "not a number")),
        (lambda record: record.row(loss=float("inf")), ("loss", "inf")),
        (lambda record: record.array("x", np.array([1.0, np.nan])), ("x", "not finite")),
        (lambda record: record.array("x", np.array([{}])), ("x", "Python objects")),
        (lambda record: record.table("t", [{"a": 1}, {"b": 1}]), ("t", "different columns")),
        (lambda record: record.table("t", [{"a": 1}, {"a": object()}]), ("a in table 't'", "not a number")),
        (lambda record: record.table("t", [{"a": float("nan")}]), ("a in table 't'", "nan")),
        (lambda record: record.need("base"), ("base", "needs=")),
        (lambda record: record.scalar("x", 1), ("scalar",)),
    ],
)
def test_what_cannot_be_recorded_is_an_error(
    record: Recorder, wrong: Callable[[Any], None], words: tuple[str, ...]
) -> None:
    """A metric that isn't declared, isn't a finite number, comes twice or not at all fails the run and is named."""
    with pytest.raises(ReportError) as caught:
        wrong(record)
    assert all(word in f"{caught.value.message} {caught.value.hint}" for word in words)


def test_tables_are_lists_or_data_frames(record: Recorder, tmp_path: Path) -> None:
    """A data frame and the same rows as dictionaries are stored alike; text, numbers, booleans and gaps are cells."""
    rows = [{"name": "a", "n": 1, "share": 0.5, "ok": True}, {"name": "b", "n": 2, "share": 0.25, "ok": False}]
    record.table("rows", rows)
    record.table("frame", pandas.DataFrame(rows))
    record.table("gaps", [{"name": None}])
    record.table("none", [])
    stored = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "run" / "tables").iterdir()}
    assert stored["rows"] == stored["frame"]
    assert stored["rows"]["rows"][1] == ["b", 2, 0.25, False]
    assert stored["gaps"]["rows"] == [[None]]
    assert stored["none"] == {"columns": [], "rows": []}


def test_the_newest_checkpoints_stay(checkpoints: Callable[[], CheckpointFolder], tmp_path: Path) -> None:
    """Of the checkpoints only the newest two stay, and the last one is gone on from."""
    folder = checkpoints()
    assert folder.load() is None
    for epoch in range(1, 5):
        folder.save(epoch, {"place": np.array(epoch)}, {"rows": epoch})
    assert len(list(tmp_path.rglob("epoch-*.npz"))) == 2
    loaded = checkpoints().load()
    assert loaded is not None
    assert (loaded[0], loaded[1]["place"], loaded[2]) == (4, 4, {"rows": 4})


def test_what_is_damaged_is_not_there(checkpoints: Callable[[], CheckpointFolder], tmp_path: Path) -> None:
    """A flipped byte shows: damaged arrays are never returned."""
    folder = checkpoints()
    folder.save(1, {"kernel": np.zeros(100)}, {})
    (path,) = tmp_path.rglob("*.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert folder.load() is None


def test_a_checkpoint_whose_input_changed_is_dropped(
    checkpoints: Callable[[], CheckpointFolder], watch: Watch, tmp_path: Path
) -> None:
    """Progress made from a file that is another one by now is no progress; an earlier one without it still is."""
    (tmp_path / "a.csv").write_text("1")
    folder = checkpoints()
    folder.save(1, {"x": np.zeros(1)}, {})
    watch.file(tmp_path / "a.csv")
    folder.save(2, {"x": np.ones(1)}, {})
    loaded = checkpoints().load()
    assert loaded is not None
    assert loaded[0] == 2
    (tmp_path / "a.csv").write_text("2")
    loaded = checkpoints().load()
    assert loaded is not None
    assert loaded[0] == 1
