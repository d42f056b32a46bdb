"""The shipped fonts: whole for print, cut down to the used characters for the one-file HTML."""

import base64
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.errors import ReportError
from report_cli.project import Project
from report_cli.report.text import templates

# Figures name the sans by its own name, so print knows it under both.
FIGURE_FAMILY = "Source Sans 3"
# Always embedded, so that an edit of the text rarely asks for a new cut, which takes seconds.
COMMON = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x100)])) + "‐–—‘’“”…•−×⁰¹²³⁴⁵⁶⁷⁸⁹⁻→≈≤≥\u202f"
# A browser draws a one-letter identifier of a formula with the italic letter of Unicode's mathematical block.
ITALIC = [*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)]
GREEK = [*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)]
FORMULAS = "".join(map(chr, ITALIC + GREEK)) + "∑∏∂∇∈∞√∗⋅⋯⋮⌊⌋⌈⌉∥⊤ℝ∘⊙′±∼≔"


@dataclass(frozen=True)
class Face:
    """One font file and the name that style sheets call it by. Never "Sans" or "Serif": fontconfig aliases those."""

    family: str
    file: str
    weight: int = 400
    style: str = "normal"


FACES = (
    Face("Report Serif", "STIXTwoText-Regular.otf"),
    Face("Report Serif", "STIXTwoText-Italic.otf", style="italic"),
    Face("Report Serif", "STIXTwoText-SemiBold.otf", weight=600),
    Face("Report Math", "STIXTwoMath-Regular.otf"),
    Face("Report Sans", "SourceSans3-Regular.ttf"),
    Face("Report Sans", "SourceSans3-It.ttf", style="italic"),
    Face("Report Sans", "SourceSans3-Semibold.ttf", weight=600),
    Face("Report Mono", "SourceCodePro-Regular.ttf"),
)
FIGURE_FACES = (
    Face(FIGURE_FAMILY, "SourceSans3-Regular.ttf"),
    Face(FIGURE_FAMILY, "SourceSans3-It.ttf", style="italic"),
    Face(FIGURE_FAMILY, "SourceSans3-Bold.ttf", weight=700),
)


def for_print(project: Project, base: str) -> tuple[str, dict[str, bytes]]:
    """Return the font rules for print, addresses below `base`, and the files they name."""
    faces = FACES + FIGURE_FACES
    rules = "".join(_rule(face, f"{base}fonts/{face.file}") for face in faces)
    return rules, {f"fonts/{face.file}": _path(project, face).read_bytes() for face in faces}


def for_typst(project: Project) -> Any:
    """Return the shipped fonts, and no other, in the form that typst takes."""
    import typst

    folders = [folder / "style" / "fonts" for folder in project.template_folders]
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in folders if folder.is_dir()])


def for_screen(project: Project, text: str) -> str:
    """Return font rules with the characters of `text` embedded as WOFF2; a known subset comes from the cache."""
    return "".join(
        _cut(project, face, {*_printable(text), *COMMON, *(FORMULAS if face.family == "Report Math" else "")})
        for face in FACES
    )


def for_drawing(project: Project, text: str) -> str:
    """Return font rules with the characters of `text` in the faces of figures."""
    return "".join(_cut(project, face, _printable(text)) for face in FIGURE_FACES)


def _cut(project: Project, face: Face, characters: set[str]) -> str:
    # A character that a face hasn't got is no reason to cut it anew.
    subset = _subset(project, _path(project, face), "".join(sorted(characters & _font(project, face).keys())))
    return _rule(face, "data:font/woff2;base64," + base64.b64encode(subset).decode())


def widths(project: Project, texts: Collection[str]) -> dict[str, float]:
    """Return how wide each text is in the sans of tables, in em; digits are equally wide."""
    advances = _font(project, next(face for face in FACES if face.family == "Report Sans"))
    return {text: sum(advances.get(character, advances["0"]) for character in text) for text in texts}


def without_glyph(project: Project, text: str, faces: Sequence[Face] = FACES) -> list[str]:
    """Return the characters of `text` that none of the fonts can show, each once."""
    unknown = _printable(text)
    for face in faces:
        unknown = unknown.difference(_font(project, face))
    return sorted(unknown)


def _printable(text: str) -> set[str]:
    return {character for character in set(text) if character.isprintable()}


def _rule(face: Face, address: str) -> str:
    return (
        f'@font-face{{font-family:"{face.family}";font-weight:{face.weight};font-style:{face.style};'
        f'src:url("{address}")}}\n'
    )


def _path(project: Project, face: Face) -> Path:
    path = templates.find(project, f"style/fonts/{face.file}")
    if path is None:
        raise ReportError(f"a font is missing: templates/style/fonts/{face.file}", "restore the file")
    return path


def _font(project: Project, face: Face) -> dict[str, float]:
    """Return the characters of a font and how far each advances, in em."""
    path = _path(project, face)
    return _advances(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=len(FACES + FIGURE_FACES))
def _advances(path: Path, mtime_ns: int) -> dict[str, float]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        metrics, unit = font["hmtx"], font["head"].unitsPerEm
        return {chr(code): metrics[glyph][0] / unit for code, glyph in font.getBestCmap().items()}


def _subset(project: Project, path: Path, characters: str) -> bytes:
    """Return the font with these characters alone, as WOFF2; cutting it takes seconds, so each cut is kept."""
    inputs = "\0".join((files.digest(path), characters, metadata.version("fonttools")))
    path_of_cut = project.build / "fonts" / f"{sha256(inputs.encode()).hexdigest()[:32]}.woff2"
    if path_of_cut.is_file():
        return path_of_cut.read_bytes()
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["*"]
    options.hinting = False
    # A changed font may not go by a reserved name, so a subset has none; the style sheet names it.
    options.name_IDs = []
    options.notdef_outline = True
    out = io.BytesIO()
    # Otherwise the time of cutting gets into the file, and no two reports are the same bytes.
    with TTFont(path, lazy=True, recalcTimestamp=False) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=characters)
        cutter.subset(font)
        font.flavor = "woff2"
        font.save(out)
    files.write_bytes(path_of_cut, out.getvalue())
    return out.getvalue()
