import base64
import hashlib
import shutil
import subprocess
from dataclasses import replace

import lxml.html
import pytest

from report_cli import files, project
from report_cli.errors import ReportError, UsageError
from report_cli.project import Settings
from report_cli.report.build import Built
from report_cli.report.pdf import pdf
from tests.report.conftest import FRONT, Desk
from tests.report.judges import judge

Report = tuple[Desk, Built]


def content(built: Built, kind: str) -> bytes:
    return next(path for path in built.paths if path.suffix == f".{kind}").read_bytes()


def test_the_html_is_one_file_that_asks_for_nothing(built: Report) -> None:
    """The page has no address but its own anchors, data and the author's links, and runs no script but its own."""
    page = lxml.html.document_fromstring(content(built[1], "html").decode())
    anchors = {element.get("id") for element in page.xpath("//*[@id]")}
    links = {link.get("href") for link in page.xpath("//a")}
    assert {link for link in links if not link.startswith("#")} == {
        *("https://example.org", "paper.pdf", "paper.files/provenance.json")
    }
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert all(image.get("src").startswith("data:") for image in page.iter("img"))
    assert [link.get("href")[:18] for link in page.iter("link")] == ["data:image/svg+xml"]
    assert not page.xpath("//iframe | //script[@src]")
    (script,) = page.xpath("//script/text()")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.xpath("//meta[@http-equiv]/@content")[0]
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:")
    assert f"script-src 'sha256-{allowed}';" in policy
    assert "url(http" not in content(built[1], "html").decode()


def test_the_page_has_title_contents_and_appendix(built: Report) -> None:
    """The title block comes from settings and front matter, and every run that was used is in the appendix."""
    page = lxml.html.document_fromstring(content(built[1], "html").decode())
    assert page.xpath("string(//h1)") == "A small report"
    assert page.xpath("string(//p[@class='by'])") == "A. Student · 0000000 · 22 November 2026"
    assert page.xpath("string(//p[@class='label'])") == "short trainings on drawn images"
    assert page.xpath("//meta[@name='description']/@content") == ["A small report"]
    assert page.xpath("//nav//a/text()") == ["Theory", "Accuracy of 73.8\u202f%", "References", "Provenance"]
    assert page.xpath("//tbody[@class='run']//code/@id") == ["run-facts-0abc", "run-net-0abc"]


def test_what_an_author_can_write_reaches_both_formats(built: Report) -> None:
    """Values, references, notes, citations, code, captions and tables read the same on the screen and on paper."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    told = subprocess.run(["pdftotext", built[1].paths[1], "-"], capture_output=True, text=True, check=True)
    page = lxml.html.document_fromstring(content(built[1], "html").decode())
    for name, text in (("pdf", told.stdout), ("html", page.find("body").text_content())):
        plain = " ".join(text.replace("\u00ad", "").split())
        for words in (
            "The layer sums to 45 with",
            "See Equation (1).",
            "(Knuth 1984, ch. 3)",
            "The TeXbook",
            "and 0.6380.",
            "def f(x): return x + 1",
            "Accuracy of 73.8 %",
            "As Figure 1 and Table 1 show, it works → elsewhere.",
            "Figure 1. The path of A network to 73.8 %",
            "Table 1. Scores on drawn images.",
            "1,791,786",
        ):
            assert words in plain, (name, words)


def test_without_pango_the_html_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing Pango is an error with the remedy, after the HTML has been written."""
    monkeypatch.setattr(pdf, "load", lambda: (_ for _ in ()).throw(OSError("no pango")))
    monkeypatch.setattr("report_cli.report.html.fonts.for_screen", lambda project, text: "")
    desk.write("Text")
    with pytest.raises(ReportError, match="Pango is missing") as caught:
        desk.build()
    assert caught.value.hint
    assert "A small report" in (desk.project.reports / "paper.html").read_text()
    assert not (desk.project.reports / "paper.pdf").exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{% if %}", "Expected an expression"),
    ],
)
def test_a_flaw_in_a_layout_names_its_line(desk: Desk, body: str, says: str) -> None:
    """A project's own layout runs in the sandbox, and its errors name the file as seen from the project."""
    files.write_text(desk.project.templates / "partials" / "page.html", f"<!DOCTYPE html>\n{body}\n")
    desk.write("Text")
    with pytest.raises(UsageError, match=rf"^templates/partials/page.html:2: .*{says}"):
        desk.build(formats=("html",))


@pytest.mark.parametrize("rules", ["@import 'x.css';", "p { color: red; background: URL( 'http://x/y' ) }", "</style>"])
def test_a_style_names_nothing_outside(desk: Desk, rules: str) -> None:
    """A style that asks for something is refused with file and line in either format; what it holds itself is fine."""
    path = desk.project.templates / "style" / "page.css"
    rest = (project.inherited_templates() / "style" / "page.css").read_text()
    desk.write("Text")
    files.write_text(path, f"p {{ background: url(data:image/png;base64,AAAA) }}\n{rules}\n{rest}")
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"^templates/style/page.css:2: .* is not part of the report"):
            desk.build(formats=(name,))


def test_the_html_passes_the_checker(built: Report) -> None:
    """The page has no error that the W3C's checker finds."""
    result = judge("htmlcheck.sh", built[1].paths[0])
    assert result.returncode == 0, result.stderr[:2000]


def test_a_character_without_a_glyph_names_its_place(desk: Desk) -> None:
    """A character that no shipped font has is an error with file and line, in either format."""
    desk.write("# A\n\nSnow \N{GRINNING FACE} falls.\n")
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"paper.md:\d+: no font of the report has .*U\+1F600, grinning face"):
            desk.build(formats=(name,))


@pytest.mark.parametrize("code", ["0000", "000B", "0085", "2028", "FFFF"])
def test_a_control_character_is_an_error(desk: Desk, code: str) -> None:
    """What no page can hold names file and line, in code, too; so does one that an escape of TOML or BibTeX brings."""
    character = chr(int(code, 16))
    for text, front in ((f"Text\n\n`a{character}b`\n", FRONT), ("Text\n", f'+++\ntitle = "T\\u{code}"\n\n+++\n')):
        desk.write(text, front=front)
        with pytest.raises(UsageError, match=rf"^templates/documents/paper.md:[26]: U\+{code} is a control character"):
            desk.build(formats=("html",))


@pytest.mark.parametrize("key", ["title", "author", "course"])
def test_a_character_of_the_title_block_is_checked(desk: Desk, key: str) -> None:
    """The title block is checked, too, in either format; what it takes from the settings is of them."""
    rest = "" if key == "title" else 'title = "T"\n'
    desk.write("Text", front=f'+++\n{key} = "Snow \N{GRINNING FACE}"\n{rest}+++\n')
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"^templates/documents/paper.md:2: no font of the report has .*U\+1F600"):
            desk.build(formats=(name,))
    desk.write("Text")
    desk.project = replace(desk.project, settings=Settings(author="Snow \N{GRINNING FACE}"))
    with pytest.raises(UsageError, match=r"^\[tool.report\]: no font of the report has .*U\+1F600"):
        desk.build(formats=("html",))
