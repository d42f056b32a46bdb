"""A finished page for other programs: Word, pandoc's Markdown and LaTeX, each from the same tree by pandoc's writer."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from report_cli.errors import ReportError
from report_cli.project import Project
from report_cli.report.html import fonts, latex, pandoc
from report_cli.report.html.compose import ASSETS, AT, NAMED, Body
from report_cli.report.html.formulas import Formula

# Markdown that other programs read, too: formulas between $, tables of | but for cells with lists, no HTML, no block
# that only pandoc knows.
MARKDOWN = (
    "markdown-raw_html-raw_attribute-native_divs-native_spans-fenced_divs-bracketed_spans"
    "-simple_tables-multiline_tables-smart"
)
WRITERS = {"docx": "docx", "md": MARKDOWN, "tex": "latex"}
# What keeps its label in such Markdown.
LABELLED = ("Header", "Table", "CodeBlock", "Code")
# Captions have their numbers already.
NO_NUMBERS = r"--variable=header-includes:\usepackage[labelformat=empty]{caption}"
# Four pixels a point: 1,600 on a column of 140 mm.
RESOLUTION_PPI = 288
SVG = ".svg"
# What the fonts of LaTeX have as formulas alone.
CHECKS = {"✓": r"\checkmark", "✗": r"\times", "☑": r"\boxtimes", "☐": r"\square"}
CHECK = re.compile(f"([{''.join(CHECKS)}])")
HEIGHT = re.compile(r"height:([\d.]+)(cm|mm)")
# Word counts in twentieths of a point.
TWIPS = {"cm": 1440 / 2.54, "mm": 144 / 2.54}
ROOM = (
    '<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{}</w:tblBorders></w:tblPr><w:tr><w:trPr>'
    '<w:trHeight w:val="{}"/></w:trPr><w:tc><w:p/></w:tc></w:tr></w:tbl>'
).format("".join(f'<w:{side} w:val="single" w:sz="4"/>' for side in ("top", "left", "bottom", "right")), "{:.0f}")
WIDTH = re.compile(r"width:([\d.]+%)")
ALIGNMENTS = {"right": "AlignRight", "center": "AlignCenter"}


def write(
    project: Project, page: str, body: Body, formats: Sequence[str], contents: str, folder: str
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return each of the `formats` of a page for print, and their images, which they look for in `folder`.

    `contents` is the title of its contents.

    Raises:
        ReportError: pandoc can't write something of the page in one of the formats.
    """
    # Pandoc takes what is in <main> for the whole page, and a <header> for its own.
    page = re.sub(
        rf"(</?)(?:main|header)\b| (?:{AT}|{NAMED})=\"[^\"]*\"", lambda tag: f"{tag[1]}div" if tag[1] else "", page
    )
    text = pandoc.convert(project, page, "html", "json")
    made, beside = dict[str, bytes](), dict[str, bytes]()
    for name in formats:
        document = json.loads(text)
        kept = set(_labels(document["blocks"])) if name == "md" else None
        tree = _Tree(project, name, body, folder, kept)
        blocks = tree.walk(document["blocks"])
        beside |= tree.beside
        written = json.dumps(document | {"blocks": blocks, "meta": tree.meta | {"lang": document["meta"]["lang"]}})
        options = ["--standalone", "--shift-heading-level-by=-1"]
        options += [NO_NUMBERS] if name == "tex" else []
        if contents and name != "md":
            options += ["--table-of-contents", "--toc-depth=2", f"--metadata=toc-title:{contents}"]
        try:
            made[name] = pandoc.write(project, written, "json", WRITERS[name], *options)
        except RuntimeError as error:
            raise ReportError(f"the {name} can't be written: {' '.join(str(error).split())}") from error
    return made, beside


def _labels(node: Any) -> Iterator[str]:
    """Yield the labels that Markdown keeps."""
    if isinstance(node, dict):
        if node.get("t") in LABELLED or _is_image(node):
            yield next(attributes for attributes in node["c"] if isinstance(attributes, list))[0]
        yield from _labels(node.get("c"))
    elif isinstance(node, list):
        for each in node:
            yield from _labels(each)


def _is_image(node: dict[str, Any]) -> bool:
    """Return whether `node` is a figure of a single image: Markdown has captions for no other."""
    match node:
        case {"t": "Figure", "c": [_, _, [{"t": "Plain", "c": [{"t": "Image"}]}]]}:
            return True
    return False


@dataclass
class _Tree:
    """Pandoc's tree of a page, made into that of one format; links to labels that are not `kept` become text.

    `beside` gets the images that lie beside it, in `folder`.
    """

    project: Project
    format: str
    body: Body
    folder: str
    kept: set[str] | None
    meta: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, bytes] = field(default_factory=dict)

    def walk(self, node: Any) -> Any:
        """Return `node` with formulas, notes, images and columns as what they are, without what only styles need."""
        if isinstance(node, list):
            return [part for each in node for part in self._parts(self.walk(each))]
        if not isinstance(node, dict):
            return node
        return self._as_it_is({key: self.walk(each) for key, each in node.items()})

    def _as_it_is(self, node: dict[str, Any]) -> dict[str, Any]:
        match node:
            case {"t": "Image" | "Code" | "Span"}:
                return self._inline(node)
            case {"t": "Header", "c": [1, _, title]}:
                self.meta["title"] = {"t": "MetaInlines", "c": title}
                return {"t": "Plain", "c": []}
            case {"t": "Plain" | "Para", "c": [{"t": "Math", "c": [kind, tex]}, {"t": "Str", "c": number}]} if (
                kind["t"] == "DisplayMath"
            ):
                tag = rf"\qquad\text{{{number}}}" if self.format == "docx" else rf"\tag{{{number.strip('()')}}}"
                return {"t": "Para", "c": [{"t": "Math", "c": [kind, tex + tag]}]}
            case {
                "t": "Div",
                "c": [[label, ["csl-entry", *_], _], [{"t": "Div", "c": number}, {"t": "Div", "c": entry}]],
            }:
                inside = [*number[1][0]["c"], {"t": "Space"}, *entry[1][0]["c"]]
                return {"t": "Div", "c": [[label, ["csl-entry"], []], [{"t": "Para", "c": inside}]]}
            case {"t": "Div", "c": [["", ["space"], [["style", style]]], _]} if room := HEIGHT.fullmatch(style):
                return self._room(float(room[1]), room[2])
            case {"t": "CodeBlock", "c": [[label, classes, attributes], code]}:
                return {"t": "CodeBlock", "c": [[label, [c for c in classes if c != "sourceCode"], attributes], code]}
            case {"t": "Figure", "c": [_, [_, caption], parts]} if self.format == "md" and not _is_image(node):
                return {"t": "Div", "c": [["", [], []], [*parts, *caption]]}
            case {"t": "Table", "c": [_, _, columns, _, [[_, _, _, [[_, cells], *_]], *_], _]}:
                for column, (attributes, *_) in zip(columns, cells, strict=False):
                    column[0] = {"t": next((ALIGNMENTS[c] for c in attributes[1] if c in ALIGNMENTS), "AlignDefault")}
        return node

    def _room(self, height: float, unit: str) -> dict[str, Any]:
        """Return room for an answer; Markdown has none."""
        if self.format == "docx":
            return {"t": "RawBlock", "c": ["openxml", ROOM.format(height * TWIPS[unit])]}
        if self.format == "tex":
            return {
                "t": "RawBlock",
                "c": ["latex", rf"\noindent\fbox{{\rule{{0pt}}{{{height}{unit}}}\hspace{{0.98\linewidth}}}}"],
            }
        return {"t": "Plain", "c": []}

    def _inline(self, node: dict[str, Any]) -> dict[str, Any]:
        match node:
            case {"t": "Span", "c": [[_, ["fn"], _], note]}:
                return {"t": "Note", "c": [{"t": "Para", "c": note}]}
            case {"t": "Code", "c": [[label, *_], code]} if label and self.format != "md":
                return {"t": "Span", "c": [[label, [], []], [{"t": "Code", "c": [["", [], []], code]}]]}
            case {"t": "Image", "c": [[label, classes, attributes], alt, [address, title]]}:
                name = address.removeprefix(ASSETS)
                if name in self.body.formulas:
                    return self._formula(self.body.formulas[name])
                width = [["width", share[1]] for _, text in attributes if (share := WIDTH.fullmatch(text))]
                return {"t": "Image", "c": [[label, classes, width], alt, [self._image(name), title]]}
        return node

    def _parts(self, node: Any) -> list[Any]:
        """Return what a list holds in place of `node`: a span for styles alone is what is in it."""
        match node:
            case {"t": "Str", "c": text} if self.format == "tex" and CHECK.search(text):
                return [
                    {"t": "Math", "c": [{"t": "InlineMath"}, CHECKS[each]]}
                    if each in CHECKS
                    else {"t": "Str", "c": each}
                    for each in filter(None, CHECK.split(text))
                ]
            case {"t": "Span", "c": [["", ["kind"], _], inside]}:
                return [{"t": "Strong", "c": inside}]
            case {"t": "Span", "c": [["", classes, _], inside]} if "mark" not in classes:
                return list(inside)
            case {"t": "Link", "c": [_, inside, [address, _]]} if self.kept is not None and address.startswith("#"):
                return [node] if address[1:] in self.kept else list(inside)
        return [node]

    def _formula(self, formula: Formula) -> dict[str, Any]:
        word = self.format == "docx"
        tex = latex.for_word(formula.tex, formula.display) if word else latex.for_latex(formula.tex)
        return {"t": "Math", "c": [{"t": "DisplayMath" if formula.display else "InlineMath"}, tex]}

    def _image(self, address: str) -> str:
        """Return where the format finds an image: in itself, or beside it."""
        if address.startswith("data:"):  # the logo
            head, _, data = address.partition(";base64,")
            name, content = f"logo.{head.rpartition('/')[2].removesuffix('+xml')}", base64.b64decode(data)
        else:
            name, content = PurePath(address).name, self.body.assets[address]
        if name.endswith(SVG):
            name, content = name.removesuffix(SVG) + ".png", self._pixels(content)
        if self.format == "docx":
            kind = name.rpartition(".")[2].replace("jpg", "jpeg")
            return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
        self.beside[name] = content
        return f"{self.folder}/{name}"

    def _pixels(self, svg: bytes) -> bytes:
        import typst

        page = b'#set page(width: auto, height: auto, margin: 0pt)\n#image("image.svg")'
        shipped = fonts.for_typst(self.project)
        made: bytes = typst.compile(
            {"main.typ": page, "image.svg": svg}, format="png", ppi=RESOLUTION_PPI, font_paths=shipped
        )
        return made
