"""Markdown to a tree of clean HTML: pandoc, then nh3, then the shapes that the pages want."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from report_cli.report.html import reading
from report_cli.report.text.lines import Places

if TYPE_CHECKING:
    from lxml.html import HtmlElement

TEXT_TAGS = {"p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "sup", "sub", "code", "pre"}
BLOCK_TAGS = {"span", "div", "a", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "section"}
FLOAT_TAGS = {"figure", "figcaption", "img", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
ATTRIBUTES = {
    "*": {"class", "id"},
    "a": {"href"},
    "img": {"src"},
    "ol": {"start", "type"},
    "td": {"style", "colspan", "rowspan"},
    "th": {"style", "colspan", "rowspan"},
}
# A table of so many rows, its head included, stays on one page.
SHORT_ROWS = 18
OPENING = re.compile(r"[(\[“‘]+$")
CLOSING = re.compile(r"^[)\],.;:!?”’]+")
LABEL = re.compile(r"\s*\{#([A-Za-z][\w:.-]*)\}")


def to_tree(places: Places, bibliography: Path | None = None) -> "HtmlElement":
    """Return the body of the document in `places` as one <div>. Formulas are <span class="math"> that hold raw TeX.

    What is cited (`[@he2016]`) is taken from `bibliography`, a BibTeX file, and listed at the end.

    Raises:
        UsageError: pandoc can't make sense of the Markdown or of the bibliography, which may lack what is cited.
    """
    import nh3
    from lxml import html

    cleaned = nh3.clean(
        reading.to_html(places, bibliography),
        tags=TEXT_TAGS | BLOCK_TAGS | FLOAT_TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        filter_style_properties={"text-align"},
    )
    body: HtmlElement = html.fragment_fromstring(cleaned, create_parent="div")
    _cited_only(body)
    _plain_code(body)
    _aligned_cells(body)
    _scrolling_tables(body)
    _notes_in_place(body)
    _equations_alone(body)
    _glued_formulas(body)
    reading.check_shown(_text(body), places)
    return body


def _text(body: "HtmlElement") -> str:
    """Return the text of `body` that is neither code nor formula."""
    return "\n".join(body.xpath(".//text()[not(ancestor::code) and not(ancestor::span[starts-with(@class, 'math ')])]"))


def _cited_only(body: "HtmlElement") -> None:
    """Take the list of references away where nothing is cited."""
    for listed in body.xpath(".//div[@id='refs' and not(*)]"):
        for heading in body.xpath(".//h2[@id='sec-references']"):
            heading.drop_tree()
        listed.drop_tree()


def _plain_code(body: "HtmlElement") -> None:
    """Drop the line anchors of highlighted code: links to nowhere for whoever reads with the keyboard."""
    for anchor in body.xpath(".//pre//a[not(@href) or starts-with(@href, '#cb')]"):
        anchor.drop_tree()
    for marked in body.xpath(".//pre//span[starts-with(@id, 'cb')] | .//div[starts-with(@id, 'cb')]"):
        del marked.attrib["id"]


def _aligned_cells(body: "HtmlElement") -> None:
    """Turn the alignment of cells into classes; rows get no classes of pandoc's."""
    for cell in body.iter("td", "th"):
        style = cell.attrib.pop("style", "")
        for side in ("right", "center"):
            if side in style:
                cell.set("class", side)
    for row in body.iter("tr"):
        row.attrib.pop("class", None)


def _scrolling_tables(body: "HtmlElement") -> None:
    """Put each table into a box that scrolls on its own where the screen is narrower."""
    for table in list(body.iter("table")):
        box = table.makeelement("div", {"class": "scroll"})
        box.tail, table.tail = table.tail, None
        table.getparent().replace(table, box)
        box.append(table)
        if len(table.xpath(".//tr")) <= SHORT_ROWS:
            box.set("class", "scroll short")


def _notes_in_place(body: "HtmlElement") -> None:
    """Move each footnote to where it is referred to, which is where both print and screen want it."""
    for section in body.xpath(".//section[contains(@class, 'footnotes')]"):
        notes = {note.get("id"): note for note in section.iter("li")}
        for reference in body.xpath(".//a[contains(@class, 'footnote-ref')]"):
            note = notes[reference.get("href")[1:]]
            for back in note.xpath(".//a[contains(@class, 'footnote-back')]"):
                back.drop_tree()
            span = _inline(note)
            span.tail = reference.tail
            reference.getparent().replace(reference, span)
        section.drop_tree()


def _inline(note: "HtmlElement") -> "HtmlElement":
    from lxml import html

    span = html.Element("span", {"class": "fn"})
    span.text = note.text
    for child in list(note):
        child.tail = (child.tail or "").rstrip("\n")
        span.append(child)
    for paragraph in list(span.iter("p")):
        paragraph.drop_tag()
    return span


def _equations_alone(body: "HtmlElement") -> None:
    """Take display formulas out of their paragraphs, each into its own <div class="eq">, with its label as id."""
    for formula in body.xpath(".//p/span[@class='math display']"):
        paragraph = formula.getparent()
        equation = paragraph.makeelement("div", {"class": "eq"})
        after = paragraph.makeelement("p", {"class": "on"})
        tail = formula.tail or ""
        label = LABEL.match(tail)
        if label:
            equation.set("id", label[1])
            tail = tail[label.end() :]
        after.text = tail.lstrip()
        for sibling in list(formula.itersiblings()):
            after.append(sibling)
        formula.tail = None
        paragraph.addnext(equation)
        equation.append(formula)
        equation.tail = None
        equation.addnext(after)
        for part in (paragraph, after):
            if not len(part) and not (part.text or "").strip():
                part.drop_tree()


def _glued_formulas(body: "HtmlElement") -> None:
    """Keep an inline formula on one line with the bracket before it and the punctuation after it."""
    for formula in body.xpath(".//span[@class='math inline']"):
        before, after = _before(formula), formula.tail or ""
        opening = OPENING.search(before)
        closing = CLOSING.match(after)
        if not opening and not closing:
            continue
        glue = formula.makeelement("span", {"class": "glue"})
        formula.addprevious(glue)
        formula.tail = closing[0] if closing else None
        glue.tail = after[closing.end() :] if closing else after
        if opening:
            _set_before(glue, before[: opening.start()])
            glue.text = opening[0]
        glue.append(formula)


def _before(element: "HtmlElement") -> str:
    previous = element.getprevious()
    return (element.getparent().text if previous is None else previous.tail) or ""


def _set_before(element: "HtmlElement", text: str) -> None:
    previous = element.getprevious()
    if previous is None:
        element.getparent().text = text
    else:
        previous.tail = text
