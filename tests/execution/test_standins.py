"""An experiment imports what it likes at its top: whoever lists or draws it waits for none of it."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli.execution import standins
from report_cli.project import Project
from report_cli.store.manifest import Drawing, read_as
from tests.conftest import Command

Write = Callable[[str, str], Path]
HEAVY = ("keras", "tensorflow", "numpy", "matplotlib", "scipy", "pandas", "sklearn")
FORMS = {
    "whole": "import keras",
    "submodule": "import keras.layers",
    "from": "from keras import layers, ops as o\nfrom tensorflow.keras.utils import *",
    "class": """
        import keras
        import numpy as np

        @keras.saving.register_keras_serializable("own")
        class Twice(keras.layers.Layer):
            half: keras.KerasTensor | None = None

            def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
                return 2 * inputs

        TURN = 2 * np.pi / 96 - 1
    """,
    "helper": "from experiments.parts import Twice, TURN",
}
EXPERIMENT = """
import sys

import report_cli as report
from report_cli.figures import style
from report_cli.training import classify
{form}

def draw(results, figures):
    loaded = [name for name in ("keras", "tensorflow", "sklearn") if name in sys.modules]
    figure = style.new_figure(20)
    figures.add("loaded", figure, alt=" ".join(loaded) or "none")

@report.experiment(
    "{name}", title="T", metrics={{"one": report.Metric("count", "one")}}, profiles={{"epochs": 1}},
    figures=("loaded",), draw=draw,
)
def measure(record):
    record(one=1)
"""
LISTING = """
import json, pathlib, sys
from report_cli.execution import registry
from report_cli.project import find
project = find(pathlib.Path.cwd())
found = registry.load(project, registry.sources(project))
print(json.dumps([sorted(found.experiments), [m for m in {heavy!r} if m in sys.modules]]))
"""


@pytest.fixture
def forms(write: Write) -> None:
    """Write an experiment for each form of import."""
    write("experiments/parts/__init__.py", textwrap.dedent(FORMS["class"]))
    for name, form in FORMS.items():
        write(f"experiments/{name}_.py", EXPERIMENT.format(name=name, form=textwrap.dedent(form)))


def _listed(project: Project) -> tuple[list[str], list[str]]:
    """Return the experiments of the project as a new process lists them, and what heavy it has loaded then."""
    command = [sys.executable, "-c", LISTING.format(heavy=HEAVY)]
    out = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True, timeout=60)
    names, loaded = json.loads(out.stdout)
    return names, loaded


@pytest.mark.usefixtures("forms")
def test_listing_loads_nothing_heavy(project: Project) -> None:
    """Each form of import at the top of a file, or of a helper, is listed without the packages."""
    assert _listed(project) == (sorted(FORMS), [])


@pytest.mark.usefixtures("forms")
def test_drawing_loads_no_training(project: Project, report: Command) -> None:
    """Each of them runs with the packages themselves, and is drawn again without those that only train."""
    pytest.importorskip("keras")
    done = report("run", "all")
    assert done.returncode == 0, done.stderr
    for path in project.figures.rglob("*"):
        if path.is_file():
            path.unlink()
    done = report("run", "all")
    assert done.returncode == 0, done.stderr
    drawn = [read_as(Drawing, path.parent).figures for path in project.figures.rglob("manifest.json")]
    assert drawn == [{"loaded": "none"}] * len(FORMS)


def test_what_stand_ins_can_not_do_is_done_with_the_packages(project: Project, write: Write) -> None:
    """A module that needs a package to be imported, as its parameters are made with it, is listed all the same."""
    pytest.importorskip("keras")
    form = "import numpy as np\nSIDES = [int(n) for n in np.arange(3)]"
    write("experiments/sides.py", EXPERIMENT.format(name="sides", form=form))
    names, loaded = _listed(project)
    assert names == ["sides"]
    assert "numpy" in loaded


def test_a_package_that_is_not_installed_fails_when_it_is_used(write: Write, report: Command) -> None:
    """The experiment is listed; its run fails with the command that installs what it needs."""
    pytest.importorskip("keras")
    text = EXPERIMENT.format(name="absent", form="import absent_package").replace("one=1", "one=absent_package.one()")
    write("experiments/absent.py", text)
    assert "absent" in report("list").stdout
    failed = report("run", "absent")
    assert failed.returncode == 1
    assert "pip install absent_package" in failed.stderr


@pytest.mark.parametrize(
    "question",
    [
        "bool(thing)",
        "list(thing.names)",
        "'a' in thing",
        "thing.kind == 'x'",
        "len(thing)",
        "float(thing)",
        "thing > 1",
    ],
)
def test_a_question_that_needs_the_package_is_refused(question: str) -> None:
    """What only the package can answer is never answered by its stand-in."""
    with pytest.raises(standins.UsedError):
        eval(question, {"thing": standins.StandIn("torch.cuda")})


def test_a_mistyped_import_of_the_program_hides_no_experiment(report: Command, write: Write) -> None:
    """Nothing tells that such a file has an experiment but its import: whoever lists is told what is missing."""
    text = """
        import report_cly as report


        @report.experiment("beer", title="T", metrics={}, profiles={"a": 1})
        def beer(record):
            pass
        """
    write("experiments/beer.py", text)
    listed = report("list")
    assert "experiments/beer.py:4: it needs report_cly, which is not installed" in listed.stderr
    run = report("run", "beer")
    assert run.returncode != 0
    assert "report_cly" in run.stderr


NUMBERS = """
    import pathlib
    import sys

    import report_cli as report

    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "{folder}"))
    import vendored_numbers


    @report.experiment("{name}", title="T", metrics={{"one": report.Metric("count", "one")}}, profiles={{"a": 1}})
    def measure(record):
        record(one=vendored_numbers.ONE + 0)
    """


def test_what_one_run_lacks_another_one_finds(report: Command, write: Write) -> None:
    """A package that isn't there for one run is looked for again by the next one in the same process."""
    write("vendor/vendored_numbers.py", "ONE = 1\n")
    write("experiments/a.py", NUMBERS.format(name="a", folder="nowhere"))
    write("experiments/b.py", NUMBERS.format(name="b", folder="vendor"))
    run = report("run", "a", "b", "--keep-going")
    assert "it needs vendored_numbers, which is not installed" in run.stderr
    assert json.loads(report("show", "b", "--json").stdout)["runs"][0]["metrics"] == {"one": 1}


CHOICES = {
    "import": """
        try:
            import absent_package
            KIND = 1
        except ImportError:
            KIND = 2
    """,
    "module": """
        try:
            import absent_package.part as part
            KIND = 1
        except (OSError, ModuleNotFoundError):
            KIND = 2
    """,
    "suppressed": """
        import contextlib
        KIND = 2
        with contextlib.suppress(ImportError):
            import absent_package
            KIND = 1
    """,
    "helper": """
        try:
            from experiments.optional.needing import KIND
        except ImportError:
            KIND = 2
    """,
    "function": """
        from experiments.optional import needing_later
        try:
            KIND = needing_later.kind()
        except Exception:
            KIND = 2
    """,
    "found": """
        import importlib.util
        KIND = 1 if importlib.util.find_spec("absent_package") else 2
    """,
}
CHOOSING = """
import report_cli as report
{form}

def draw(results, figures):
    from report_cli.figures import style
    figures.add("kind", style.new_figure(20), alt=str(KIND))

@report.experiment(
    "{name}", title="T", metrics={{"kind": report.Metric("count", "kind")}}, profiles={{"kind": KIND}},
    figures=("kind",), draw=draw,
)
def measure(params, record):
    {body}
    record(kind=kind * 10 + params.kind)
"""
MEASURED = "try:\n        import absent_package\n        kind = 1\n    except ImportError:\n        kind = 2"


def test_an_optional_import_of_what_is_not_installed_takes_the_other_branch(
    project: Project, write: Write, report: Command
) -> None:
    """Whatever catches the ImportError gets it: while experiments are listed, measured and drawn."""
    write("experiments/optional/needing.py", "import absent_package\nKIND = 1\n")
    write("experiments/optional/needing_later.py", "def kind():\n    import absent_package\n    return 1\n")
    for name, form in CHOICES.items():
        write(f"experiments/{name}_choice.py", CHOOSING.format(name=name, form=textwrap.dedent(form), body=MEASURED))
    done = report("run", "all", "--json")
    assert done.returncode == 0, done.stderr
    measured = {run["experiment"]: run["metrics"] for run in json.loads(done.stdout)["runs"]}
    assert measured == {name: {"kind": 22} for name in CHOICES}
    drawn = [read_as(Drawing, path.parent).figures for path in project.figures.rglob("manifest.json")]
    assert drawn == [{"kind": "2"}] * len(CHOICES)


def test_an_optional_import_of_what_is_installed_loads_nothing(project: Project, write: Write) -> None:
    """Whoever lists takes the branch of Keras without loading it."""
    pytest.importorskip("keras")
    form = "try:\n    import keras\n    KIND = 1\nexcept ImportError:\n    KIND = 2"
    write("experiments/choice.py", CHOOSING.format(name="choice", form=form, body="kind = 1"))
    assert _listed(project) == (["choice"], [])


@pytest.mark.parametrize("body", ["import absent_package; kind = 1", "kind = 1"])
def test_measuring_says_what_is_not_installed(write: Write, report: Command, body: str) -> None:
    """Whether at the top or in a function, an import that isn't caught fails where it stands."""
    form = "import absent_package\nKIND = 1" if body == "kind = 1" else "KIND = 1"
    write("experiments/choice.py", CHOOSING.format(name="choice", form=form, body=body))
    assert "choice" in report("list").stdout
    failed = report("run", "choice")
    assert failed.returncode == 1
    assert "experiments/choice.py:" in failed.stderr
    assert "it needs absent_package, which is not installed" in failed.stderr
    assert "pip install absent_package" in failed.stderr
