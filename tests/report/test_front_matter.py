"""What a document says of itself: authors, abstract, paper, style and logo."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import lxml.html
import pikepdf
import pytest
from PIL import Image

from report_cli import files
from report_cli.errors import CollectedError, ReportError, UsageError
from report_cli.report.build import Built
from tests.report.conftest import Desk, furnish
from tests.report.judges import judge

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="3" fill="navy"/></svg>'

FRONT = """+++
title = 'A report with << value("net.accuracy")|percent >>'
short_title = "In short"
kicker = "Homework"
course = "Optics"
date = 2026-12-24
author = [
  { name = "A. One", affiliation = "Institute of Light", email = "one@example.org" },
  { name = "B. Two" },
]
abstract = '''
We reach << value("net.accuracy")|percent >> with *few* weights, as $x^2$ [@knuth1984] and [](#sec-a) tell.

A second paragraph.
'''
style = "my.css"
paper = "letter"
logo = "images/logo.svg"
toc = false
+++
"""
Report = tuple[Desk, Built]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Report:
    desk = furnish(tmp_path_factory.mktemp("front"))
    files.write_text(desk.project.root / "my.css", ".question { color: #123456 }\n")
    files.write_text(desk.project.root / "images" / "logo.svg", LOGO)
    desk.write("# A {#sec-a}\n\nText.\n\n" + "One more paragraph.\n\n" * 60, front=FRONT)
    return desk, desk.build()


def page_of(path: Path) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(path.read_text())


def test_the_title_block_says_who_and_when(told: Report) -> None:
    """Authors with affiliation and address, course and date of the document take the place of the settings."""
    page = page_of(told[1].paths[0])
    assert [" ".join(p.text_content().split()) for p in page.xpath("//p[@class='by']")] == [
        "A. One · Institute of Light · one@example.org", "B. Two", "Optics · 24 December 2026",
    ]  # fmt: skip
    assert page.xpath("//meta[@name='author']/@content") == ["A. One", "B. Two"]
    assert page.xpath("//header/img/@src")[0].startswith("data:image/svg+xml;base64,")
    assert page.xpath("string(//p[@class='kicker'])") == "Homework"
    assert not page.xpath("//nav")
    assert "color: #123456" in page.xpath("string(//style)")


MARKED = r"""+++
title = '1. On $\pi^2$, *chance* & `x` -- <b>'
subtitle = 'With << value("net.accuracy")|percent >> of "it"'
kicker = "Lab *3*"
short_title = "On *chance*"
+++
"""


def test_titles_are_markdown(desk: Desk) -> None:
    """Marks in a title are shown as they are in the text; what names the page elsewhere is plain text."""
    desk.write("# About $\\alpha$\n\nText.\n", front=MARKED)
    screen, printed = desk.build().paths
    page = page_of(screen)
    title = page.xpath("//h1")[0]
    assert (title.xpath("string(em)"), title.xpath("string(code)")) == ("chance", "x")
    assert title.xpath(".//math//mi[text()='π']")
    assert "– <b>" in title.text_content()
    assert page.xpath("string(//p[@class='kicker']/em)") == "3"
    assert page.xpath("string(//p[@class='sub'])") == "With 73.8\u202f% of “it”"
    assert not page.xpath("//header//a[not(ancestor::p/@class='files')] | //main//h1 | //div[@class='head']")
    plain = "1. On pi squared, chance & x – <b>"
    assert page.xpath("string(//title)") == plain
    with pikepdf.open(printed) as document, document.open_outline() as outline:
        assert str(document.docinfo["/Title"]) == plain
        assert outline.root[0].title == plain
        assert outline.root[0].children[0].title == "1 About alpha"


@pytest.mark.parametrize("title", ["A ] b", "A [@nobody] b", "A [^1] b"])
def test_a_flaw_in_a_title_names_its_line(desk: Desk, title: str) -> None:
    """What can't be read as Markdown, cited or found is an error at the key of the front matter."""
    desk.write("Text", front=f"+++\nkicker = 'K'\ntitle = '{title}'\n+++\n")
    with pytest.raises(UsageError, match=r"^templates/documents/paper\.md:3: "):
        desk.build(formats=("html",))


def test_nothing_in_a_title_is_html(desk: Desk) -> None:
    """What a title shows is text on the page, whatever it looks like."""
    desk.write("Text.", front="+++\ntitle = 'A&copyB \\<img src=x>'\nsubtitle = '1 \\< 2'\n+++\n")
    page = desk.build(formats=("html",)).paths[0].read_text()
    assert re.search(r"<h1[^>]*>A&amp;copyB &lt;img src=x&gt;</h1>", page)
    assert "1 &lt; 2" in page


def test_the_abstract_stands_above_the_contents(told: Report) -> None:
    """It is Markdown with values, formulas, citations and references, outside the text itself."""
    page = page_of(told[1].paths[0])
    (abstract,) = page.xpath("//header/div[@class='abstract']")
    assert " ".join(abstract.text_content().split()).startswith("Abstract We reach 73.8 % with few weights")
    assert abstract.xpath(".//data/a[@href='#run-net-0abc']")
    assert abstract.xpath(".//math")
    assert "(Knuth 1984) and Section\xa01" in abstract.text_content()
    assert not page.xpath("//main//div[@class='abstract']")


def test_the_pdf_has_authors_paper_and_short_title(told: Report) -> None:
    """Metadata have all authors, the title and the date; pages are letter, and their header is the short title."""
    path = told[1].paths[1]
    with pikepdf.open(io.BytesIO(path.read_bytes())) as document:
        assert str(document.docinfo["/Author"]) == "A. One, B. Two"
        assert str(document.docinfo["/Title"]) == "A report with 73.8\u202f%"
        assert str(document.docinfo["/CreationDate"]).startswith("D:20261224")
        assert [round(float(side)) for side in document.pages[0].mediabox] == [0, 0, 612, 792]
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    text = subprocess.run(["pdftotext", "-f", "2", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "In short" in text
    assert "A report with" not in text


@pytest.mark.parametrize("flavour", ["ua1", "3a"])
def test_such_a_pdf_passes_the_validator(told: Report, flavour: str) -> None:
    """With a logo, an abstract and several authors the PDF is valid PDF/UA-1 and PDF/A-3a, too."""
    result = judge("verapdf.sh", flavour, told[1].paths[1])
    assert result.returncode == 0, result.stdout


def test_such_a_page_passes_the_checker(told: Report) -> None:
    """The page has no error that the W3C's checker finds."""
    result = judge("htmlcheck.sh", told[1].paths[0])
    assert result.returncode == 0, result.stderr[:2000]


def test_named_files_are_part_of_what_a_page_is_made_of(desk: Desk) -> None:
    """An edit of the style or the logo builds the page again; PNG and JPEG are shown as well."""
    style, logo = desk.project.root / "my.css", desk.project.root / "logo.png"
    files.write_text(style, "p { color: #111111 }")
    for kind in ("png", "jpg"):
        Image.new("RGB", (2, 2), "navy").save(logo.with_suffix(f".{kind}"))
    desk.write("Text", front='+++\ntitle = "T"\nstyle = "my.css"\nlogo = "logo.png"\n+++\n')
    assert [desk.build(formats=("html",)).written for _ in range(2)] == [True, False]
    files.write_text(style, "p { color: #222222 }")
    assert [desk.build(formats=("html",)).written for _ in range(2)] == [True, False]
    Image.new("RGB", (2, 2), "red").save(logo)
    assert desk.build(formats=("html",)).written
    desk.write("Text", front='+++\ntitle = "T"\nauthor = "B. Two"\nlogo = "logo.jpg"\n+++\n')
    page = page_of(desk.build(formats=("html",)).paths[0])
    assert page.xpath("//header/img/@src")[0].startswith("data:image/webp;base64,")
    assert page.xpath("string(//p[@class='by'])") == "B. Two · 22 November 2026"


def test_all_keys_that_are_wrong_are_told(desk: Desk) -> None:
    """Each with its line, in one build."""
    desk.write("Text.", front='+++\ntitle = "T"\ntitel = "b"\ndate = "20261"\nlang = "xx"\n+++\n')
    with pytest.raises(CollectedError) as caught:
        desk.build(formats=("html",))
    assert [error.message.split(": ")[0][-2:] for error in caught.value.errors] == [":3", ":4", ":5"]


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ('author = [{ nam = "A" }]', ":3: unknown key of an author 'nam'"),
        ('author = [{ email = "A" }]', ":3: an author has no name"),
        ("author = 3", ":3: author in the front matter must be text, not 3"),
        ('paper = "a5"', ":3: unknown paper 'a5'"),
        ('\ndate = "24.12."', ":4: date is no date: '24.12.'"),
        ('toc = "no"', ":3: toc in the front matter must be true or false"),
        ('style = "none.css"', ":3: style is no file of the project: 'none.css'"),
        ('style = "../outside.css"', ":3: style is no file of the project"),
        ('logo = "/etc/hostname"', ":3: logo is no file of the project"),
        ('abstract = "<< value("', ":3: "),
        ('abstract = """\nOne\n\n<b>two</b>\n"""', ":6: "),
        ('abstract = """\nOne\n\nSee @sec-none.\n"""', ":6: unknown label 'sec-none'"),
    ],
)
def test_what_a_key_cannot_be_names_its_line(desk: Desk, front: str, message: str) -> None:
    """A value that makes no sense is an error with the line of the file."""
    (desk.project.root.parent / "outside.css").touch()
    desk.write("Text", front=f'+++\ntitle = "T"\n{front}\n+++\n')
    with pytest.raises(UsageError, match=rf"^templates/documents/paper.md{re.escape(message)}"):
        desk.build(formats=("html",))


def test_a_date_may_be_text(desk: Desk) -> None:
    """However a date is spelled, the renderer of the PDF gets it as it wants it."""
    desk.write("Text", front='+++\ntitle = "T"\ndate = "20261122"\n+++\n')
    page = next(path for path in desk.build().paths if path.suffix == ".html").read_text()
    assert "22 November 2026" in page


def test_what_a_named_file_cannot_be_is_an_error(desk: Desk) -> None:
    """A style that asks for something outside, and a logo that is no picture, are refused with their place."""
    files.write_text(desk.project.root / "my.css", "p { color: red }\n@import 'x.css';")
    desk.write("Text", front='+++\ntitle = "T"\nstyle = "my.css"\n+++\n')
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"^my.css:2: .* is not part of the report"):
            desk.build(formats=(name,))
    for name, content in (("a.png", "no picture"), ("a.svg", "<svg"), ("a.gif", "GIF")):
        files.write_text(desk.project.root / name, content)
        desk.write("Text", front=f'+++\ntitle = "T"\nlogo = "{name}"\n+++\n')
        with pytest.raises(ReportError, match=rf"^templates/documents/paper.md:3: the picture {name} can't be shown"):
            desk.build(formats=("html",))


def test_an_abstract_may_show_code(desk: Desk) -> None:
    """What its code shields from being a template is no character of its author's."""
    desk.write("Text.", front='+++\ntitle = "T"\nabstract = "So `<< x >>` is."\n+++\n')
    page = lxml.html.document_fromstring(desk.build(formats=("html",)).paths[0].read_text())
    assert page.xpath("string(//header//code)") == "<< x >>"
