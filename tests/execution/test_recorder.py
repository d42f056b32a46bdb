"""What an experiment may record, and what a run keeps of its progress on disk."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure

from report_cli.errors import ReportError
from report_cli.execution.recorder import CheckpointFolder, FigureFolder, Recorder
from report_cli.experiment import Metric, experiment
from report_cli.keys.inputs import Watch
from report_cli.store.run import Results

METRICS = {
    "accuracy": Metric("fraction", "named right", of="count"),
    "gain": Metric("fraction", "more named right than before"),
    "count": Metric("count", "images"),
}


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
def told() -> list[Mapping[str, Any]]:
    """What the person who waits is told."""
    return []


@pytest.fixture
def record(
    tmp_path: Path, watch: Watch, checkpoints: Callable[[], CheckpointFolder], told: list[Mapping[str, Any]]
) -> Recorder:
    folder, cache = tmp_path / "run", tmp_path / "cache"
    return Recorder(toy, 0, folder, checkpoints(), {}, watch, lambda _: {}, told.append, "float32", cache)


def test_a_figure_with_a_character_of_no_font_is_named(tmp_path: Path) -> None:
    """The error names the experiment, the figure and the character, and nothing is written."""
    declared = replace(toy, figures=("curve",))
    figure = Figure()
    figure.add_subplot(xlabel="中")
    with pytest.raises(ReportError, match=r"the figure toy.curve .*U\+4E2D"):
        FigureFolder(declared, tmp_path, Results("toy", ())).add("curve", figure, alt="A curve.")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("alt", ["", "  \n", None])
def test_a_figure_without_alternative_text_is_named(tmp_path: Path, alt: Any) -> None:
    """Who hears the page would not know that there is a figure, so none is drawn without words."""
    declared = replace(toy, figures=("curve",))
    with pytest.raises(ReportError, match=r"the figure toy.curve has no alternative text"):
        FigureFolder(declared, tmp_path, Results("toy", ())).add("curve", Figure(), alt=alt)
    assert not list(tmp_path.iterdir())


def test_a_figure_of_many_marks_is_told(tmp_path: Path) -> None:
    """The author learns which figure became pixels, and of how many marks."""
    figure = Figure()
    figure.add_subplot().plot(range(4000), "o")
    figures = FigureFolder(replace(toy, figures=("curve",)), tmp_path, Results("toy", ()))
    figures.add("curve", figure, alt="Many points.")
    assert figures.notes == ["the figure toy.curve has 4,000 marks, so they are pixels"]
    assert len((tmp_path / "curve.print.svg").read_bytes()) < 200_000


def test_time_before_an_interruption_is_not_lost(
    tmp_path: Path, watch: Watch, checkpoints: Callable[[], CheckpointFolder]
) -> None:
    """Who goes on from a checkpoint knows how long it took to get there, however many attempts that were."""
    first = checkpoints()
    time.sleep(0.02)
    first.save(1, {"x": np.zeros(1)}, {})
    second = checkpoints()
    assert second.load() is not None
    assert second.earlier_s >= 0.02
    time.sleep(0.02)
    second.save(2, {"x": np.zeros(1)}, {})
    third = checkpoints()
    assert third.load() is not None
    assert third.earlier_s >= second.earlier_s + 0.02


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.ones(1), r"an array of the shape \(1,\)"),
        (np.ones((2, 3)), r"an array of the shape \(2, 3\)"),
        (10**400, "than 308 digits"),
        (np.complex64(1), "not a number"),
        (None, "not a number"),
    ],
)
def test_what_is_no_number_is_no_metric(record: Recorder, value: Any, words: str) -> None:
    """It is refused where it is recorded, in words that name the metric: nothing is found out afterwards."""
    with pytest.raises(ReportError, match=f"count (is|has) .*{words}"):
        record(count=value)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"accuracy": 73.1}, r"accuracy: 73\.1 is no fraction, which is from 0 to 1"),
        ({"accuracy": -0.1}, r"accuracy: -0\.1 is no fraction, which is from 0 to 1"),
        ({"gain": -1.1}, r"gain: -1\.1 is no fraction, which is from -1 to 1"),
        ({"count": 1.5}, r"count: 1\.5 is no count"),
    ],
)
def test_a_metric_is_of_its_unit(record: Recorder, metrics: dict[str, float], words: str) -> None:
    """A fraction of 73.1 would be shown as 7310 %; a difference of two fractions may be below 0, a share may not."""
    with pytest.raises(ReportError, match=words):
        record(**metrics)


def test_a_metric_at_the_end_of_its_range_is_taken(record: Recorder) -> None:
    """Sums of float32 end beside 1, and a count may be a float without a fraction."""
    record(accuracy=np.float32(1.0000001), gain=-0.2, count=3.0)


def test_what_is_told_beside_results_may_be_of_numpy(record: Recorder, told: list[Mapping[str, Any]]) -> None:
    """Times, progress and notes leave the worker as JSON, whatever they were made of."""
    record.time(np.float32(0.5), np.int64(10))  # type: ignore[arg-type]
    record.progress(np.int64(1), np.int64(2), images=np.int64(3), loss=np.float32(0.5))  # type: ignore[arg-type]
    record.note(3)  # type: ignore[arg-type]
    assert json.loads(json.dumps(record.times)) == [{"seconds": 0.5, "images": 10}]
    assert [each["event"] for each in json.loads(json.dumps(told))] == ["progress", "note"]


def test_columns_of_a_table_may_be_numbers_of_numpy(record: Recorder, tmp_path: Path) -> None:
    """A data frame may be named by counting; what is no list of dictionaries says so."""
    record.table("counts", pandas.DataFrame([[1, 2]], columns=pandas.Index([0, 1], dtype="int64")))
    record.table("sizes", [{np.int64(3): 1}])
    assert json.loads((tmp_path / "run/tables/sizes.json").read_text()) == {"columns": [3], "rows": [[1]]}
    with pytest.raises(ReportError, match="'odd' is no list of dictionaries"):
        record.table("odd", {"a": [1]})


def test_metrics_are_written_as_they_are(record: Recorder, tmp_path: Path) -> None:
    """Numbers of any kind are taken, and a count stays one."""
    record(accuracy=np.float32(0.5), count=np.int64(4624), gain=0)
    record.row(epoch=1, loss=np.float64(2))
    record.finish()
    content = json.loads((tmp_path / "run" / "measured.json").read_text())
    assert content == {"metrics": {"accuracy": 0.5, "count": 4624, "gain": 0}, "history": [{"epoch": 1, "loss": 2.0}]}
    assert isinstance(content["metrics"]["count"], int)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda record: record(acuracy=0.5), ("doesn't declare", "acuracy", "metrics=", "accuracy")),
        (lambda record: record(accuracy="1"), ("accuracy", "'1'", "not a number")),
        (lambda record: record(accuracy=None), ("accuracy", "None", "not a number")),
        (lambda record: record(accuracy=float("nan")), ("accuracy", "nan")),
        (lambda record: (record(accuracy=1.0), record(accuracy=2.0)), ("accuracy", "twice", "record.row")),
        (lambda record: (record(accuracy=1.0, gain=0), record.finish()), ("count", "did not record")),
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


def test_progress_is_told_with_all_that_is_known(
    record: Recorder, told: list[Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event has epoch, epochs, step, steps, images, the seconds since the run began and metrics, all of it JSON."""
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 1.5)
    record.progress(2, 5, step=3, steps=10, images=96, loss=np.float32(0.5), accuracy=0.25)
    record.progress(2, 5, loss=1)
    within, end = json.loads(json.dumps(told))
    assert 1 < within.pop("seconds") <= end.pop("seconds") < 60
    known = {"event": "progress", "epoch": 2, "epochs": 5}
    assert within == {**known, "step": 3, "steps": 10, "images": 96, "metrics": {"loss": 0.5, "accuracy": 0.25}}
    assert end == {**known, "step": 0, "steps": 0, "images": 0, "metrics": {"loss": 1.0}}


def test_notes_are_told_and_times_kept(record: Recorder, told: list[Mapping[str, Any]], tmp_path: Path) -> None:
    """A note is told as it is; times of epochs are kept beside the results, in none of their files."""
    record.note("keeping 10 MB")
    record(accuracy=0.5, gain=0, count=1)
    for seconds in (1.5, 0.5):
        record.time(seconds, 44)
    record.finish()
    assert told == [{"event": "note", "text": "keeping 10 MB"}]
    assert record.times == [{"seconds": 1.5, "images": 44}, {"seconds": 0.5, "images": 44}]
    assert [path.name for path in (tmp_path / "run").rglob("*") if path.is_file()] == ["measured.json"]
    assert "1.5" not in (tmp_path / "run" / "measured.json").read_text()


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
