"""Whatever an author writes becomes pages, or one error that names the file: never a traceback, never broken HTML."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, seed, settings
from lxml import html
from PIL import Image
from tinyhtml5.parser import HTMLParser

from report_cli import files
from report_cli.datasets.readers import table
from report_cli.datasets.spec import Table
from report_cli.errors import DataError, ReportError
from report_cli.report import build as pages_of
from report_cli.report.html import fonts
from tests.fault.cases import numbered
from tests.fault.generated import Pages, pages, tables
from tests.report.conftest import furnish

# Examples of a case: the first is a part of `make test`.
FEW, MANY = 40, 400
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle cx="4" cy="4" r="4"/></svg>'
# What names where something is wrong.
PLACE = re.compile(r"error: (?:(?:templates|images)/[^\s:]+(?::\d+)?|\[tool\.report\]|my\.css(?::\d+)?):? ")
# What these hold is text and other such elements.
PHRASING = (
    "p",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "span",
    "em",
    "strong",
    "a",
    "code",
    "sub",
    "sup",
    "del",
    "q",
    "mark",
    "u",
)
FLOW = ("p", "div", "ul", "ol", "dl", "table", "pre", "figure", "blockquote", "section", "h2", "h3", "h4", "h5", "h6")


def explore(check: Callable[[Any], None], examples: Any, case: int) -> None:
    """Check examples of a strategy, the same for the same `case`."""
    checked = settings(
        max_examples=MANY if case else FEW, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    checked(seed(case)(given(examples)(check)))()


def flaws(page: str) -> list[str]:
    """Return what makes a page no valid HTML: what a parser has to mend, and ids and nesting, which it doesn't see."""
    page = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    parser = HTMLParser()
    parser.parse(page)
    tree = html.document_fromstring(page)
    ids = tree.xpath("//@id")
    nested = [f"<{e.tag}> in <{e.getparent().tag}>" for e in tree.iter(*FLOW) if e.getparent().tag in PHRASING]
    lost = [link for link in tree.xpath("//a/@href") if link.startswith("#") and unquote(link[1:]) not in ids]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    return [*(f"{position}: {code}" for position, code, _ in parser.errors), *nested, *lost, *twice]


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Pages], None]:
    """Return a function that builds a document as `report build --to html` does, and says what must not be."""
    # Cutting fonts takes seconds for every new set of characters, and text decides nothing else of it.
    monkeypatch.setattr(fonts, "for_screen", lambda project, text: "")
    desk = furnish(tmp_path / "project")
    root = desk.project.root
    files.write_text(root / "images" / "a.svg", SVG)
    files.write_text(root / "my.css", "p { color: red }\n")
    Image.new("RGB", (4, 3), "navy").save(root / "images" / "a.png")

    def write(drawn: Pages) -> None:
        for name, text in drawn.files.items():
            files.write_bytes(root / name, text.encode("utf-8", "surrogatepass"))
        told, found = "", list[str]()
        try:
            pages_of.survey(desk.project, "paper", desk.experiments, "code")
            (path,) = desk.build(formats=("html",)).paths
            found = flaws(path.read_text(encoding="utf-8"))
        except ReportError as error:
            told = error.lines()
        assert not told or PLACE.match(told), told
        assert not found, found

    return write


@numbered(20, fast=1)
def test_generated_documents(writer: Callable[[Pages], None], case: int) -> None:
    """Blocks within blocks, spans within spans, directives, front matter, BibTeX: valid pages, or a file's name."""
    explore(writer, pages(), case)


@numbered(4, fast=1)
def test_generated_tables(tmp_path: Path, case: int) -> None:
    """A CSV file is a table with as many targets as rows, or an error that names the file."""
    path = tmp_path / "data.csv"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        told = ""
        try:
            data = table.read(Table("t", "T", file="data.csv", target="y"), path)
            assert len(data.target) == len(data) > 0
            assert data.split(test=0.5).train.features.shape[1] == len(data.feature_names)
        except DataError as error:
            told = error.message
        assert not told or "data.csv" in told or "column" in told

    explore(read, tables(), case)
