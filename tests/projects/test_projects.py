"""Whole homework of other kinds than ours, built as its author would: the pages are valid and right."""

import shutil
from pathlib import Path

import lxml.html
import pikepdf
import pytest
from playwright.sync_api import Browser

from tests.browser.axe import PLAIN, flaws, open_all
from tests.conftest import run_here
from tests.report.judges import assert_valid

HERE = Path(__file__).parent
# Document, pages of its PDF, and what a reader finds in the HTML.
PROJECTS = {
    "theory": ("homework1", 2, ("positive semidefinite", "Newton’s method from zero, by Equation (3)")),
    "ridge": ("homework2", 2, ("(Hoerl and Kennard 1970)", "100", "over 5 random splits")),
    "wurf": ("versuch3", 3, ("Änne Müller", "Hochschule für Übungen", "„die Weite“", "Tabelle 1.", "40,7")),
}


@pytest.fixture(scope="module", params=PROJECTS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return the name of a project and its folder, where it was built."""
    if request.param == "ridge":
        pytest.importorskip("sklearn")
    place = tmp_path_factory.mktemp("projects")
    shutil.copytree(HERE / request.param, place / "homework")
    done = run_here(place / "homework", "build", "--strict", REPORT_CACHE=str(place / "cache"))
    assert done.returncode == 0, done.stderr
    return request.param, place / "homework"


def test_the_pages_say_what_was_measured(built: tuple[str, Path]) -> None:
    """The HTML has the words and numbers of its project in its language, and the PDF has its pages, title and tags."""
    document, pages, words = PROJECTS[built[0]]
    report = built[1] / "build" / "report" / document
    page = lxml.html.parse(report.with_suffix(".html")).getroot()
    text = " ".join(page.text_content().split())
    assert [each for each in words if each not in text] == []
    with pikepdf.open(report.with_suffix(".pdf")) as pdf:
        assert len(pdf.pages) == pages
        assert str(pdf.docinfo["/Title"]) == page.findtext(".//title")


def test_outside_judges_find_nothing(built: tuple[str, Path]) -> None:
    """The page is valid HTML and CSS, the PDF valid PDF/UA-1 and PDF/A-3a."""
    assert_valid(built[1] / "build" / "report" / PROJECTS[built[0]][0])


@pytest.mark.parametrize("width", [390, 820])
def test_the_page_is_accessible(built: tuple[str, Path], browser: Browser, width: int) -> None:
    """No rule is broken on a phone or a tablet, as the page opens and with everything in it opened."""
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.goto((built[1] / "build" / "report" / f"{PROJECTS[built[0]][0]}.html").as_uri())
    page.add_style_tag(content=PLAIN)
    assert flaws(page) == []
    open_all(page)
    assert flaws(page) == []
    page.close()
