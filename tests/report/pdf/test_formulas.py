"""Formulas in print: what is found, what is tagged, what is drawn."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from report_cli.report.pdf import content
from tests.report.conftest import Desk
from tests.report.judges import judge

TEXT = r"""# A

Not told apart ($p = 0.435$), of $1{,}234$ images, by $x^{23}$ and by $x^2 3$.

$$ Y_{ij} = \left(\sum_{k=1}^{12} \frac{x_k}{\sqrt{7.5}}\right) + \begin{bmatrix} 18 & 24 \end{bmatrix} $$ {#eq-a}
"""


@pytest.fixture
def path(desk: Desk) -> Path:
    desk.write(TEXT)
    return desk.build(formats=("pdf",)).paths[0]


def tagged(element: Any, kind: str) -> Iterator[Any]:
    kids = element.get("/K", ())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/StructElem":
            yield from [kid] if kind == kid.S else tagged(kid, kind)


def test_formulas_are_found_and_copied_where_they_stand(path: Path) -> None:
    """A formula is text of its line: its TeX, in which numbers are as readers type them."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "Not told apart (p = 0.435), of 1,234 images, by x^{23}" in " ".join(text.split())
    assert r"\frac{x_k}{\sqrt{7.5}}" in text
    assert "18 & 24" in text


def test_formulas_are_tagged_as_formulas(path: Path) -> None:
    """Each is a Formula with its words, and none is a Figure."""
    with pikepdf.open(path) as pdf:
        words = [str(formula.Alt) for formula in tagged(pdf.Root.StructTreeRoot, "/Formula")]
        assert not list(tagged(pdf.Root.StructTreeRoot, "/Figure"))
    assert words[0] == "p equals 0.435"
    assert len(words) == 5


def test_formulas_are_letters_of_their_font(path: Path) -> None:
    """What is drawn as letters has the weight of the text at any resolution; outlines don't."""
    with pikepdf.open(path) as pdf:
        drawn = [str(each.operator) for each in pikepdf.parse_content_stream(pdf.pages[0])]
        fonts = [str(font.BaseFont) for font in pdf.pages[0].Resources.Font.values()]
    assert "c" not in drawn  # a curve
    assert any(font.endswith("Report-Math") for font in fonts)


def test_where_a_letter_stands_is_part_of_a_formula(path: Path) -> None:
    """A power that was set down is another formula, although its letters are the same."""
    shown = content.read(path.read_bytes(), path.name)
    power, product = [piece for piece in shown.text if piece.kind == "picture"][2:4]
    assert power.target != product.target


def test_text_in_place_of_what_is_shown_is_read(path: Path) -> None:
    """A number that is copied as another one is a difference."""
    before = content.read(path.read_bytes(), path.name)
    with pikepdf.open(path) as pdf:
        page = pdf.pages[0]
        streams = page.obj.Contents
        whole = b"\n".join(s.read_bytes() for s in (streams if isinstance(streams, pikepdf.Array) else [streams]))
        assert b"(p = 0.435)" in whole
        page.obj.Contents = pdf.make_stream(whole.replace(b"(p = 0.435)", b"(p = 0.035)"))
        out = io.BytesIO()
        pdf.save(out)
    after = content.read(out.getvalue(), path.name)
    assert [p.same for p in before.text] != [p.same for p in after.text]


@pytest.mark.parametrize("flavour", ["ua1", "3a"])
def test_formulas_pass_the_validator(path: Path, flavour: str) -> None:
    """Formulas of letters, with lines and with text in their place, are valid PDF/UA-1 and PDF/A-3a."""
    result = judge("verapdf.sh", flavour, path)
    assert result.returncode == 0, result.stdout
