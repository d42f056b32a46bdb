"""`report new` and `report build`: a new project builds at once, and a failing build leaves the last report alone."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from report_cli import files
from tests.conftest import Command, Write, edit, run_here
from tests.walking import WALK

# Stands in for a machine without Pango: whatever asks for its libraries by name finds none.
NO_PANGO = """
import ctypes, ctypes.util

def without(find):
    def found(*names, **named):
        if any("pango" in name for name in names if isinstance(name, str)):
            raise OSError(f"cannot load library {names}")
        return find(*names, **named)
    return found

ctypes.util.find_library = lambda name, find=ctypes.util.find_library: None if "pango" in name else find(name)
ctypes.CDLL.__init__ = without(ctypes.CDLL.__init__)
import cffi
cffi.FFI.dlopen = lambda self, name, *rest, load=cffi.FFI.dlopen: without(load.__get__(self))(name, *rest)
"""


HEAVY = (
    *("keras", "tensorflow", "matplotlib", "numpy", "scipy", "pandas", "PIL", "rich", "jinja2", "lxml", "nh3"),
    *("weasyprint", "pypandoc", "typst", "fontTools", "pikepdf"),
)
REFUSING = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise AssertionError(name)

sys.meta_path.insert(0, Refuse())
sys.argv = ["report", *sys.argv[1:]]
from report_cli.__main__ import main
main()
"""


def outputs(folder: Path) -> dict[str, bytes]:
    place = folder / "build" / "report"
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_an_unchanged_report_loads_nothing_heavy(folder: Path) -> None:
    """When nothing changed, nothing is written, and no package that computes, draws or converts is imported."""
    command = [sys.executable, "-c", REFUSING, "build", "all"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "is up to date" in done.stderr


def test_a_new_project_builds_at_once(built: Path, program: Command, folder: Path) -> None:
    """The scaffold gives HTML and PDF with computed numbers; the same store gives the same bytes again."""
    before = outputs(built)
    assert before["report.pdf"].startswith(b"%PDF")
    assert b'<data value="' in before["report.html"]
    second = program("build", "all")
    assert second.returncode == 0
    names = [f"{document}.{kind}" for document in ("report", "summary") for kind in ("html", "pdf")]
    assert second.stdout.split() == [f"build/report/{name}" for name in names]
    assert "report is up to date" in second.stderr
    assert "wrote" not in second.stderr
    assert outputs(folder) == before
    shutil.rmtree(folder / "build" / "report")
    again = program("build", "all", "--no-run")
    assert again.returncode == 0, again.stderr
    assert [line.split(":")[1].split()[0] for line in again.stderr.splitlines() if line.startswith("report: ")] == [
        *("text", "HTML", "PDF"),
    ]
    assert re.search(r"^reused 2 results\nwrote report: text [^,]+ s, HTML [^,]+ s, PDF [^,]+ s$", again.stderr, re.M)
    assert outputs(folder) == before
    told = json.loads(program("build", "all", "--json").stdout)
    assert (told["ran"], told["reused"], told["took_s"]) == ([], ["pendulum", "pi"], 0)
    assert [(each["document"], each["written"], len(each["files"])) for each in told["documents"]] == [
        *(("report", False, 2), ("summary", False, 2)),
    ]


def test_restyling_a_page_runs_nothing(program: Command, folder: Path) -> None:
    """An edited text, title, figure or author gives another page from the same run; edited code runs."""
    runs = sorted((folder / "build" / "runs").rglob("manifest.json"))
    for name, old, new in (
        ("templates/answers/q1-pi.md", "quarter circle covers", "quarter disc covers"),
        ("templates/documents/report.md", "Homework5", "Our report"),
        ("experiments/pi.py", 'title="Pi from', 'title="An estimate of pi from'),
        ("experiments/pi.py", "height_mm=55", "height_mm=60"),
        ("pyproject.toml", "Your Name", "Ada Lovelace"),
    ):
        before = outputs(folder)["report.html"]
        edit(folder / name, old, new)
        again = program("build", "all", "--to", "html")
        assert again.returncode == 0, again.stderr
        assert "[1/1]" not in again.stderr
        assert sorted((folder / "build" / "runs").rglob("manifest.json")) == runs
        assert outputs(folder)["report.html"] != before, old
    edit(folder / "experiments/pi.py", "4 * inside", "4.0 * inside")
    edited = program("build", "all", "--to", "html")
    assert edited.returncode == 0
    assert "[1/1] pi: pi() in experiments/pi.py changed" in edited.stderr


def test_a_mistake_in_a_template_names_its_line(program: Command, folder: Path) -> None:
    """A template that names what doesn't exist fails with file, line and near misses; the last report stays."""
    before = outputs(folder)
    answer = folder / "templates/answers/q1-pi.md"
    text = answer.read_text()
    for old, new, *words in (
        ("pi.estimate", "pi.estimat", "q1-pi.md:9:", "metric", "'estimat'", "estimate?"),
        ("pi.estimate", "pie.estimate", "q1-pi.md:9:", "experiment 'pie'", "pi?"),
        ("pi.convergence", "pi.convergense", "q1-pi.md:12:", "figure", "convergence?"),
        ("fig-pi-convergence", "fig-pi-converge", "q1-pi.md:10:"),
        ("<< value", "<< valu", "q1-pi.md:9:"),
        (r"$\pi / 4$", r"$\frac{\pi}{4$", "q1-pi.md:8:"),
    ):
        edit(answer, old, new)
        failed = program("build", "all")
        assert failed.returncode in (1, 2)
        assert all(word in failed.stderr for word in words), failed.stderr
        assert "Traceback" not in failed.stderr
        assert outputs(folder) == before
        answer.write_text(text)


def test_a_mistake_shows_before_anything_is_run(program: Command, folder: Path) -> None:
    """A mistyped name in a template is found before hours of training, not after."""
    edit(folder / "experiments/pi.py", "4 * inside", "4.0 * inside")
    runs = list((folder / "build" / "runs" / "pi").iterdir())
    edit(folder / "templates/answers/q1-pi.md", "pi.estimate", "pi.estimat")
    assert program("build", "all").returncode == 2
    assert list((folder / "build" / "runs" / "pi").iterdir()) == runs


def test_missing_results_are_named(program: Command, folder: Path) -> None:
    """--no-run without results names the command that makes them; --draft marks them and says DRAFT."""
    files.remove_folder(folder / "build" / "runs")
    missing = program("build", "all", "--no-run")
    assert missing.returncode == 1
    assert "hint: report run pi\n" in missing.stderr
    (folder / "my pets").mkdir()
    asked = ("--profile", "smoke", "--data", "my pets", "--strict-env")
    hint = "hint: report run pi --profile smoke --data 'my pets' --strict-env\n"
    assert hint in program("build", "all", "--no-run", *asked).stderr
    draft = program("build", "all", "--draft", "--to", "html")
    assert draft.returncode == 0, draft.stderr
    assert "DRAFT" in (folder / "build/report/report.html").read_text()


def test_a_failing_experiment_leaves_the_last_report(program: Command, folder: Path) -> None:
    """When an experiment fails, the report of before stays as it was."""
    before = outputs(folder)
    edit(folder / "experiments/pi.py", "    points = np", "    raise OSError('no luck')\n    points = np")
    failed = program("build", "all")
    assert failed.returncode == 1
    assert "error: pi: experiments/pi.py:" in failed.stderr
    assert outputs(folder) == before


def run_apart(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "report_cli", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_without_pango_the_html_is_still_written(program: Command, folder: Path, tmp_path: Path) -> None:
    """Where Pango is missing the build writes the HTML, exits 1, and prints the command that installs Pango."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_PANGO)
    files.remove_folder(folder / "build" / "report")
    built = run_apart(folder, "build", "all", PYTHONPATH=str(site))
    assert built.returncode == 1
    assert "Pango" in built.stderr
    assert "install" in built.stderr
    assert "Traceback" not in built.stderr
    assert [path.name for path in (folder / "build/report").glob("*.*ml")] == ["report.html"]
    doctor = run_apart(folder, "doctor", "--json", PYTHONPATH=str(site))
    assert doctor.returncode == 1
    missing = [f["name"] for f in json.loads(doctor.stdout)["findings"] if not f["present"]]
    assert set(missing) - {"keras", "tensorflow", "h5py"} == {"Pango"}


def test_the_next_command_can_be_pasted(tmp_path: Path) -> None:
    """What `report new` prints works in a shell, whatever the folder is called."""
    made = run_here(tmp_path, "new", "Müller Übung 5")
    assert made.stdout.strip() == "cd 'Müller Übung 5' && report build all"


def test_a_forgotten_answer_is_told(program: Command, folder: Path) -> None:
    """An answer that no document includes gives a warning with its file; a missing one is an error."""
    answers = folder / "templates" / "answers"
    (answers / "q2-more.md").write_text("## More\n")
    told = program("build", "all", "--draft", "--to", "html")
    assert told.returncode == 0
    assert "warning: no document includes templates/answers/q2-more.md" in told.stderr
    strict = program("build", "all", "--draft", "--to", "html", "--strict")
    assert strict.returncode == 1
    assert "error: no document includes templates/answers/q2-more.md" in strict.stderr
    (answers / "q1-pi.md").unlink()
    missing = program("build", "all")
    assert missing.returncode == 2
    assert "report.md:8: unknown answer 'q1-pi'" in missing.stderr


def test_a_figure_that_fails_stops_only_what_shows_it(report: Command, paper: Path, write: Write) -> None:
    """A document without the figure is built; one with it is an error that says what failed in the drawing."""
    broken = "        raise ValueError('no luck')\n        for run in []:"
    write("experiments/walk.py", WALK.replace("        for run in results:", broken))
    built = report("build", "paper", "--to", "html")
    assert built.returncode == 0
    assert "no figures of walk: " in built.stderr
    write("templates/documents/shown.md", '+++\ntitle = "S"\n+++\n\n<< figure("walk.path", caption="C") >>\n')
    failed = report("build", "shown", "--to", "html")
    assert failed.returncode == 1
    assert "shown.md:5: the figure walk.path can't be drawn" in failed.stderr
    assert "no luck" in failed.stderr


def test_a_package_is_told_by_its_file(report: Command, write: Write) -> None:
    """What changed in a package stands in its __init__.py."""
    own = write("experiments/steps/__init__.py", "def step():\n    return 1.0\n")
    text = WALK.replace("    STEP = 1.0", "    from experiments.steps import step\n\n    STEP = step()")
    write("experiments/walk.py", text.replace('figures=("path",),', "").replace("draw=draw,", ""))
    assert report("run", "walk").returncode == 0
    own.write_text("def step():\n    return 2.0\n")
    assert "step() in experiments/steps/__init__.py changed" in report("why", "walk").stdout
