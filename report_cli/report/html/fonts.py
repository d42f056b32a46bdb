"""The fonts of pages: the shipped ones, whole for print and cut down to the used characters for the one-file HTML,
and behind them those that the project adds for other scripts, cut down for both."""

import base64
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.errors import UsageError
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

EMOJI = "emoji"
# Chooses one of several forms of the character before it.
SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
NO_FONT_HINT = (
    'write it in another way, or add a font that has it: fonts = ["fonts/NAME.ttf"] in [tool.report] of pyproject.toml'
)


@dataclass(frozen=True)
class Face:
    """One font file and the name that style sheets call it by. Never "Sans" or "Serif": fontconfig aliases those.

    The `file` of one that the project adds (`is_own`) is named from the project's folder on.
    """

    family: str
    file: str
    weight: int = 400
    style: str = "normal"
    is_own: bool = False


MATH = Face("Report Math", "STIXTwoMath-Regular.otf")
FACES = (
    Face("Report Serif", "STIXTwoText-Regular.otf"),
    Face("Report Serif", "STIXTwoText-Italic.otf", style="italic"),
    Face("Report Serif", "STIXTwoText-SemiBold.otf", weight=600),
    MATH,
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


def for_print(project: Project, base: str, text: str) -> tuple[str, dict[str, bytes]]:
    """Return the font rules for print, addresses below `base`, and the files they name."""
    contents = {face: path_of(project, face).read_bytes() for face in FACES + FIGURE_FACES}
    contents |= _own_cuts(project, text, keeps_ids=True)
    names = {face: f"fonts/{number}-{Path(face.file).name}" for number, face in enumerate(contents)}
    # Pango asks for emoji by this name, and would otherwise take those of the machine.
    emoji = {replace(face, family=EMOJI): name for face, name in names.items() if face.is_own}
    rules = "".join(_rule(face, base + name) for face, name in (names | emoji).items())
    return rules + _fallbacks(contents), {names[face]: content for face, content in contents.items()}


def for_typst(project: Project) -> Any:
    """Return the shipped fonts and those of the project, and no other, in the form that typst takes."""
    import typst

    folders = [folder / "style" / "fonts" for folder in project.template_folders] + [_tight(project)]
    # What the first fonts haven't got, typst takes from any other that it is given.
    folders += [(project.root / name).parent for name in project.settings.fonts]
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in folders if folder.is_dir()])


def _tight(project: Project) -> Path:
    """Return the folder of the math font as formulas are set with it: no letter pushes its scripts away, as in LaTeX.

    The font moves a script with a high letter or a capital away from Y, r and others. Its name there is that of MATH.
    """
    path = path_of(project, MATH)
    folder = project.build / "fonts" / f"tight-{files.digest(path)[:16]}"
    if not (folder / MATH.file).is_file():
        from fontTools.ttLib import TTFont

        out = io.BytesIO()
        with TTFont(path, lazy=True, recalcTimestamp=False) as font:
            for record in font["MATH"].table.MathGlyphInfo.MathKernInfo.MathKernInfoRecords:
                for corner in vars(record).values():
                    for kern in corner.KernValue if corner else ():
                        kern.Value = min(kern.Value, 0)
            for name in font["name"].names:
                if name.nameID in (1, 16):
                    name.string = MATH.family
            font.save(out)
        files.write_bytes(folder / MATH.file, out.getvalue())
    return folder


def digests(project: Project) -> dict[str, str]:
    """Return the sha256 of each font file that pages are laid out with, those of the project among them."""
    return {face.file: files.digest(path_of(project, face)) for face in FACES + FIGURE_FACES + own_faces(project)}


def for_screen(project: Project, text: str) -> str:
    """Return font rules with the characters of `text` embedded as WOFF2; a known subset comes from the cache."""
    shown = _visible(text)
    cuts = {face: _cut(project, face, {*shown, *COMMON, *(FORMULAS if face == MATH else "")}) for face in FACES}
    return _embedded(cuts | _own_cuts(project, text))


def for_drawing(project: Project, text: str) -> str:
    """Return font rules with the characters of `text` in the faces of figures."""
    return _embedded({face: _cut(project, face, _visible(text)) for face in FIGURE_FACES} | _own_cuts(project, text))


def own_faces(project: Project) -> tuple[Face, ...]:
    """Return the fonts that the project adds.

    Raises:
        UsageError: one is no font, or no file of the project.
    """
    faces = []
    for name in project.settings.fonts:
        path = project.root / name
        if not path.is_file() or not path.resolve().is_relative_to(project.root.resolve()):
            raise UsageError(f"[tool.report] fonts: {name!r} is no file of the project", "name it from its folder on")
        faces.append(replace(_described(path, path.stat().st_mtime_ns), file=name))
    return tuple(faces)


@lru_cache
def _described(path: Path, mtime_ns: int) -> Face:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=0) as font:
            name = str(font["name"].getBestFamilyName() or path.stem)
            weight = 600 if font["OS/2"].usWeightClass >= 600 else 400
            style = "italic" if font["head"].macStyle & 2 else "normal"
    except (TTLibError, KeyError, OSError, ValueError, ImportError) as error:
        hint = "a font is a TTF, OTF, TTC, WOFF or WOFF2 file"
        raise UsageError(f"[tool.report] fonts: {path.name} can't be read: {error}", hint) from error
    return Face("Report Own " + re.sub(r"[^\w ]", "", name), path.name, weight, style, is_own=True)


def _own_cuts(project: Project, text: str, *, keeps_ids: bool = False) -> dict[Face, bytes]:
    """Return the project's fonts that `text` needs, cut down to those characters that no shipped font has."""
    # A selector asks for the form in colours, which no shipped font has.
    rare = {*without_glyph(project, text, FACES, own=False), *re.findall("(.)\ufe0f", text)}
    if not rare:
        return {}
    # Joiners and accents belong to the letters beside them, and so may a space between two of their words.
    rare |= {" "} | {character for character in set(text) if unicodedata.category(character) in ("Cf", "Mn", "Mc")}
    faces = [face for face in own_faces(project) if (rare - {" "}) & _font(project, face).keys()]
    return {face: _cut(project, face, rare, keeps_ids=keeps_ids) for face in faces}


def _cut(project: Project, face: Face, characters: set[str], *, keeps_ids: bool = False) -> bytes:
    # A character that a face hasn't got is no reason to cut it anew.
    wanted = "".join(sorted(characters & _font(project, face).keys()))
    return _subset(project, path_of(project, face), wanted, keeps_ids=keeps_ids)


def _embedded(cuts: Mapping[Face, bytes]) -> str:
    addresses = {face: "data:font/woff2;base64," + base64.b64encode(cut).decode() for face, cut in cuts.items()}
    return "".join(_rule(face, address) for face, address in addresses.items()) + _fallbacks(cuts)


def _fallbacks(faces: Iterable[Face]) -> str:
    """Return the rule that puts the project's fonts behind the shipped ones of each voice."""
    families = dict.fromkeys(f'"{face.family}"' for face in faces if face.is_own)
    return f":root{{--own:{','.join(families)}}}\n" if families else ""


def widths(project: Project, texts: Collection[str]) -> dict[str, float]:
    """Return how wide each text is in the sans of tables, in em; digits are equally wide."""
    advances = _font(project, next(face for face in FACES if face.family == "Report Sans"))
    return {text: sum(advances.get(character, advances["0"]) for character in text) for text in texts}


def without_glyph(project: Project, text: str, faces: Sequence[Face] = FACES, *, own: bool = True) -> list[str]:
    """Return the characters of `text` that none of these fonts, nor one of the project's `own`, can show, each once."""
    unknown = _visible(text)
    for face in (*faces, *(own_faces(project) if own else ())):
        unknown = unknown.difference(_font(project, face))
    return sorted(unknown)


def _visible(text: str) -> set[str]:
    """Return the characters of a text that need a glyph: no controls, joiners and selectors."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {each for each in set(text) if unicodedata.category(each) not in hidden and not SELECTOR.match(each)}


def _rule(face: Face, address: str) -> str:
    return (
        f'@font-face{{font-family:"{face.family}";font-weight:{face.weight};font-style:{face.style};'
        f'src:url("{address}")}}\n'
    )


def path_of(project: Project, face: Face) -> Path:
    """Return the file of a face; UsageError where it is missing."""
    return project.root / face.file if face.is_own else templates.require(project, f"style/fonts/{face.file}")


def _font(project: Project, face: Face) -> dict[str, float]:
    """Return the characters of a font and how far each advances, in em."""
    path = path_of(project, face)
    return _advances(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _advances(path: Path, mtime_ns: int) -> dict[str, float]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True, fontNumber=0) as font:
        metrics, unit = font["hmtx"], font["head"].unitsPerEm
        return {chr(code): metrics[glyph][0] / unit for code, glyph in font.getBestCmap().items()}


def _subset(project: Project, path: Path, characters: str, *, keeps_ids: bool) -> bytes:
    """Return the font with these characters alone, as WOFF2; cutting it takes seconds, so each cut is kept.

    A PDF names the glyphs of fonts for Chinese and Japanese by numbers, which `keeps_ids` keeps.
    """
    inputs = "\0".join((files.digest(path), characters, metadata.version("fonttools"), "ids" * keeps_ids))
    path_of_cut = project.build / "fonts" / f"{sha256(inputs.encode()).hexdigest()[:32]}.woff2"
    if path_of_cut.is_file():
        return path_of_cut.read_bytes()
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["*"]
    options.hinting = False
    options.retain_gids = keeps_ids
    # A changed font may not go by a reserved name, so a subset has none; the style sheet names it.
    options.name_IDs = []
    options.notdef_outline = True
    out = io.BytesIO()
    # Otherwise the time of cutting gets into the file, and no two reports are the same bytes.
    with TTFont(path, lazy=True, recalcTimestamp=False, fontNumber=0) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=characters)
        cutter.subset(font)
        font.flavor = "woff2"
        font.save(out)
    files.write_bytes(path_of_cut, out.getvalue())
    return out.getvalue()
