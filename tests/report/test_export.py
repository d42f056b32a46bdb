"""The same document for other programs: Word, Markdown and LaTeX."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from lxml import etree, html
from PIL import Image

from report_cli import files
from report_cli.report import provenance
from report_cli.report.build import Built
from report_cli.report.html import latex, pandoc
from tests.report.conftest import PAPER, Desk, furnish
from tests.report.html.amsmath import SET

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40"><text y="20" font-size="20">ink</text></svg>'
FRONT = """+++
title = 'Up to << value("net.accuracy")|percent >>'
subtitle = "A subtitle"
author = [{ name = "A. One", affiliation = "Institute" }]
abstract = "In *short*, $x$."
lang = "de"
+++
"""
MORE = r"""
![Ein Bild.](images/ink.svg){#fig-ink width=60% alt="A word."}

![](images/dot.jpg){alt="A dot."}

$$ \begin{align} a &= \dbinom{n}{k} \\ b &= c \end{align} $$ {#eq-two}

See @eq-two, @fig-ink and @sec-theory.
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, dict[str, Path]]:
    desk = furnish(tmp_path_factory.mktemp("export"))
    files.write_text(desk.project.images / "ink.svg", SVG)
    Image.new("RGB", (40, 20), "navy").save(desk.project.images / "dot.jpg")
    desk.write(PAPER + MORE, front=FRONT)
    return desk, paths_of(desk.build(formats=("html", "docx", "md", "tex")))


def paths_of(built: Built) -> dict[str, Path]:
    return {path.suffix[1:]: path for path in built.paths}


def part(path: Path, name: str) -> etree._Element:
    with zipfile.ZipFile(path) as package:
        return etree.fromstring(package.read(name))


def words(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).replace("\xa0", " ").split())


def kind(path: Path) -> str | None:
    with Image.open(path) as image:
        return image.format


def test_word_has_everything_as_what_it_is(exported: tuple[Desk, dict[str, Path]]) -> None:
    """Title, values, notes, formulas, tables, images with their alternative text, citations and numbers are there."""
    path = exported[1]["docx"]
    document = part(path, "word/document.xml")
    text = words(document)
    page = words(html.document_fromstring(exported[1]["html"].read_text()).find(".//main"))
    for told in ("Abbildung 1. The path of A network to 73,8 %", "Tabelle 1. Scores on drawn images.",
                 "Abbildung 2. Ein Bild.", "1.1 Accuracy of 73,8 %", "(Knuth 1984, ch. 3)", "Literatur",
                 "See Gleichung (2), Abbildung 2 and Abschnitt 1."):  # fmt: skip
        assert told in text
        assert told in page
    for told in ("Up to 73,8 %", "A subtitle", "A. One · Institute", "Deep Learning", "Zusammenfassung", "Inhalt"):
        assert told in text
    assert [e.get("descr") for e in document.iter(f"{DRAWING}docPr")] == ["A rising curve.", "A word.", "A dot."]
    assert len(list(document.iter(f"{MATH}oMathPara"))) == 3
    assert len(list(document.iter(f"{WORD}tbl"))) == 1
    assert "A note with Wx and 0,6380." in words(part(path, "word/footnotes.xml"))
    anchors = {link.get(f"{WORD}anchor") for link in document.iter(f"{WORD}hyperlink")} - {None}
    marks = {mark.get(f"{WORD}name") for mark in document.iter(f"{WORD}bookmarkStart")}
    assert {"run-net-0abc", "fig-ink", "eq-two"} <= anchors <= marks
    assert words(part(path, "docProps/core.xml")).startswith("Up to 73,8 %")


def test_markdown_and_latex_have_everything(exported: tuple[Desk, dict[str, Path]]) -> None:
    """Formulas are LaTeX, tables are tables, images lie beside, and nothing that only pages need is left."""
    folder = exported[1]["md"].parent
    markdown, tex = exported[1]["md"].read_text(), exported[1]["tex"].read_text()
    for told in ("title: Up to 73,8", "$f(x) = x^2$", "[^1]: A note with $W x$", "(Knuth 1984, ch. 3)",
                 "| A network | [1.791.786](#run-net-0abc) | **[73,8 %](#run-net-0abc)** |",
                 ": Tabelle 1. Scores on drawn images. {#tbl-results}", r"\end{aligned}\tag{2}$$",
                 '![Abbildung 2. Ein Bild.](paper.files/', '{#fig-ink alt="A word." width="60%"}'):  # fmt: skip
        assert told in re.sub("[\xa0\u202f]", " ", markdown)
    for told in (r"\title{Up to 73,8\,\%}", r"\(f(x) = x^2\)", r"\footnote{A note with \(W x\)", r"\tag{2}\]",
                 r"\begin{longtable}", r"\hyperref[run-net-0abc]{0,6380}", r"width=0.6\linewidth",
                 r"\usepackage[labelformat=empty]{caption}"):  # fmt: skip
        assert told in tex
    for text in (markdown, tex):
        assert "templates/" not in text
        assert "data-title" not in text
        assert "auto" not in text
        assert r"\begin{align}" not in text
        named = set(re.findall(r"paper\.files/([\w.-]+?\.(?:png|jpg))", text))
        assert len(named) == 3
        assert {kind(folder / "paper.files" / name) for name in named} == {"PNG", "JPEG"}
    # Every link within the file leads somewhere.
    assert set(re.findall(r"\]\(#([\w-]+)\)", markdown)) <= set(re.findall(r"\{#([\w-]+)", markdown))
    assert set(re.findall(r"\\hyperref\[([\w-]+)\]", tex)) <= set(
        re.findall(r"\\(?:label|bibitem\[.*\])\{([\w-]+)", tex)
    )


def test_letters_of_a_drawing_are_in_its_pixels(exported: tuple[Desk, dict[str, Path]]) -> None:
    """The shipped fonts are there when a drawing becomes an image."""
    (drawing,) = (path for path in (exported[1]["md"].parent / "paper.files").glob("*.png") if "fig" not in path.name)
    with Image.open(drawing) as image:
        assert image.convert("L").getextrema() == (0, 255)


def test_provenance_lies_beside(exported: tuple[Desk, dict[str, Path]]) -> None:
    """What the PDF carries lies beside the other formats, and they say so."""
    beside = exported[1]["md"].parent / "paper.files" / provenance.NAME
    assert [run["experiment"] for run in json.loads(beside.read_bytes())["runs"]] == ["net", "facts"]
    assert "liegen neben dieser Datei in `provenance.json`" in exported[1]["md"].read_text()


def test_two_builds_are_the_same_bytes(exported: tuple[Desk, dict[str, Path]]) -> None:
    """Nothing of the time of a build gets into a file; what is damaged or missing beside one is written again."""
    desk, paths = exported
    before = {name: path.read_bytes() for name, path in paths.items()}
    formats = ("docx", "md", "tex")
    assert not desk.build(formats=formats).written
    drawing = next((paths["md"].parent / "paper.files").glob("*.png"))
    pixels = drawing.read_bytes()
    drawing.unlink()
    assert not desk.build(formats=("html",)).written
    assert desk.build(formats=formats).written
    assert drawing.read_bytes() == pixels
    assert {name: path.read_bytes() for name, path in paths.items()} == before


def test_word_takes_every_formula_that_pages_take(desk: Desk) -> None:
    """Pandoc complains of none of the commands of amsmath, and none shows our own signs."""
    blocks = [
        {"t": "Para", "c": [{"t": "Math", "c": [{"t": "DisplayMath"}, latex.for_word(tex, True)]}]} for tex in SET
    ]
    tree = json.dumps({"pandoc-api-version": [1, 23], "meta": {}, "blocks": blocks})
    with zipfile.ZipFile(io.BytesIO(pandoc.write(desk.project, tree, "json", "docx"))) as package:
        text = package.read("word/document.xml").decode()
    assert text.count("<m:oMathPara>") == len(SET)
    assert not re.search("[⟦⟧]", text)
    assert text.count("⟮") == 1  # of \\lgroup


def test_no_numbered_environment_stands_within_a_formula() -> None:
    """LaTeX takes environments with numbers between no \\[ and \\]: they become those without."""
    for tex in SET:
        assert not re.search(r"\\begin\{(?:equation|align|gather|alignat|eqnarray)\*?\}", latex.for_latex(tex))


GRID = """
+-------+-------+
| head  | other |
+=======+=======+
| - one | two   |
| - six |       |
+-------+-------+

Back\\\\slash, \\$5 and a_b.
"""


def test_markdown_reads_as_the_same_again(desk: Desk) -> None:
    """Tables with lists in their cells stay tables, and what is text is no markup."""
    desk.write(GRID)
    (path,) = desk.build(formats=("md",)).paths
    again = pandoc.convert(desk.project, path.read_text(), "markdown", "html5")
    tree = html.fragment_fromstring(again, create_parent="div")
    assert [words(item) for item in tree.xpath(".//td/ul/li")] == ["one", "six"]
    assert r"Back\slash, $5 and a_b." in [words(paragraph) for paragraph in tree.iter("p")]


def test_signs_that_no_font_of_latex_has_are_formulas(desk: Desk) -> None:
    """Verdicts of claims, ticks and boxes are commands of amssymb, which the preamble loads."""
    desk.write('<% claim "large", value("facts.sum") > 40 %>It is large.<% endclaim %>\n\n- [x] done ✗\n- [ ] open\n')
    tex = desk.build(formats=("tex",)).paths[0].read_text()
    assert "amssymb" in tex.partition(r"\begin{document}")[0]
    assert not re.search("[✓✗☐☑]", tex)
    for command in ("checkmark", "times", "boxtimes", "square"):
        assert rf"\(\{command}\)" in tex


def test_room_for_answers_is_in_every_format_of_pages(desk: Desk) -> None:
    """What a student fills in has a box below each question, in Word and LaTeX, too."""
    desk.write("# A\n\n::: {.question space=30mm}\nWhy?\n:::\n\nSo.\n\n::: {.question}\nHow?\n:::\n\nThus.\n")
    paths = paths_of(desk.build(formats=("docx", "md", "tex"), view="student"))
    rows = part(paths["docx"], "word/document.xml").iter(f"{WORD}trHeight")
    assert [int(row.get(f"{WORD}val")) for row in rows] == [1701, 2835]
    assert re.findall(r"\\rule\{0pt\}\{([^}]*)\}", paths["tex"].read_text()) == ["30.0mm", "5.0cm"]
    assert "Why?" in paths["md"].read_text()
