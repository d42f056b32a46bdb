"""The records of `make fault`: a case is passed over only when nothing it can depend on has changed."""

import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault import code, table

FILES = {
    "report_cli/store/store.py": {"test_kills.py", "test_malformed_input.py"},
    "report_cli/report/html/compose.py": {"test_malformed_input.py"},
    "report_cli/figures/images.py": {"test_malformed_input.py"},
    "templates/style/page.css": {"test_malformed_input.py"},
    "requirements.lock": {"test_kills.py", "test_malformed_input.py"},
    "tests/walking.py": {"test_kills.py", "test_malformed_input.py"},
    "tests/fault/disk.py": {"test_kills.py", "test_malformed_input.py"},
    "tests/fault/test_kills.py": {"test_kills.py"},
    "tests/fault/conftest.py": set(),
    "docs/writing.md": set(),
}


@pytest.mark.parametrize("changed", FILES)
def test_a_change_repeats_what_can_depend_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    """What writes no page is not repeated for a change of style; whatever else a case can depend on repeats it."""
    monkeypatch.setattr(code, "ROOT", tmp_path)
    for name in (*FILES, *code.SHARED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    tests = ("test_kills.py", "test_malformed_input.py")
    before = {test: code.code(test) for test in tests}
    (tmp_path / changed).write_text("after")
    assert {test for test in tests if code.code(test) != before[test]} == FILES[changed]


def test_what_is_said_to_write_no_page_loads_none_of_that_code() -> None:
    """Neither those tests nor what they start, `report run` and its worker, load a module of pages."""
    names = ["report_cli.__main__", "report_cli.cli.run", "report_cli.execution.worker"]
    names += [f"tests.fault.{Path(test).stem}" for test in code.WITHOUT_PAGES]
    parts = code.ROOT / "report_cli"
    pages = [file for pattern in code.PAGES for file in parts.glob(pattern) if file.suffix == ".py"]
    assert len(pages) > len(code.PAGES)
    modules = {".".join(file.relative_to(code.ROOT).with_suffix("").parts) for file in pages}
    asked = f"import sys, {', '.join(names)}; print(sorted({modules} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=code.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_table() -> None:
    """A promise has one line, with its cases out of all, sums, and the highest of what is called most."""

    def case(test: str, outcome: str = "passed", **figures: float) -> dict[str, object]:
        return {"outcome": outcome, "seconds": 90, "figures": {n.replace("_", " "): v for n, v in figures.items()}}

    found = {
        "tests/fault/test_kills.py::test_random_kills[0]": case("", lost_epochs=0, most_epochs_redone=1),
        "tests/fault/test_kills.py::test_random_kills[1]": case("", "failed", lost_epochs=2, most_epochs_redone=0),
        "tests/fault/test_machine.py::test_a_disk_that_is_full[run]": case("", "skipped"),
        "tests/fault/test_new.py::test_new_things": case(""),
        "tests/fault/test_power_loss.py::test_a_disk_that_is_not_waited_for_is_noticed": case(""),
        "tests/fault/test_malformed_input.py::test_the_suite_finds_bugs[nothing is too large]": case(""),
    }
    assert table.lines(found, {*found, "tests/fault/test_kills.py::test_random_kills[2]"}) == [
        "   1 of    3  killed at random: lost epochs 2, most epochs redone 1",
        "   0 of    1  disk or memory full, disk read-only: skipped 1",
        "   2 of    2  deliberate bugs, caught: a disk that is not waited for, nothing is too large",
        "   1 of    1  new things",
        "9 minutes of work in all, shared by the processes that did it",
    ]


def test_every_line_of_the_table_has_tests() -> None:
    """No promise is listed that nothing tests any more."""
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    tests = re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    for patterns in table.LINES.values():
        for pattern in patterns.split():
            assert fnmatch.filter(tests, pattern), pattern
