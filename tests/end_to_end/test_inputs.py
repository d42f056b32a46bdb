"""What a run reads beside its recipe: whatever the way, an edit of it makes the result stale, and is named."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from report_cli import api
from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.end_to_end.conftest import folders, states

EXPERIMENT = """
import report_cli as report
{top}


@report.experiment("{name}", title="T", metrics={{"x": report.Metric("", "x")}}, profiles={{"a": 1}}{more})
def measure(params, record):
    {body}
    record(x=float(x))
"""
# By name: the lines at the top, the line that sets x, and the file that is edited, from the project's folder.
READERS = {
    "open": ("", "x = open('data/open.csv').read()", "data/open.csv"),
    "csv": ("import csv", "x = next(csv.reader(open('data/csv.csv')))[0]", "data/csv.csv"),
    "loadtxt": ("import numpy as np", "x = np.loadtxt('data/loadtxt.csv')", "data/loadtxt.csv"),
    "pandas": ("import pandas", "x = pandas.read_csv('data/p.csv', header=None).iloc[0, 0]", "data/p.csv"),
    "pathlib": ("from pathlib import Path", "x = Path('data/path.csv').read_text()", "data/path.csv"),
    "top": ("import pathlib\nTABLE = pathlib.Path('data/top.csv').read_text()", "x = TABLE", "data/top.csv"),
    "resources": (
        "from importlib import resources",
        "x = resources.files('experiments.models').joinpath('table.txt').read_text()",
        "experiments/models/table.txt",
    ),
    "get-data": ("import pkgutil", "x = pkgutil.get_data('experiments.models', 'b.txt')", "experiments/models/b.txt"),
    "exec": ("", "space = {}; exec(open('data/exec.py').read(), space); x = space['X']", "data/exec.py"),
    "runpy": ("import runpy", "x = runpy.run_path('data/run.py')['X']", "data/run.py"),
    "importlib": (
        "import importlib",
        "x = importlib.import_module('.'.join(['experiments', 'models', 'plugin'])).X",
        "experiments/models/plugin.py",
    ),
    "getattr": ("from experiments.models import lazy", "x = lazy.whatever", "experiments/models/lazy_values.py"),
    "subclasses": (
        "from experiments.models import shapes, square",
        "x = shapes.Shape.__subclasses__()[0].X",
        "experiments/models/square.py",
    ),
    "registered": (
        "from experiments.models import registry, circle",
        "x = registry.KNOWN[0].X",
        "experiments/models/circle.py",
    ),
    "beside": ("from mylib import number", "x = number()", "mylib.py"),
    "sys-path": ("import sys", "sys.path.insert(0, 'libs'); import own_lib; x = own_lib.X", "libs/own_lib.py"),
    "pythonpath": ("import outer_lib", "x = outer_lib.X", "../outer/outer_lib.py"),
    "shared-a": ("from experiments.models import shared", "x = shared.TABLE", "data/shared.csv"),
    "shared-b": ("from experiments.models.shared import TABLE", "x = TABLE", "data/shared.csv"),
    "recorded": ("", "x = 1; assert record.file('data/rec.csv').endswith('rec.csv')", "data/rec.csv"),
    "declared": ("", "x = 1", "data/declared/a.csv"),
}
MODULES = {
    "lazy": "from experiments.models.lazy_values import X\n\n\ndef __getattr__(name):\n    return X\n",
    "lazy_values": "X = 1\n",
    "plugin": "X = 1\n",
    "shapes": "class Shape:\n    pass\n",
    "square": "from experiments.models.shapes import Shape\n\n\nclass Square(Shape):\n    X = 1\n",
    "registry": "KNOWN = []\n\n\nclass Base:\n    def __init_subclass__(cls):\n        KNOWN.append(cls)\n",
    "circle": "from experiments.models.registry import Base\n\n\nclass Circle(Base):\n    X = 1\n",
    "shared": "import pathlib\n\nTABLE = pathlib.Path('data/shared.csv').read_text()\n",
    "__init__": "",
}
LISTERS = {
    "listdir": ("import os", "x = len(os.listdir('data/l1'))", "data/l1"),
    "glob": ("import glob", "x = len(glob.glob('data/l2/*.csv'))", "data/l2"),
    "iterdir": ("from pathlib import Path", "x = len(list(Path('data/l3').iterdir()))", "data/l3"),
    "pattern": ("", "x = 1", "data/l4"),
}
VARIABLES = {
    "environ": ("import os", "x = os.environ['INPUT_A']", "INPUT_A"),
    "getenv": ("import os", "x = os.getenv('INPUT_B', 1)", "INPUT_B"),
    "contains": ("import os", "x = 'INPUT_C' in os.environ", "INPUT_C"),
    "variable-at-import": ("import os\nMODE = os.environ.get('INPUT_D', 1)", "x = MODE", "INPUT_D"),
}
ABSENT = """
    try:
        x = open('data/absent.csv').read()
    except OSError:
        x = 0"""


@pytest.fixture
def reading(write: Write, project: Project, report: Command, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Write an experiment for each way to read, and run them all in one worker."""

    def declare(name: str, top: str, body: str, more: str = "") -> None:
        text = EXPERIMENT.format(name=name, top=top, body=body, more=more)
        write(f"experiments/{name.replace('-', '_')}_reader.py", text)

    for name, text in MODULES.items():
        write(f"experiments/models/{name}.py", text)
    write("mylib.py", "def number():\n    return 1\n")
    files = {"declared": ', files=("data/declared/a.csv",)', "pattern": ', files=("data/l4/*.csv",)'}
    for name, (top, body, path) in READERS.items():
        declare(name, top, body, files.get(name, ""))
        if not (project.root / path).exists():
            write(path, "X = 1\n" if path.endswith(".py") else "1")
    for name, (top, body, path) in LISTERS.items():
        declare(name, top, body, files.get(name, ""))
        write(f"{path}/a.csv", "1")
    for name, (top, body, _) in VARIABLES.items():
        declare(name, top, body)
    declare("absent", "", ABSENT.strip("\n").lstrip())
    declare("above", "", "x = record.need('open').scalars['x']", ', needs=("open",)')
    monkeypatch.setenv("PYTHONPATH", str(project.root.parent / "outer"))
    monkeypatch.setenv("INPUT_A", "1")
    for name in ("INPUT_B", "INPUT_C", "INPUT_D"):
        monkeypatch.delenv(name, raising=False)
    done = report("run", "all")
    assert done.returncode == 0, done.stderr
    return project


def stale(report: Command) -> dict[str, str]:
    """Return the reasons of what is not up to date, by name."""
    return {name: run["reason"] for name, run in states(report).items() if run["state"] != "fresh"}


def test_an_edit_of_what_was_read_is_seen(reading: Project, report: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each edit makes stale what read the file, listed the folder or asked for the variable, and nothing else."""
    assert stale(report) == {}
    wrong: dict[str, Any] = {}

    def check(what: str, change: Callable[[], object], named: str, readers: set[str]) -> None:
        change()
        told = stale(report)
        if set(told) != readers or not any(named in reason for reason in told.values()):
            wrong[what] = told

    for name, (_, _, path) in READERS.items():
        file = reading.root / path
        text = file.read_text()
        readers = {other for other, (_, _, same) in READERS.items() if same == path}
        readers |= {"above"} if name == "open" else set()
        # Code that reaches others by names that are made while it runs may use any module that is loaded.
        check(name, lambda file=file, text=text: file.write_text(text.replace("1", "2")), file.name, readers)  # type: ignore[misc]
        file.write_text(text)
    for name, (_, _, path) in LISTERS.items():
        file = reading.root / path / "new.csv"
        check(name, file.touch, path, {name})
        file.unlink()
    for name, (_, _, variable) in VARIABLES.items():
        with monkeypatch.context() as patch:
            check(name, lambda patch=patch, v=variable: patch.setenv(v, "2"), variable, {name})  # type: ignore[misc]
    absent = reading.root / "data" / "absent.csv"
    check("absent", absent.touch, "data/absent.csv appeared", {"absent"})
    absent.unlink()
    assert wrong == {}

    (reading.root / "data" / "open.csv").write_text("2")
    assert "data/open.csv changed" in report("why", "open").stdout
    done = report("run", "above")
    assert done.returncode == 0, done.stderr
    assert stale(report) == {}, "what needs it was computed anew, from the new file"
    (run,) = api.results("above", folder=reading.root)
    assert run.scalars == {"x": 2}
    assert set(run.manifest.inputs["files"]) == set(), "its inputs are those of what it needs"


def test_an_edit_of_what_was_not_read_is_nothing(reading: Project, report: Command) -> None:
    """New files, comments, docstrings, titles, what tools and the program write leave every result as it is."""
    for name in ("notes.txt", "data/other.csv", "experiments/models/new.txt", "build/x.csv", ".git/HEAD", ".hidden/a"):
        path = reading.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (reading.root / "experiments" / "another.py").write_text(
        EXPERIMENT.format(name="another", top="", body="x = 1", more="")
    )
    for name in ("open_reader", "pandas_reader", "getattr_reader"):
        path = reading.experiments / f"{name}.py"
        edit(path, 'title="T"', 'title="U"')
        edit(path, "def measure(params, record):", 'def measure(params, record):\n    """Words."""  # more words')
        path.write_text(path.read_text() + "\n\ndef unused():\n    return 1\n")
    assert stale(report) == {"another": "never run"}


def test_no_module_is_noted_where_the_code_can_be_followed(reading: Project) -> None:
    """Only a run whose code reaches others by made-up names has whole modules among its inputs."""
    noted = {
        name
        for name in READERS
        for run in api.results(name, folder=reading.root)
        if any(path.endswith(".py") and path.startswith("experiments/") for path in run.manifest.inputs["files"])
    }
    assert noted == {"importlib", "subclasses", "registered", "exec", "runpy", "resources", "get-data"}


BINARY = """
import h5py
import sqlite3
import subprocess
import sys

import numpy as np
import report_cli as report

X = {"x": report.Metric("", "x")}


@report.experiment("hdf5", title="T", metrics=X, profiles={"a": 1})
def hdf5(record):
    with h5py.File("data/a.h5") as file:
        record(x=file["x"][()])
    with h5py.File("own.h5", "w") as file:
        file["x"] = 1


@report.experiment("npy", title="T", metrics=X, profiles={"a": 1})
def npy(record):
    np.save("own.npy", np.ones(1))
    record(x=np.load("data/a.npy")[0] + np.load("own.npy")[0])


@report.experiment("sqlite", title="T", metrics=X, profiles={"a": 1})
def sqlite(record):
    base = sqlite3.connect("data/a.db")
    record(x=base.execute("select n from t").fetchone()[0])
    base.close()


@report.experiment("process", title="T", metrics=X, profiles={"a": 1})
def process(record):
    subprocess.run([sys.executable, "-c", "open('data/a.csv').read()"], check=True)
    record(x=1)


@report.experiment("spoiler", title="T", metrics=X, profiles={"a": 1})
def spoiler(record):
    record(x=float(open("data/b.csv").read()))
    subprocess.run([sys.executable, "-c", "open('data/b.csv', 'a').write('0')"], check=True)
"""


def test_binary_files_and_processes(report: Command, write: Write, project: Project) -> None:
    """HDF5, npy and sqlite files are seen, a run's own files aren't inputs, and a process is told as not watched."""
    h5py = pytest.importorskip("h5py")

    def fill(value: int) -> None:
        with h5py.File(project.root / "data" / "a.h5", "w") as file:
            file["x"] = value
        np.save(project.root / "data" / "a.npy", np.full(1, value))
        base = sqlite3.connect(project.root / "data" / "a.db")
        base.executescript(f"drop table if exists t; create table t (n integer); insert into t values ({value})")
        base.close()

    write("experiments/binary.py", BINARY)
    write("data/a.csv", "1")
    write("data/b.csv", "1")
    fill(1)
    done = report("run", "all", "--keep-going")
    assert done.returncode == 1
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert "spoiler: data/b.csv changed" in error, "a file that someone changes meanwhile gives no result"
    assert folders(project, "spoiler") == []
    (project.root / "own.h5").unlink()
    assert set(stale(report)) == {"spoiler"}
    fill(2)
    told = stale(report)
    assert "data/a.npy" in told["npy"]
    assert "data/a.h5" in told["hdf5"]
    assert "data/a.db" in told["sqlite"]
    assert "process" not in told
    assert "not watched: subprocess" in report("show", "process").stdout


CHECKPOINTED = """
import numpy as np
import report_cli as report


@report.experiment("long", title="T", metrics={"x": report.Metric("", "x")}, profiles={"stop": 2})
def long(params, record):
    step = float(open("data/step.csv").read())
    saved = record.checkpoint.load()
    done, total = (saved[0], float(saved[1]["total"])) if saved else (0, 0.0)
    print(f"from {done}")
    for epoch in range(done + 1, 4):
        total += step
        record.checkpoint.save(epoch, {"total": np.float64(total)}, {})
        if epoch == params.stop and not saved:
            raise RuntimeError("stopped")
    record(x=total)
"""


def test_progress_made_from_another_file_or_elsewhere_is_not_gone_on_from(
    report: Command, write: Write, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted run goes on where it was, but anew where its file or the environment is another one by now."""
    from report_cli.keys import environment

    write("experiments/long.py", CHECKPOINTED)
    step = write("data/step.csv", "1")
    assert report("run", "long").returncode == 1
    step.write_text("100")
    assert report("run", "long").returncode == 1, "from the first epoch again, so it stops again"
    with monkeypatch.context() as patch:
        patch.setattr(environment, "_version", lambda package: "9.9")
        assert report("run", "long").returncode == 1, "what another version began it doesn't go on from"
    done = report("run", "long", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"][0]["metrics"] == {"x": 300}
    assert "from 2" in report("logs", "long").stdout


DETERMINED = """
import random

import numpy as np
import report_cli as report

X = {"x": report.Metric("", "x")}


@report.experiment("b-numpy", title="T", metrics=X, profiles={"a": 1}, seeds=2)
def noise(record):
    record.array("noise", np.random.random(5))
    record(x=random.random() + np.random.default_rng(record.seed).random())


@report.experiment("a-other", title="T", metrics=X, profiles={"a": 1})
def other(record):
    import scipy.stats

    np.random.seed(5)
    random.seed(5)
    record(x=np.random.random() + random.random() + scipy.stats.norm.rvs())
"""
KERAS = """
import keras
import numpy as np
import report_cli as report
import tensorflow as tf

X = {"x": report.Metric("", "x")}


@report.experiment("c-keras", title="T", metrics=X, profiles={"a": 1})
def tiny(record):
    layers = [keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile("sgd", "mse")
    x = np.random.random((16, 3))
    model.fit(x, x.sum(axis=1), epochs=2, verbose=0, batch_size=4)
    record.array("predictions", model.predict(x, verbose=0))
    with tf.io.gfile.GFile("data/b.csv") as file:
        record(x=float(tf.io.read_file("data/a.csv").numpy()) + float(file.read()))
"""


def digests(report: Command, *names: str) -> dict[str, str]:
    done = report("run", *names, "--force", "--json")
    assert done.returncode == 0, done.stderr
    return {f"{run['experiment']} {run['seed']}": run["outputs"] for run in json.loads(done.stdout)["runs"]}


def test_a_result_does_not_depend_on_what_ran_before(report: Command, write: Write) -> None:
    """In a fresh worker and after others in the same one a run gives the same bytes; another seed gives others."""
    write("experiments/determined.py", DETERMINED)
    together = digests(report, "all")
    assert together["b-numpy 0"] != together["b-numpy 1"]
    assert digests(report, "b-numpy") == {name: value for name, value in together.items() if name != "a-other 0"}


def test_keras_is_seeded_and_tensorflow_watched(report: Command, write: Write, project: Project) -> None:
    """A training of keras gives the same bytes alone and after another; files read by tf.io are inputs."""
    pytest.importorskip("keras")
    write("experiments/determined.py", DETERMINED)
    write("experiments/tiny.py", KERAS)
    write("data/a.csv", "1")
    write("data/b.csv", "2")
    together = digests(report, "all")
    assert digests(report, "c-keras") == {"c-keras 0": together["c-keras 0"]}
    (run,) = api.results("c-keras", folder=project.root)
    assert set(run.manifest.inputs["files"]) == {"data/a.csv", "data/b.csv"}
    assert {"package keras", "package tensorflow", "backend"} <= set(run.manifest.environment)


DRAWN = """
{top}
import report_cli as report


def draw(results, figures):
    from matplotlib.figure import Figure
    {body}
    figures.add("one", Figure(figsize=(1, 1)), alt=str(x))


@report.experiment(
    "{name}", title="T", metrics={{"x": report.Metric("", "x")}}, profiles={{"a": 1}}, figures=("one",), draw=draw{more}
)
def measure(record):
    record(x=1)
"""
DRAWERS = {
    "open": ("", "x = open('data/open.csv').read()", "data/open.csv", ""),
    "top": ("import pathlib\nX = pathlib.Path('data/top.csv').read_text()", "x = X", "data/top.csv", ""),
    "importlib": (
        "import importlib",
        "x = importlib.import_module('.'.join(['experiments', 'models', 'plugin'])).X",
        "experiments/models/plugin.py",
        "",
    ),
    "declared": ("", "x = 1", "data/declared.csv", ', files=("data/d*.csv",)'),
    "glob": ("import glob", "x = len(glob.glob('data/glob/*.csv'))", "data/glob/b.csv", ""),
    "variable": ("import os", "x = os.environ.get('INPUT_A')", "INPUT_A", ""),
}


def test_what_drawing_reads_is_drawn_again_when_it_changes(
    write: Write, project: Project, report: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for measuring: whatever a figure was seen to use beside its runs makes it anew, and nothing else does."""
    for name, (top, body, path, more) in DRAWERS.items():
        write(f"experiments/{name}_drawer.py", DRAWN.format(name=name, top=top, body=body, more=more))
        if "." in path and name != "glob":
            write(path, "X = 1\n" if path.endswith(".py") else "1")
    write("data/glob/a.csv", "1")
    drawing = {f"drawing the figures of {name}" for name in DRAWERS}

    def drawn() -> set[str]:
        done = report("run", "all")
        assert done.returncode == 0, done.stderr
        return {line for line in done.stderr.splitlines() if line.startswith("drawing")}

    assert drawn() == drawing
    assert drawn() == set()
    for name, (_, _, path, _) in DRAWERS.items():
        if "." in path:
            write(path, "X = 2\n" if path.endswith(".py") else "2")
        else:
            monkeypatch.setenv(path, "2")
        # The runs that are declared to read a file run again, too.
        assert drawn() == {f"drawing the figures of {name}"}, name
        assert drawn() == set()
    for folder in project.figures.glob("open/*"):
        (project.root / "data/open.csv").write_text("3")
        waste = report("gc", "--dry-run").stdout
        assert any(folder.name in line and "changed" in line for line in waste.splitlines()), waste
