"""Figures of runs within the HTML page: drawings whose words are text of the page, and the numbers behind them."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from report_cli.report.html import figures
from report_cli.report.html.images import Picture
from report_cli.report.text import formats, words
from report_cli.report.text.words import Language

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# How a drawing names its parts, where it refers to them; and the names of what shows a series, or says its name.
REFERENCE = re.compile(r"(^|url\()#")
SERIES = re.compile(r"(series|name)-(\d+)-\d+")


def put(tree: "HtmlElement", pictures: Mapping[str, Picture], language: Language) -> None:
    """Put the figures of runs into `tree`, where images have their labels as addresses, each with its numbers below."""
    numbers: dict[HtmlElement, HtmlElement] = {}
    for image in list(tree.iter("img")):
        label = image.get("src")
        if label not in pictures:
            continue
        picture = pictures[label]
        whole = image.xpath("ancestor::figure")[0]
        drawing = _drawing(picture, label, image.get("alt"))
        # Its width in print, to which that on the screen has limits, and its shape, for which a place is kept free.
        *_, width, height = map(float, drawing.get("viewBox").split())
        pan = image.makeelement("div", {"class": "pan", "style": f"--pt:{width:g};--ratio:{width / height:.3f}"})
        pan.append(drawing)
        image.getparent().replace(image, pan)
        if picture.tables:
            if whole not in numbers:
                numbers[whole] = _details(whole, language)
            for table in picture.tables:
                numbers[whole].append(_table(table, label, language))


def _drawing(picture: Picture, label: str, alt: str) -> Any:
    """Return the drawing of a figure as a part of the page: no other has its names."""
    from lxml import etree

    svg = figures.parse(picture.screen, huge_tree=True)
    for element in svg.iter():
        element.tag = etree.QName(element).localname
        # What the PDF's renderer asks for is no word of HTML; the page's style says it there.
        element.attrib.pop("image-rendering", None)
        if series := SERIES.fullmatch(element.get("id", "")):
            del element.attrib["id"]
            element.set(f"data-{series[1]}", series[2])
        for name, content in element.attrib.items():
            if name == "id":
                element.set(name, f"{label}-{content}")
            elif "#" in content:
                element.set(name, REFERENCE.sub(rf"\1#{label}-", content))
    etree.cleanup_namespaces(svg)
    for name in ("width", "height", "version"):
        svg.attrib.pop(name, None)
    svg.set("class", f"chart {svg.get('class', '')}".strip())
    svg.set("role", "img")
    svg.set("aria-label", alt)
    return svg


def _details(whole: "HtmlElement", language: Language) -> "HtmlElement":
    """Return the box of the numbers behind a figure, which stands after it."""
    box, summary = whole.makeelement("details", {"class": "numbers"}), whole.makeelement("summary")
    name = "".join(whole.xpath("(./figcaption//*[@class='lab'])[1]//text()")).rstrip(".")
    summary.text = language["numbers"].format(name or language["figure"])
    box.append(summary)
    box.tail, whole.tail = whole.tail, None
    whole.addnext(box)
    return box


def _table(table: Mapping[str, Any], label: str, language: Language) -> "HtmlElement":
    """Return a table of numbers, each with its place in the drawing."""
    from lxml.html import builder as E  # noqa: N812

    head = E.TR(*(E.TH(name, scope="col") for name in table["head"]))
    columns = zip(*table["rows"], strict=True)
    said = [any(isinstance(content, str) and content for content, *_ in column) for column in columns]
    rows = []
    for row in table["rows"]:
        cells = [E.TD(_written(content, language)) for content, *_ in row]
        cells[0].tag = "th"
        cells[0].set("scope", "row")
        for cell, (_, *place) in zip(cells, row, strict=True):
            if place:
                cell.set("data-at", " ".join(f"{number:g}" for number in place))
        rows.append(E.TR(*cells))
    for row in (head, *rows):
        for cell, has_words in zip(row, said, strict=False):
            if has_words:
                cell.set("class", "words")
    caption = [E.CAPTION(table["title"])] if table["title"] else []
    return E.DIV({"class": "scroll", "data-of": label}, E.TABLE(*caption, E.THEAD(head), E.TBODY(*rows)))


def _written(content: Any, language: Language) -> str:
    """Return what a cell says: words as they are, a number in four digits, its interval in brackets."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        value, low, high = (_written(number, language) for number in content)
        return f"{value} ({low} – {high})"
    written = formats.integer(content) if float(content).is_integer() else formats.exact(float(f"{content:.4g}"))
    return words.number(written[0], language)
