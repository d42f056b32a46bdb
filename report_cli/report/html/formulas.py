"""Formulas: LaTeX to MathML for the screen and to SVG for print, each made once and kept under its content."""

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import metadata
from typing import Any

from report_cli import files
from report_cli.errors import UsageError
from report_cli.project import Project
from report_cli.report.html import pandoc
from report_cli.report.html.speech import speak
from report_cli.report.text import templates

FONT = "style/fonts/STIXTwoMath-Regular.otf"
SIZE_PT = 10.0
PAD_PT = 1.0  # Ink may leave a formula's box; the page adds this much on every side and the style takes it back.
AXIS_EM = 0.25
WAY = 4  # Raise it when the same formula must be made anew.
PREAMBLE = f"""\
#set page(width: auto, height: auto, margin: {PAD_PT}pt)
#set text(size: {SIZE_PT}pt, font: "STIX Two Text", fill: rgb("#16181d"), top-edge: "bounds", bottom-edge: "bounds")
#show math.equation: set text(font: "STIX Two Math")
#set math.mat(column-gap: 0.8em, row-gap: 0.35em)
#set math.vec(gap: 0.35em)
#set math.cases(gap: 0.4em)
"""
# In the second pass a page ends at the baseline, which tells the depth. Without the wide leading, typst keeps a part
# of the depth inside the line.
BASELINE = '#set text(bottom-edge: "baseline")\n#set par(leading: 100em)\n'
UPRIGHT = {0x1D468 + letter: 0x1D400 + letter for letter in range(52)}  # bold letters, from slanted to upright


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


def typeset(project: Project, formulas: Iterable[Formula], where: Callable[[Formula], str]) -> dict[Formula, Typeset]:
    """Return every formula typeset; a formula that was typeset before loads neither pandoc nor typst.

    Raises:
        UsageError: a formula is malformed (file and line in the message).
    """
    font = templates.find(project, FONT)
    if font is None:
        raise UsageError(f"the font of formulas is missing: templates/{FONT}")
    versions = [metadata.version(name) for name in ("pypandoc_binary", "typst")]
    salt = [*versions, str(WAY), PREAMBLE, BASELINE, files.digest(font)]
    paths, results = {}, {}
    for formula in dict.fromkeys(formulas):
        key = sha256("\0".join((formula.tex, str(formula.display), *salt)).encode()).hexdigest()[:32]
        paths[formula] = project.build / "math" / f"{key}.json"
        with suppress(OSError, ValueError, TypeError):  # absent or damaged: made again
            results[formula] = Typeset(**files.read_json(paths[formula]))
    new = [formula for formula in paths if formula not in results]
    for formula, made in zip(new, _make(project, new, where), strict=True):
        files.write_json(paths[formula], asdict(made))
        results[formula] = made
    return results


def _make(project: Project, formulas: list[Formula], where: Callable[[Formula], str]) -> list[Typeset]:
    try:
        return _batch(project, formulas) if formulas else []
    except RuntimeError as error:  # pandoc's error, and the parent of typst's
        for formula in formulas:
            try:
                _batch(project, [formula])
            except RuntimeError as single:
                raise UsageError(f"{where(formula)}: malformed formula ${formula.tex}$: {_reason(single)}") from single
        raise UsageError(f"the formulas can't be typeset together: {_reason(error)}") from error


def _batch(project: Project, formulas: list[Formula]) -> list[Typeset]:
    typst = _convert(project, formulas, "typst", "#pagebreak()")
    # LaTeX's distance between a case and its condition.
    typst = [f.replace(" & ", " & quad ") if "cases(" in f and "\\\n" not in f else f for f in typst]
    typeset = []
    for formula, element, svg, shorter in zip(
        formulas,
        _convert(project, formulas, "html5", "<hr>"),
        _svgs(project, typst),
        _svgs(project, typst, BASELINE),
        strict=True,
    ):
        mathml = _mathml(formula, element)
        width, height = _size_pt(svg)
        depth = height - _size_pt(shorter)[1]
        if depth < -height:  # Several lines have no baseline in common, so their middle comes to the height of a minus.
            depth = height / 2 - AXIS_EM * SIZE_PT
        em = [round(length / SIZE_PT, 4) for length in (width, height, depth)]
        typeset.append(Typeset(mathml, svg, speak(mathml) or formula.tex, *em))
    return typeset


def _convert(project: Project, formulas: list[Formula], target: str, between: str) -> list[str]:
    """Return each formula in the `target` format, from one call of pandoc."""
    raw = {"t": "RawBlock", "c": ["html" if target == "html5" else target, between]}
    blocks: list[dict[str, Any]] = []
    for formula in formulas:
        kind = {"t": "DisplayMath" if formula.display else "InlineMath"}
        blocks += [{"t": "Para", "c": [{"t": "Math", "c": [kind, formula.tex]}]}, raw]
    tree = {"pandoc-api-version": [1, 23], "meta": {}, "blocks": blocks[:-1]}
    text = pandoc.convert(project, json.dumps(tree), "json", target, *(["--mathml"] if target == "html5" else []))
    parts = [part.strip() for part in text.split(between)]
    if len(parts) != len(formulas):
        raise RuntimeError("it does not convert to one formula")
    return parts


def _svgs(project: Project, formulas: list[str], extra: str = "") -> list[str]:
    import typst

    source = PREAMBLE + extra + "\n#pagebreak()\n".join(formulas)
    folders = [folder / "style" / "fonts" for folder in project.template_folders]
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in folders if folder.is_dir()])
    pages = typst.compile(source.encode(), format="svg", font_paths=fonts)
    svgs = [page.decode() for page in (pages if isinstance(pages, list) else [pages]) if page is not None]
    if len(svgs) != len(formulas):
        raise RuntimeError("it does not fit on one page")
    return svgs


def _mathml(formula: Formula, paragraph: str) -> str:
    element = re.search(r"<math.*</math>", paragraph, re.DOTALL)
    if element is None:
        raise RuntimeError("pandoc made no MathML of it")
    mathml = element[0].replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1)
    # A hat over one letter is as wide as it is drawn; browsers would draw it as wide as they can.
    mathml = re.sub(r'(<mover><mi[^>]*>.</mi><mo accent="true")>', r'\1 stretchy="false">', mathml)
    if "mathbf" in formula.tex and not re.search(r"\\(boldsymbol|bm|mathbfit)\b", formula.tex):
        # LaTeX has the letters of \mathbf upright; pandoc slants them.
        mathml = mathml.translate(UPRIGHT).replace('"bold-italic"', '"bold"')
    return mathml


def _size_pt(svg: str) -> tuple[float, float]:
    match = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if match is None:
        raise RuntimeError("typst wrote an SVG without a size")
    return float(match[1]), float(match[2])


def _reason(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("unexpected", "expecting", "error"))]
    return (reasons or lines or ["unknown reason"])[0]
