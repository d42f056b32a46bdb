"""Formulas: LaTeX to MathML for the screen and from it to SVG for print, each made once and kept under its content."""

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import metadata
from typing import TYPE_CHECKING, Any

from report_cli import files
from report_cli.errors import Faults, UsageError
from report_cli.project import Project
from report_cli.report.html import fonts, glyphs, latex, mathml, pandoc, typst_math
from report_cli.report.html.speech import speak

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SIZE_PT = 10.0
PAD_PT = 1.0  # Ink may leave a formula's box; the page adds this much on every side and the style takes it back.
WAY = 8  # Raise it when the same formula must be made anew.
PREAMBLE = f"""\
#set page(width: auto, height: auto, margin: {PAD_PT}pt, fill: none)
#set text(size: {SIZE_PT}pt, font: "STIX Two Text", fill: rgb("#16181d"), top-edge: "bounds", bottom-edge: "bounds")
#show math.equation: set text(font: "{fonts.MATH.family}")
"""
# In the second pass a page ends at the baseline, which tells the depth. Without the wide leading, typst keeps a part
# of the depth inside the line.
BASELINE = '#set text(bottom-edge: "baseline")\n#set par(leading: 100em)\n'


@dataclass(frozen=True)
class Formula:
    """LaTeX as the author wrote it, values already in it."""

    tex: str
    display: bool


@dataclass(frozen=True)
class Typeset:
    """A formula in its two forms. Sizes are in em of the text around; `depth` is how far it goes below the baseline."""

    mathml: str
    svg: str
    words: str
    width: float
    height: float
    depth: float


def typeset(
    project: Project, formulas: Iterable[Formula], where: Callable[[Formula], str], faults: Faults
) -> dict[Formula, Typeset]:
    """Return every formula typeset; a formula that was typeset before loads neither pandoc nor typst.

    A malformed one is left out, and is among the `faults` (file and line in the message).
    """
    versions = [metadata.version(name) for name in ("pypandoc_binary", "typst")]
    salt = [*versions, str(WAY), PREAMBLE, BASELINE, files.digest(fonts.path_of(project, fonts.MATH))]
    salt += [files.digest(project.root / face.file) for face in fonts.own_faces(project)]
    paths, results = {}, {}
    for formula in dict.fromkeys(formulas):
        key = sha256("\0".join((formula.tex, str(formula.display), *salt)).encode()).hexdigest()[:32]
        paths[formula] = project.build / "math" / f"{key}.json"
        with suppress(OSError, ValueError, TypeError):  # absent or damaged: made again
            results[formula] = Typeset(**files.read_json(paths[formula]))
    new = []
    for formula in (each for each in paths if each not in results):
        if refused := latex.refusal(formula.tex):
            command, hint = refused
            faults.note(UsageError(f"{where(formula)}: a formula can't be set with {command}", hint))
        else:
            new.append(formula)
    for formula, made in _make(project, new, where, faults).items():
        files.write_json(paths[formula], asdict(made))
        results[formula] = made
    return results


def _make(
    project: Project, formulas: list[Formula], where: Callable[[Formula], str], faults: Faults
) -> dict[Formula, Typeset]:
    try:
        return dict(zip(formulas, _batch(project, formulas), strict=True)) if formulas else {}
    except RuntimeError:  # pandoc's error, and the parent of typst's
        made = {}
        for formula in formulas:
            try:
                made[formula] = _batch(project, [formula])[0]
            except RuntimeError as single:
                told = f"{where(formula)}: malformed formula ${formula.tex}$: {_reason(single)}"
                faults.note(UsageError(told))
        return made


def _batch(project: Project, formulas: list[Formula]) -> list[Typeset]:
    from lxml import etree

    math, font = to_mathml(project, formulas), fonts.path_of(project, fonts.MATH)
    equations = [typst_math.write(each) for each in math]
    typeset = []
    for formula, element, svg, shorter in zip(
        formulas, math, _svgs(project, equations), _svgs(project, equations, BASELINE), strict=True
    ):
        markup = etree.tostring(element, encoding="unicode", method="html")
        width, height = _size_pt(svg)
        depth = height - _size_pt(shorter)[1]
        em = [round(length / SIZE_PT, 4) for length in (width, height, depth)]
        # What is searched for has a plain comma in a number; TeX has it so that no space comes behind it.
        text = " ".join(formula.tex.replace("{,}", ",").split())
        svg = glyphs.set_letters(svg, text, font, SIZE_PT)
        typeset.append(Typeset(markup, svg, speak(markup) or formula.tex, *em))
    return typeset


def to_mathml(project: Project, formulas: list[Formula]) -> "list[Element]":
    """Return each formula in MathML, from one call of pandoc."""
    blocks: list[dict[str, Any]] = []
    for formula in formulas:
        is_high = latex.is_display(formula.tex, formula.display)
        kind = {"t": "DisplayMath" if is_high else "InlineMath"}
        math = {"t": "Math", "c": [kind, latex.readable(formula.tex, is_high)]}
        blocks.append({"t": "Para", "c": [math]})
    tree = {"pandoc-api-version": [1, 23], "meta": {}, "blocks": blocks}
    text = pandoc.convert(project, json.dumps(tree), "json", "html5", "--mathml")
    elements = re.findall(r"<math.*?</math>", text, re.DOTALL)
    if len(elements) != len(formulas):
        raise RuntimeError("it does not convert to one formula")
    return [mathml.finish(e, f.tex, display=f.display) for e, f in zip(elements, formulas, strict=True)]


def _svgs(project: Project, formulas: list[str], extra: str = "") -> list[str]:
    import typst

    source = PREAMBLE + extra + "\n#pagebreak()\n".join(formulas)
    pages = typst.compile(source.encode(), format="svg", font_paths=fonts.for_typst(project))
    svgs = [page.decode() for page in (pages if isinstance(pages, list) else [pages]) if page is not None]
    if len(svgs) != len(formulas):
        raise RuntimeError("it does not fit on one page")
    return svgs


def _size_pt(svg: str) -> tuple[float, float]:
    match = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if match is None:
        raise RuntimeError("typst wrote an SVG without a size")
    return float(match[1]), float(match[2])


def _reason(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("unexpected", "expecting", "error"))]
    return (reasons or lines or ["unknown reason"])[0]
