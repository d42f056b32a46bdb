"""`report new` and `report build`: a new project builds at once, and a failing build leaves the last report alone."""

import json
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.end_to_end.conftest import run_in

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


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "build" / "report").iterdir()}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_new_project_builds_at_once(program: Command, folder: Path) -> None:
    """The scaffold gives HTML and PDF with computed numbers; a second build changes no byte of them."""
    first = program("build", "all")
    assert first.returncode == 0, first.stderr
    assert first.stdout.split() == ["build/report/report.html", "build/report/report.pdf"]
    assert "writing the pages of report\n" in first.stderr
    before = outputs(folder)
    assert before["report.pdf"].startswith(b"%PDF")
    assert b'<data value="' in before["report.html"]
    second = program("build", "all")
    assert second.returncode == 0
    assert "report is up to date" in second.stderr
    assert "writing" not in second.stderr
    assert outputs(folder) == before


def test_the_same_store_gives_the_same_bytes(program: Command, folder: Path) -> None:
    """Rendered again from the same results, HTML and PDF are the same to the byte."""
    assert program("build", "all").returncode == 0
    before = outputs(folder)
    for path in (folder / "build" / "report").iterdir():
        path.unlink()
    again = program("build", "all", "--no-run")
    assert again.returncode == 0, again.stderr
    assert outputs(folder) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("templates/answers/q1-pi.md", "quarter circle covers", "quarter disc covers"),
        ("templates/documents/report.md", "My report", "Our report"),
        ("experiments/pi.py", 'title="Pi from', 'title="An estimate of pi from'),
        ("experiments/pi.py", "height_mm=55", "height_mm=60"),
        ("pyproject.toml", "Your Name", "Ada Lovelace"),
    ],
)
def test_restyling_a_page_runs_nothing(program: Command, folder: Path, name: str, old: str, new: str) -> None:
    """An edited text, title, figure or author gives another page from the same run."""
    assert program("build", "all", "--to", "html").returncode == 0
    before, runs = outputs(folder), sorted((folder / "build" / "runs" / "pi").iterdir())
    edit(folder / name, old, new)
    again = program("build", "all", "--to", "html")
    assert again.returncode == 0, again.stderr
    assert "[1/1]" not in again.stderr
    assert sorted((folder / "build" / "runs" / "pi").iterdir()) == runs
    assert outputs(folder)["report.html"] != before["report.html"]


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("pi.estimate", "pi.estimat", "q1-pi.md:7: unknown metric of pi 'estimat'", "did you mean estimate?"),
        ("pi.estimate", "pie.estimate", "q1-pi.md:7: unknown experiment 'pie'", "did you mean pi?"),
        ("pi.convergence", "pi.convergense", "q1-pi.md:10: unknown figure of pi 'convergense'", "convergence?"),
        ("fig-pi-convergence", "fig-pi-converge", "q1-pi.md:8:", ""),
        ("<< value", "<< valu", "q1-pi.md:7:", ""),
        (r"$\pi / 4$", r"$\frac{\pi}{4$", "q1-pi.md:6:", ""),
    ],
)
def test_a_mistake_in_a_template_names_its_line(
    program: Command, folder: Path, old: str, new: str, message: str, hint: str
) -> None:
    """A template that names what doesn't exist fails with file, line and near misses; the last report stays."""
    assert program("build", "all").returncode == 0
    before = outputs(folder)
    edit(folder / "templates/answers/q1-pi.md", old, new)
    failed = program("build", "all")
    assert failed.returncode in (1, 2)
    assert message in failed.stderr
    assert hint in failed.stderr
    assert "Traceback" not in failed.stderr
    assert outputs(folder) == before


def test_a_mistake_shows_before_anything_is_run(program: Command, folder: Path) -> None:
    """A mistyped name in a template is found before hours of training, not after."""
    edit(folder / "templates/answers/q1-pi.md", "pi.estimate", "pi.estimat")
    assert program("build", "all").returncode == 2
    assert not (folder / "build" / "runs").exists()


def test_missing_results_are_named(program: Command, folder: Path) -> None:
    """--no-run without results names the command that makes them; --draft marks them and says DRAFT."""
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
    assert program("build", "all").returncode == 0
    before = outputs(folder)
    edit(folder / "experiments/pi.py", "    import math\n", "    import math\n\n    raise OSError('no luck')\n")
    failed = program("build", "all")
    assert failed.returncode == 1
    assert "error: pi: OSError: no luck (experiments/pi.py:" in failed.stderr
    assert outputs(folder) == before


def test_without_pango_the_html_is_still_written(program: Command, folder: Path, tmp_path: Path) -> None:
    """Where Pango is missing the build writes the HTML, exits 1, and prints the command that installs Pango."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_PANGO)
    built = program("build", "all", PYTHONPATH=str(site))
    assert built.returncode == 1
    assert "Pango" in built.stderr
    assert "install" in built.stderr
    assert "Traceback" not in built.stderr
    assert [path.name for path in (folder / "build/report").glob("*.*ml")] == ["report.html"]
    doctor = program("doctor", "--json", PYTHONPATH=str(site))
    assert doctor.returncode == 1
    assert [f["name"] for f in json.loads(doctor.stdout) if not f["present"]] == ["Pango"]


def test_the_next_command_can_be_pasted(tmp_path: Path) -> None:
    """What `report new` prints works in a shell, whatever the folder is called."""
    made = run_in(tmp_path, "new", "Müller Übung 5")
    assert made.stdout.strip() == "cd 'Müller Übung 5' && report build all"


def test_a_folder_that_is_not_empty_is_left_alone(program: Command, folder: Path) -> None:
    """`report new` writes into a new or empty folder only."""
    again = program("new", ".")
    assert again.returncode == 2
    assert "not an empty folder" in again.stderr


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


def test_a_changed_experiment_is_seen_after_an_unchanged_build(program: Command, folder: Path) -> None:
    """What a build remembers of the sources never hides an edit: the next build runs what changed."""
    assert program("build", "all", "--to", "html").returncode == 0
    assert "[1/1]" not in program("build", "all", "--to", "html").stderr
    edit(folder / "experiments/pi.py", "4 * inside", "4.0 * inside")
    edited = program("build", "all", "--to", "html")
    assert edited.returncode == 0
    assert "[1/1] pi: code experiments.pi:pi changed" in edited.stderr
