"""Malformed and malicious files through the real command line: one clear line each, and nothing else happens."""

import shutil
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.fault.cases import FAULT, numbered
from tests.fault.malformed import COUNT, Case, Place, cases
from tests.fault.malformed.running import ROOT, run
from tests.fault.malformed.weights import DIGEST, FILE
from tests.walking import WALK

KILLED = WALK.replace('if params.fail == "die":', 'if __import__("os").environ.get("DIE_AFTER") == str(epoch):')
PAPER = '+++\ntitle = "A paper"\n+++\nIt ends at << value("walk.end") >> with $x$.\n'
PAPER += '\n<< figure("walk.path", caption="c") >>\n'
EMPTY = '+++\ntitle = "A paper"\n+++\nNothing.\n'
WEIGHTS = f'''
    import report_cli as report

    SMALL = report.Weights("small", "Small", "{FILE}", "{DIGEST}")


    @report.experiment(
        "weights", title="Weights", metrics={{"sum": report.Metric("", "of all")}}, profiles={{"scale": 1.0}}
    )
    def weights(params, record):
        """What do the weights sum to?"""
        record(sum=float(sum(array.sum() for array in record.pretrained(SMALL).values())) * params.scale)
'''


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the folder with the project that cases start from."""
    folder = tmp_path_factory.mktemp("made")

    @cache
    def of(start: str) -> Path:
        place = Place(folder / start)
        if start == "built":
            shutil.copytree(of("walk"), place.around)
            _succeed(place, "build", "paper", "--to", "html")
            return place.around
        place.write("pyproject.toml", b"[tool.report]\ntime_limit = 5\n")
        if start == "bare":
            shutil.copytree(ROOT / "experiments" / "datasets", place.root / "experiments" / "datasets")
        source = {"bare": "", "weights": WEIGHTS}.get(start, KILLED)
        if source:
            name = "weights" if start == "weights" else "walk"
            place.write(f"experiments/{name}.py", textwrap.dedent(source).encode())
        place.write("templates/documents/paper.md", (PAPER if source is KILLED else EMPTY).encode())
        if start == "walk":
            _succeed(place, "run", "walk")
            _succeed(place, "keep", "walk")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DIE_AFTER", "2")
                answer = run(Case("killed", ("run", "walk", "--set", "epochs=4"), lambda place: None), place)
            assert list(place.root.glob("build/runs/walk/*.checkpoint")), answer
        return place.around

    return of


def _succeed(place: Place, *command: str) -> None:
    answer = run(Case("made", command, lambda place: None), place, patience_s=300)
    assert answer.code == 0, answer


@numbered(COUNT, fast=9)
def test_malformed_input(
    tmp_path: Path, made: Callable[[str], Path], record_property: Callable[[str, object], None], case: int
) -> None:
    """Whatever a file holds, the answer is one line that names it, or it is left out; nothing of it is ever run."""
    each = cases()[case]
    place = Place(tmp_path / "around")
    shutil.copytree(made(each.start), place.around, symlinks=True)
    (place.around / "sentinel").write_text("unchanged")
    each.spoil(place)
    answer = run(each, place)
    record_property("tracebacks", int(answer.traceback))
    record_property("hangs", int(answer.code is None))
    record_property("files outside", answer.outside)
    record_property("code executed", int(answer.executed))
    record_property("most memory in MB", answer.most_memory_bytes >> 20)
    assert not answer.faults(each), f"{each}\n{answer.out[-2000:]}\n{answer.err[-3000:]}"


def test_the_number_of_cases() -> None:
    """Every case has a number."""
    assert len(cases()) == COUNT
    assert len({case.name for case in cases()}) == COUNT


# What is broken in a copy of the program: the file, the line and what stands there instead; the case that finds it.
BUGS = {
    "pickles are unpickled": (
        "datasets/readers/cifar.py",
        "            table = _Unpickler(content).load()\n",
        "            table = pickle.loads(content, encoding='bytes')\n",
        "pickle: a call in data, protocol 2",
        "code was executed",
    ),
    "nothing is too large": (
        "datasets/readers/archive.py",
        "if self.size > _LARGEST_BYTES:",
        "if False:",
        "tar: a batch of 400 MB",
        "not named",
    ),
    "templates take all day": (
        "report/deadline.py",
        "signal.setitimer(signal.ITIMER_REAL, seconds, 1)",
        "pass",
        "document: a range in a range",
        "it hung",
    ),
}


@pytest.mark.parametrize("bug", [pytest.param(bug, marks=FAULT if "day" in bug else []) for bug in BUGS])
def test_the_suite_finds_bugs(tmp_path: Path, made: Callable[[str], Path], bug: str) -> None:
    """With a guard taken away, the case that is there for it fails for that very reason."""
    name, line, instead, wanted, why = BUGS[bug]
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "report_cli", copy / "report_cli", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "templates").symlink_to(ROOT / "templates")
    source = (copy / "report_cli" / name).read_text()
    assert line in source
    (copy / "report_cli" / name).write_text(source.replace(line, instead))
    (case,) = (each for each in cases() if each.name == wanted)
    faults = {}
    for package in (ROOT, copy):
        place = Place(tmp_path / package.name / "around")
        shutil.copytree(made(case.start), place.around)
        case.spoil(place)
        faults[package] = run(case, place, package).faults(case)
    assert faults[ROOT] == []
    assert any(why in fault for fault in faults[copy])
