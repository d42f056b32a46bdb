"""From a manuscript to the two pages of a report: one for the screen, one for print."""

import base64
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from report_cli.errors import UsageError, unknown
from report_cli.project import Project
from report_cli.report.html import clean, figures, formulas, numbering, pandoc, tables
from report_cli.report.html.formulas import Formula, Typeset
from report_cli.report.html.numbering import Heading
from report_cli.report.text.formats import upright
from report_cli.report.text.manuscript import Figure, Manuscript
from report_cli.report.text.values import MARK, Ledger

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ASSETS = "https://report.invalid/"
AT = "data-at"  # in print: where an element was written
BLOCKS = {"pre": "block of code", "table": "table", "blockquote": "quotation", "figure": "figure"}


@dataclass(frozen=True)
class Body:
    """The body of a document in both forms, the files that print needs (path below ASSETS: bytes), and warnings."""

    screen: str
    print: str
    assets: Mapping[str, bytes]
    headings: tuple[Heading, ...]
    warnings: tuple[str, ...]
    # Above the contents, for screen and print.
    abstracts: tuple[str, str] = ("", "")


def compose(project: Project, manuscript: Manuscript, ledger: Ledger) -> Body:
    """Return the body of a document: typeset, numbered, every value linked to its run.

    Raises:
        UsageError: malformed Markdown or formula, an undefined or duplicate label, an image that is no figure.
    """
    places, language = manuscript.places, manuscript.language
    english = language["lang"] == "en"
    tree = clean.to_tree(project, places, language)
    spans = tree.xpath(".//span[starts-with(@class, 'math ')]")
    sources = [span.text_content().strip() for span in spans]
    in_order = [
        Formula(ledger.tex(t) if english else upright(ledger.tex(t)), span.get("class") == "math display")
        for span, t in zip(spans, sources, strict=True)
    ]
    # A formula is named by its first place; it is there as its author wrote it, with the marks of values.
    source_of = dict(zip(reversed(in_order), reversed(sources), strict=True))
    typeset = formulas.typeset(project, in_order, lambda formula: places.of_formula(source_of[formula]))
    if not english:  # Formulas are put into English words alone; elsewhere their TeX stands for them.
        typeset = {formula: replace(result, words=formula.tex) for formula, result in typeset.items()}
    for index, (span, formula) in enumerate(zip(spans, in_order, strict=True)):
        span.set("data-formula", str(index))
        span.text = typeset[formula].words  # what a heading is called in the contents
    warnings = [*pandoc.shown_as_text(places), *numbering.unanswered(tree, places)]
    _check_images(tree, manuscript)
    _check_notes(tree, manuscript)
    headings = numbering.number(tree, places, language)
    _show_values(tree, ledger)
    tables.finish(tree, project, language)
    drawings = {f.label: figures.read(f) for f in manuscript.figures.values() if f.file is not None}
    names = {formula: f"math/{i}.svg" for i, formula in enumerate(dict.fromkeys(in_order))}

    def embed(figure: Figure) -> str:
        return "data:image/svg+xml;base64," + base64.b64encode(drawings[figure.label][1]).decode()

    screen = _dress(tree, [_mathml(typeset[formula]) for formula in in_order], embed, manuscript)
    # Each element that may be too wide for the paper gets, in print alone, the place where it was written.
    for count, table in enumerate(tree.iter("table")):
        table.set(AT, places.of_table(count))
    for code in tree.iter("pre"):
        code.set(AT, places.of_text(code.text_content().strip().partition("\n")[0]))
    for note in tree.find_class("fn"):
        note.set(AT, places.of_text((note.text or note.text_content()).strip()[:30]))
    for image in tree.iter("img"):
        image.set(AT, manuscript.figures[image.get("src")].where)
    for span in tree.xpath(".//span[@data-formula]"):
        span.set(AT, places.of_formula(source_of[in_order[int(span.get("data-formula"))]]))
    images = [_image(typeset[formula], ASSETS + names[formula]) for formula in in_order]
    printed = _dress(tree, images, lambda figure: f"{ASSETS}figures/{figure.label}.svg", manuscript)
    # A header cell without content would be read aloud as a header without a name.
    for header in screen.xpath(".//th[not(*) and not(normalize-space())]"):
        header.tag = "td"
    assets = {names[formula]: result.svg.encode() for formula, result in typeset.items()}
    assets |= {f"figures/{label}.svg": for_print for label, (for_print, _) in drawings.items()}
    contents = tuple(replace(h, title=ledger.text(h.title)) for h in headings if h.level <= 3)
    abstracts = "", ""
    if manuscript.front.abstract:
        abstracts = _markup(screen[0]), _markup(printed[0])
        screen.remove(screen[0])
        printed.remove(printed[0])
    return Body(_markup(screen), _markup(printed), assets, contents, tuple(warnings), abstracts)


def _check_images(tree: "HtmlElement", manuscript: Manuscript) -> None:
    for image in tree.iter("img"):
        source = image.get("src", "")
        if source not in manuscript.figures:
            where = manuscript.places.of_text(f"]({source}")
            error = unknown("image", source, manuscript.figures)
            raise UsageError(
                f"{where}: {error.message}", 'a page shows figures of runs: << figure("...", caption="...") >>'
            )
        if image.getparent().tag != "figure":  # pandoc would leave out its caption and its label
            figure = manuscript.figures[source]
            raise UsageError(
                f"{figure.where}: the figure {figure.name} stands within other text",
                "a figure stands in a paragraph of its own: leave an empty line before and after it",
            )


def _check_notes(tree: "HtmlElement", manuscript: Manuscript) -> None:
    for note in tree.find_class("fn"):
        for block in note.iter("ul", "ol", "dl", "pre", "table", "blockquote", "figure"):
            where = manuscript.places.of_text(block.text_content().strip().partition("\n")[0])
            raise UsageError(
                f"{where}: a footnote holds a {BLOCKS.get(block.tag, 'list')}",
                "a footnote takes paragraphs and formulas: write the rest into the text",
            )


def _show_values(tree: "HtmlElement", ledger: Ledger) -> None:
    """Turn the marks of values into <data> elements that link to their runs, in attributes into plain text."""
    for element in list(tree.iter()):
        for name, content in element.attrib.items():
            element.set(name, ledger.text(content))
        inside = element.text or ""
        if MARK.search(inside):
            if element.tag == "a":
                element.text = ledger.text(inside)
            else:
                element.text, *values = _values(element, inside, ledger)
                element[:0] = values
        after, parent = element.tail or "", element.getparent()
        if parent is not None and MARK.search(after):
            element.tail, *values = _values(parent, after, ledger)
            place = parent.index(element) + 1
            parent[place:place] = values


def _values(parent: "HtmlElement", marked: str, ledger: Ledger) -> "tuple[str, *tuple[HtmlElement, ...]]":
    """Return the text before the first mark, and an element for each mark with the text after it as its tail."""
    before, *pieces = MARK.split(marked)
    elements = []
    for index, after in zip(pieces[::2], pieces[1::2], strict=True):
        entry = ledger.entry(index)
        value = entry.value
        if value.missing:
            element = parent.makeelement("span", {"class": "missing"})
        else:
            element = parent.makeelement("data", {"value": repr(value.number), "data-from": ", ".join(value.origins)})
        link = element
        if value.runs and not value.missing:
            link = parent.makeelement("a", {"href": f"#run-{value.runs[0]}"})
            element.append(link)
        if len(value.runs) > 1 and not value.missing:
            element.set("data-runs", " ".join(value.runs))  # of a single run, the link tells the key
        link.text = entry.text
        element.tail = after
        elements.append(element)
    return before, *elements


def _dress(
    tree: "HtmlElement",
    formula_elements: "Sequence[HtmlElement]",
    address: Callable[[Figure], str],
    manuscript: Manuscript,
) -> "HtmlElement":
    """Return a copy of `tree` with its formulas and figures in the form of one medium."""
    tree = copy.deepcopy(tree)
    for image in tree.iter("img"):
        figure = manuscript.figures[image.get("src", "")]
        if kind := image.attrib.pop("class", ""):
            image.getparent().set("class", kind)  # pandoc keeps the label on the figure but the class on the image
        if figure.file is None:
            box = image.makeelement("span", {"class": "missing"})
            box.text = manuscript.language["no_figure"].format(figure.name)
            image.getparent().replace(image, box)
        else:
            image.set("alt", figure.file.alt)
            image.set("src", address(figure))
    for span in tree.xpath(".//span[@data-formula]"):
        span.text = None
        span.append(formula_elements[int(span.attrib.pop("data-formula"))])
    return tree


def _mathml(formula: Typeset) -> "HtmlElement":
    from lxml import html

    element: HtmlElement = html.fragment_fromstring(formula.mathml)
    return element


def _image(formula: Typeset, source: str) -> "HtmlElement":
    from lxml import html

    pad = formulas.PAD_PT / formulas.SIZE_PT
    style = f"width:{formula.width}em;height:{formula.height}em;vertical-align:{-formula.depth}em;margin:-{pad}em"
    image: HtmlElement = html.Element("img", {"class": "m", "src": source, "alt": formula.words, "style": style})
    return image


def _markup(tree: "HtmlElement") -> str:
    from lxml import html

    parts = [html.tostring(child, encoding="unicode") for child in tree]
    return (tree.text or "") + "".join(parts)
