"""Formulas: LaTeX to MathML for the screen and to SVG for print, each made once and kept under its content."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.errors import UsageError
from report_cli.project import Project
from report_cli.report.html import pandoc
from report_cli.report.html.speech import speak
from report_cli.report.text import templates
from report_cli.report.versions import version

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


Where = Callable[[Formula], str]


def typeset(project: Project, formulas: Iterable[Formula], where: Where) -> dict[Formula, Typeset]:
    """Return every formula typeset; a formula that was typeset before loads neither pandoc nor typst.

    Raises:
        UsageError: a formula is malformed (file and line in the message).
    """
    wanted = list(dict.fromkeys(formulas))
    folder = project.build / "math"
    salt = _salt(project) if wanted else ""
    found = {formula: _kept(folder / f"{_key(formula, salt)}.json") for formula in wanted}
    done = {formula: kept for formula, kept in found.items() if kept is not None}
    new = [formula for formula in wanted if formula not in done]
    for formula, made in zip(new, _make(project, new, where), strict=True):
        files.write_json(folder / f"{_key(formula, salt)}.json", asdict(made))
        done[formula] = made
    return done


def _salt(project: Project) -> str:
    font = templates.find(project, FONT)
    if font is None:
        raise UsageError(f"the font of formulas is missing: templates/{FONT}")
    made_with = [version("pypandoc_binary"), version("typst"), str(WAY), PREAMBLE, BASELINE, files.digest(font)]
    return "\0".join(made_with)


def _key(formula: Formula, salt: str) -> str:
    return sha256("\0".join((formula.tex, str(formula.display), salt)).encode()).hexdigest()[:32]


def _kept(path: Path) -> Typeset | None:
    try:
        return Typeset(**files.read_json(path))
    except (OSError, ValueError, TypeError):
        return None  # Absent or damaged: made again.


def _make(project: Project, formulas: list[Formula], where: Where) -> list[Typeset]:
    if not formulas:
        return []
    try:
        return _batch(project, formulas)
    except RuntimeError as error:  # pandoc's error, and the parent of typst's
        for formula in formulas:
            try:
                _batch(project, [formula])
            except RuntimeError as single:
                raise UsageError(f"{where(formula)}: malformed formula ${formula.tex}$: {_reason(single)}") from single
        raise UsageError(f"the formulas can't be typeset together: {_reason(error)}") from error


def _batch(project: Project, formulas: list[Formula]) -> list[Typeset]:
    parts = _pandoc(formulas, "html5", "\n<hr>\n")
    mathml = [_upright(formula, _math_element(part)) for formula, part in zip(formulas, parts, strict=True)]
    typst = [_spaced(part) for part in _pandoc(formulas, "typst", "\n#pagebreak()\n")]
    whole, above = _svgs(project, typst), _svgs(project, typst, BASELINE)
    return [
        _sized(formula, element, svg, shorter)
        for formula, element, svg, shorter in zip(formulas, mathml, whole, above, strict=True)
    ]


def _pandoc(formulas: list[Formula], target: str, between: str) -> list[str]:
    """Return each formula in the `target` format, from one call."""
    raw = {"t": "RawBlock", "c": ["html" if target == "html5" else target, between.strip()]}
    blocks: list[dict[str, Any]] = []
    for formula in formulas:
        kind = {"t": "DisplayMath" if formula.display else "InlineMath"}
        blocks += [{"t": "Para", "c": [{"t": "Math", "c": [kind, formula.tex]}]}, raw]
    tree = {"pandoc-api-version": [1, 23], "meta": {}, "blocks": blocks[:-1]}
    text = pandoc.convert(json.dumps(tree), "json", target, *(["--mathml"] if target == "html5" else []))
    parts = [part.strip() for part in text.split(between.strip())]
    if len(parts) != len(formulas):
        raise RuntimeError("it does not convert to one formula")
    return parts


def _svgs(project: Project, formulas: list[str], extra: str = "") -> list[str]:
    import typst

    source = PREAMBLE + extra + "\n#pagebreak()\n".join(formulas)
    folders = [folder / "style" / "fonts" for folder in project.template_folders]
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in folders if folder.is_dir()])
    pages = typst.compile(source.encode(), format="svg", font_paths=fonts)
    listed = pages if isinstance(pages, list) else [pages]
    if len(listed) != len(formulas):
        raise RuntimeError("it does not fit on one page")
    return [page.decode() for page in listed if page is not None]


def _math_element(paragraph: str) -> str:
    element = re.search(r"<math.*</math>", paragraph, re.DOTALL)
    if element is None:
        raise RuntimeError("pandoc made no MathML of it")
    alone = element[0].replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1)
    # A hat over one letter is as wide as it is drawn; browsers would draw it as wide as they can.
    return re.sub(r'(<mover><mi[^>]*>.</mi><mo accent="true")>', r'\1 stretchy="false">', alone)


def _upright(formula: Formula, mathml: str) -> str:
    r"""Return `mathml` with the letters of \mathbf upright, as LaTeX has them; pandoc slants them."""
    slanted = "mathbf" in formula.tex and not re.search(r"\\(boldsymbol|bm|mathbfit)\b", formula.tex)
    return mathml.translate(UPRIGHT).replace('"bold-italic"', '"bold"') if slanted else mathml


def _spaced(typst: str) -> str:
    """Return a formula with LaTeX's distance between a case and its condition."""
    return typst.replace(" & ", " & quad ") if "cases(" in typst and "\\\n" not in typst else typst


def _sized(formula: Formula, mathml: str, svg: str, shorter: str) -> Typeset:
    width, height = _box(svg)
    depth = height - _box(shorter)[1]
    if depth < -height:  # Several lines have no baseline in common, so their middle comes to the height of a minus.
        depth = height / 2 - AXIS_EM * SIZE_PT
    em = [round(length / SIZE_PT, 4) for length in (width, height, depth)]
    return Typeset(mathml, svg, speak(mathml) or formula.tex, *em)


def _box(svg: str) -> tuple[float, float]:
    match = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if match is None:
        raise RuntimeError("typst wrote an SVG without a size")
    return float(match[1]), float(match[2])


def _reason(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("unexpected", "expecting", "error"))]
    return (told or lines or ["unknown reason"])[0]
