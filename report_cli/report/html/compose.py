"""From a manuscript to the two pages of a report: one for the screen, one for print."""

import base64
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from report_cli.errors import UsageError, unknown
from report_cli.project import Project
from report_cli.report.html import advice, clean, figures, numbering, reading, tables
from report_cli.report.html import formulas as math
from report_cli.report.html.formulas import Formula, Typeset
from report_cli.report.html.numbering import Heading
from report_cli.report.text.lines import Places
from report_cli.report.text.manuscript import Manuscript, Placed
from report_cli.report.text.values import MARK, Entry, Ledger

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ASSETS = "https://report.invalid/"
AT = "data-at"  # in print: where an element was written


@dataclass(frozen=True)
class Body:
    """The body of a document in both forms, the files that print needs (path below ASSETS: bytes), and warnings."""

    screen: str
    print: str
    assets: Mapping[str, bytes]
    headings: tuple[Heading, ...]
    warnings: tuple[str, ...]


def compose(project: Project, manuscript: Manuscript, ledger: Ledger) -> Body:
    """Return the body of a document: typeset, numbered, every value linked to its run.

    Raises:
        UsageError: malformed Markdown or formula, an undefined or duplicate label, an image that is no figure.
    """
    places = manuscript.places
    bibliography = project.templates / reading.BIBLIOGRAPHY
    tree = clean.to_tree(places, bibliography if bibliography.is_file() else None)
    formulas, where = _formulas(tree, ledger, places)
    typeset = math.typeset(project, formulas, where)
    for element, formula in zip(_formula_spans(tree), formulas, strict=True):
        element.text = typeset[formula].words  # what a heading is called in the contents
    warnings = advice.on_questions(tree, places)
    _check_images(tree, manuscript)
    numbers = numbering.number(tree, places)
    _resolve(tree, ledger)
    tables.finish(tree, project)
    headings = tuple(
        Heading(h.level, h.number, ledger.text(h.title), h.target) for h in numbers.headings if h.level <= 3
    )
    drawn = [typeset[formula] for formula in formulas]
    assets = {f"math/{i}.svg": formula.svg.encode() for i, formula in enumerate(typeset.values())}
    names = {formula: f"{ASSETS}math/{i}.svg" for i, formula in enumerate(typeset)}
    drawings = {p.label: figures.read(p) for p in manuscript.figures.values() if p.file is not None}
    assets |= {f"figures/{label}.svg": for_print for label, (for_print, _) in drawings.items()}
    screen = _dress(
        tree, drawn, lambda i, math_: _mathml(math_), lambda placed: _embedded(drawings[placed.label][1]), manuscript
    )
    _say_places(tree, manuscript, {formula: where(formula) for formula in typeset}, formulas)
    printed = _dress(
        tree,
        drawn,
        lambda i, math_: _image_of(math_, names[formulas[i]]),
        lambda placed: f"{ASSETS}figures/{placed.label}.svg",
        manuscript,
    )
    _no_empty_headers(screen)
    return Body(_markup(screen), _markup(printed), assets, headings, tuple(warnings))


def _formulas(tree: "HtmlElement", ledger: Ledger, places: Places) -> tuple[list[Formula], Callable[[Formula], str]]:
    """Return the formulas of `tree` in order, each element with its place in that order, and what says where one is."""
    found: list[Formula] = []
    written: dict[Formula, str] = {}
    for element in _formula_spans(tree):
        text = element.text_content().strip()
        found.append(Formula(ledger.tex(text), element.get("class") == "math display"))
        written.setdefault(found[-1], text)
        element.set("data-formula", str(len(found) - 1))
    return found, lambda formula: places.of_formula(written[formula])


def _formula_spans(tree: "HtmlElement") -> list["HtmlElement"]:
    return list(tree.xpath(".//span[starts-with(@class, 'math ')]"))


def _say_places(
    tree: "HtmlElement", manuscript: Manuscript, where: Mapping[Formula, str], formulas: list[Formula]
) -> None:
    """Give each element that may be too wide for the paper, in print alone, the place where it was written."""
    for count, table in enumerate(tree.iter("table")):
        table.set(AT, manuscript.places.of_table(count))
    for code in tree.iter("pre"):
        code.set(AT, manuscript.places.of_text(code.text_content().strip().partition("\n")[0]))
    for image in tree.iter("img"):
        image.set(AT, manuscript.figures[image.get("src")].where)
    for element in tree.xpath(".//span[@data-formula]"):
        element.set(AT, where[formulas[int(element.get("data-formula"))]])


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
            placed = manuscript.figures[source]
            raise UsageError(
                f"{placed.where}: the figure {placed.name} stands within other text",
                "a figure stands in a paragraph of its own: leave an empty line before and after it",
            )


def _resolve(tree: "HtmlElement", ledger: Ledger) -> None:
    """Turn the marks of values into <data> elements that link to their runs, in attributes into plain text."""
    for element in list(tree.iter()):
        for name, content in element.attrib.items():
            element.set(name, ledger.text(content))
        inside = element.text or ""
        if MARK.search(inside):
            if element.tag == "a":
                element.text = ledger.text(inside)
            else:
                element.text = None
                _insert(element, 0, inside, ledger)
        after, parent = element.tail or "", element.getparent()
        if parent is not None and MARK.search(after):
            element.tail = None
            _insert(parent, parent.index(element) + 1, after, ledger)


def _insert(parent: "HtmlElement", index: int, marked: str, ledger: Ledger) -> None:
    pieces = MARK.split(marked)
    if index == 0:
        parent.text = pieces[0]
    else:
        parent[index - 1].tail = pieces[0]
    for offset in range(1, len(pieces), 2):
        data = _data(parent, ledger.entries[int(pieces[offset])])
        data.tail = pieces[offset + 1]
        parent.insert(index, data)
        index += 1


def _data(parent: "HtmlElement", entry: Entry) -> "HtmlElement":
    value = entry.value
    if value.missing:
        mark: HtmlElement = parent.makeelement("span", {"class": "missing"})
        mark.text = entry.text
        return mark
    data = parent.makeelement("data", {"value": repr(value.number), "data-from": ", ".join(value.origins)})
    if len(value.runs) > 1:
        data.set("data-runs", " ".join(value.runs))  # of a single run, the link tells the key
    if value.runs:
        link = data.makeelement("a", {"href": f"#run-{value.runs[0]}"})
        link.text = entry.text
        data.append(link)
    else:
        data.text = entry.text
    return data


def _dress(
    tree: "HtmlElement",
    formulas: list[Typeset],
    draw: Callable[[int, Typeset], "HtmlElement"],
    locate: Callable[[Placed], str],
    manuscript: Manuscript,
) -> "HtmlElement":
    """Return a copy of `tree` with its formulas and figures in the form of one medium."""
    tree = copy.deepcopy(tree)
    for element in tree.xpath(".//span[@data-formula]"):
        index = int(element.attrib.pop("data-formula"))
        element.text = None
        element.append(draw(index, formulas[index]))
    for image in tree.iter("img"):
        placed = manuscript.figures.get(image.get("src", ""))
        if placed is None:
            continue  # a formula's image
        if kind := image.attrib.pop("class", ""):
            image.getparent().set("class", kind)  # pandoc keeps the label on the figure but the class on the image
        if placed.file is None:
            box = image.makeelement("span", {"class": "missing"})
            box.text = f"[figure {placed.name}: no result]"
            image.getparent().replace(image, box)
        else:
            image.set("alt", placed.file.alt)
            image.set("src", locate(placed))
    return tree


def _no_empty_headers(tree: "HtmlElement") -> None:
    """Make a header cell without content an ordinary one: it would be read aloud as a header without a name."""
    for header in tree.xpath(".//th[not(*) and not(normalize-space())]"):
        header.tag = "td"


def _markup(tree: "HtmlElement") -> str:
    from lxml import html

    parts = [html.tostring(child, encoding="unicode") for child in tree]
    return (tree.text or "") + "".join(parts)


def _mathml(formula: Typeset) -> "HtmlElement":
    from lxml import html

    element: HtmlElement = html.fragment_fromstring(formula.mathml)
    return element


def _image_of(formula: Typeset, source: str) -> "HtmlElement":
    from lxml import html

    pad = math.PAD_PT / math.SIZE_PT
    style = f"width:{formula.width}em;height:{formula.height}em;vertical-align:{-formula.depth}em;margin:-{pad}em"
    image: HtmlElement = html.Element("img", {"class": "m", "src": source, "alt": formula.words, "style": style})
    return image


def _embedded(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
