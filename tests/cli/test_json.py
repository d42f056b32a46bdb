"""What commands print for other programs is what `docs/json.md` says of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from report_cli.cli.app import COMMANDS
from tests.conftest import Command, Write

GUIDE = Path(__file__).parents[2] / "docs" / "json.md"
SECTIONS = re.findall(
    r"^## `report (.+?)`\n(.+?)(?=^## |\Z)", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
# Where the elements of a list may have more than is promised of them.
OPEN = {"data list", "data check", "show", "why"}


def documented(command: str) -> dict[str, set[str]]:
    """Return the fields of a command's object, and of the elements of each where it is a list of objects."""
    (text,) = (text for name, text in SECTIONS if name == command)
    fields = {}
    for name, told in re.findall(r"^- `(\w+)`: (.+)", text, re.MULTILINE):
        listed = told.partition("each with ")[2].partition(";")[0]
        fields[name] = set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", listed)))
    return fields


@pytest.mark.parametrize(
    ("section", "more"),
    [
        *(("list", ""), ("status", ""), ("show", "*"), ("why", "*"), ("runs", ""), ("logs", "*"), ("run", "all")),
        *(("run --dry-run", "all"), ("build", "--to html"), ("compare", "one two"), ("keep", "*"), ("gc", "--dry-run")),
        *(("accept", "* --reason none"), ("verify --store", ""), ("doctor", ""), ("data list", "")),
    ],
)
def test_the_guide_says_what_is_printed(pair: Command, section: str, more: str) -> None:
    """The object has the version and the documented fields; so have the elements of its lists."""
    done = pair(*section.split(), *more.split(), "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told.pop("version") == 1
    fields = documented(section)
    assert told.keys() == fields.keys()
    for field, keys in fields.items():
        for element in told[field] if keys else ():
            assert element.keys() == keys or (section in OPEN and element.keys() > keys), field


@pytest.fixture
def pair(report: Command, write: Write) -> Command:
    """Return the command line of a project with two experiments that have run, and a page of them."""
    write("experiments/both.py", BOTH)
    write("templates/documents/d.md", '+++\ntitle = "D"\n+++\n\n<< value("one.x") >> << value("two.x") >>\n')
    done = report("run", "all")
    assert done.returncode == 0, done.stderr
    return report


BOTH = "import report_cli as report\n" + "".join(
    f"""

@report.experiment("{name}", title="T", metrics={{"x": report.Metric("", "x")}}, profiles={{"a": {value}}}, seeds=3)
def {name}(params, record):
    print(params.a)
    record(x=params.a + record.seed)
"""
    for name, value in (("one", 1), ("two", 2))
)


def test_every_command_that_tells_something_has_json(report: Command) -> None:
    """Only what makes a project, or shows a page until it is stopped, has nothing for other programs."""
    without = {name for name in COMMANDS if name != "data" and "--json" not in report(name, "--help").stdout}
    assert without == {"new", "watch"}
    assert {name.split()[0] for name, _ in SECTIONS} == COMMANDS.keys() - without
