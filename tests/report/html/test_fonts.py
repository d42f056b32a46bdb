"""Fonts that a project adds for characters that no shipped font has."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import lxml.html
import pikepdf
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

from report_cli import files
from report_cli.errors import UsageError
from report_cli.figures import style
from report_cli.project import find
from report_cli.report import provenance
from report_cli.report.html import fonts
from report_cli.report.pdf import content
from tests.drawing import to_svg
from tests.report.conftest import Desk

LETTERS = "中文م अ😀\u200d"
PEOPLE = 'author = [{ name = "中文" }, { name = "م" }, { name = "अ" }]'


def write_font(path: Path, family: str = "Boxes", letters: str = LETTERS) -> None:
    """Write a font that shows each of `letters` as a box."""
    pen = TTGlyphPen(None)
    for point, draw in (
        ((100, 0), pen.moveTo),
        ((100, 700), pen.lineTo),
        ((600, 700), pen.lineTo),
        ((600, 0), pen.lineTo),
    ):
        draw(point)
    pen.closePath()
    box = pen.glyph()
    names = [".notdef", *(f"box{n}" for n in range(len(letters)))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(map(ord, letters), names[1:], strict=True)))
    builder.setupGlyf(dict.fromkeys(names, box))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (700, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    path.parent.mkdir(parents=True, exist_ok=True)
    builder.save(path)


@pytest.fixture
def own(desk: Desk) -> Desk:
    """A project that adds a font."""
    write_font(desk.project.root / "fonts" / "boxes.ttf")
    desk.project = replace(desk.project, settings=replace(desk.project.settings, fonts=("fonts/boxes.ttf",)))
    return desk


def test_authors_write_in_their_scripts(own: Desk) -> None:
    """Names, text, code and formulas have the project's font, cut down to what is used, in both pages."""
    text = "# 中\n\nText م and [م]{dir=rtl} and 😀, `文`, $\\text{中} = x$.\n"
    own.write(text, front=f'+++\ntitle = "A 中 title"\n{PEOPLE}\n+++\n')
    screen, printed = own.build().paths
    page = lxml.html.document_fromstring(screen.read_text())
    assert page.xpath("//header//strong[@dir='auto']/text()") == ["中文", "م", "अ"]
    assert page.xpath("string(//main//span[@dir='rtl'])") == "م"
    (rule,) = re.findall(r'font-family:"Report Own Boxes"[^}]*base64,([^"]+)"', screen.read_text())
    embedded = TTFont(io.BytesIO(base64.b64decode(rule)))
    assert set("中文مअ😀") <= set(map(chr, embedded.getBestCmap())) <= set(LETTERS)
    with pikepdf.open(printed) as document:
        used = {str(o.BaseFont) for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/BaseFont" in o}
        assert str(document.docinfo["/Author"]) == "中文, م, अ"
    assert any("Report-Own-Boxes" in name for name in used)


def test_a_font_that_is_not_used_is_not_in_the_page(own: Desk) -> None:
    """Text that the shipped fonts have stays in them, whatever the project adds."""
    own.write("Text.")
    (screen,) = own.build(formats=("html",)).paths
    assert "Report Own" not in screen.read_text()


def test_a_half_made_folder_of_the_math_font_is_completed(desk: Desk) -> None:
    """Whatever stopped the program before the font was written, formulas are set with it the next time."""
    made = desk.project.build / "fonts"
    fonts.for_typst(desk.project)
    (font,) = made.glob("*/*.otf")
    font.unlink()
    fonts.for_typst(desk.project)
    assert font.is_file()


def test_what_no_font_has_says_how_to_add_one(own: Desk) -> None:
    """The error names the line, the character, and the key that takes a font; spaces and new characters count, too."""
    for character in ("日", "\u3000", "\u1a80"):
        own.write(f"# A\n\nThe {character}.\n")
        with pytest.raises(UsageError, match=rf"paper\.md:6: no font .*U\+{ord(character):04X}") as error:
            own.build(formats=("html",))
        assert 'fonts = ["fonts/NAME.ttf"] in [tool.report]' in error.value.hint


def test_selectors_and_joiners_need_no_glyph(own: Desk) -> None:
    """What chooses the form of an emoji, or joins two of them, is no character of its own."""
    own.write("One 😀\ufe0f\u200d😀.")
    assert own.build().written


def test_a_pdf_tells_with_which_fonts_it_was_built(own: Desk) -> None:
    """Those of the project are among them: with others the same report is no forgery."""
    own.write("The 中.")
    (path,) = own.build(formats=("pdf",)).paths
    facts, _ = provenance.opened(content.attachment(path)[1])
    assert facts["made"]["with"]["fonts"]["fonts/boxes.ttf"] == files.digest(own.project.root / "fonts" / "boxes.ttf")


def test_another_font_is_another_page(own: Desk) -> None:
    """A page is built again when a font of the project changes."""
    own.write("The 中.")
    assert own.build(formats=("html",)).written
    assert not own.build(formats=("html",)).written
    write_font(own.project.root / "fonts" / "boxes.ttf", letters=LETTERS[:2])
    assert own.build(formats=("html",)).written


@pytest.mark.parametrize(
    ("name", "told"), [("fonts/no.ttf", "no file"), ("../x.ttf", "no file"), ("a.ttf", "can't be read")]
)
def test_what_is_no_font_is_an_error(own: Desk, name: str, told: str) -> None:
    """A file that is missing, outside the project or of another kind is named."""
    (own.project.root / "a.ttf").write_text("no font")
    project = replace(own.project, settings=replace(own.project.settings, fonts=(name,)))
    with pytest.raises(UsageError, match=f"fonts: .*{told}"):
        fonts.own_faces(project)


def test_fonts_are_a_list_of_files(tmp_path: Path) -> None:
    """The key takes a list, and says so."""
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.report]\nfonts = ["fonts/a.ttf"]\n')
    assert find(tmp_path).settings.fonts == ("fonts/a.ttf",)
    for wrong in ('"a.ttf"', "[1]"):
        path.write_text(f"[tool.report]\nfonts = {wrong}\n")
        with pytest.raises(UsageError, match="list of files"):
            find(tmp_path)


def test_figures_have_the_fonts_of_the_project(tmp_path: Path) -> None:
    """Letters of other scripts are outlines, in print, too; those that would have to be joined are refused."""
    write_font(tmp_path / "boxes.ttf", "Boxes of figures")
    with pytest.raises(ValueError, match=r"U\+4E2D"):
        to_svg(_labelled("中"))
    style.add_fonts([tmp_path / "boxes.ttf"])
    try:
        assert b"<text" not in to_svg(_labelled("中 a"))
        assert b"Boxes" not in to_svg(_labelled("a"))
        with pytest.raises(ValueError, match=r"join letters.*U\+0645"):
            to_svg(_labelled("م"))
    finally:
        del style._fonts()["Boxes of figures"]


def _labelled(words: str) -> Figure:
    with style.style():
        figure = Figure(figsize=(3, 2))
        figure.add_subplot(xlabel=words)
    return figure
