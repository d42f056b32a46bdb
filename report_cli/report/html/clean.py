"""Markdown to a tree of clean HTML: pandoc, then nh3, then the shapes that the pages want."""

import re
from typing import TYPE_CHECKING

from report_cli.errors import UsageError
from report_cli.project import Project
from report_cli.report.html import pandoc
from report_cli.report.html.numbering import HEADINGS
from report_cli.report.text.lines import Places
from report_cli.report.text.manuscript import Manuscript

if TYPE_CHECKING:
    from lxml.html import HtmlElement

TEXT_TAGS = {"p", "br", "hr", *HEADINGS, "em", "strong", "u", "mark", "q", "del", "sup", "sub", "code", "pre"}
# Which of the notes of the text an element is, counted from 0; empty where none of these.
NOTE = "data-note"
BLOCK_TAGS = {"span", "div", "a", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "section"}
FLOAT_TAGS = {"figure", "figcaption", "img", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
# What a footnote has no room for, beside lists.
APART = dict.fromkeys(HEADINGS, "heading") | {"pre": "block of code", "table": "table", "hr": "rule"}
APART |= {"blockquote": "quotation", "figure": "figure"}
ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir"},
    # Of a question what it is worth, and the room for its answer.
    "div": {"name", "data-caption", "data-points", "data-space"},
    "pre": {"data-caption"},
    "a": {"href"},
    "figcaption": {"aria-hidden"},
    "img": {"src", "alt", "style"},
    "ol": {"start", "type"},
    "td": {"style", "colspan", "rowspan"},
    "th": {"style", "colspan", "rowspan"},
}
# A table of so many rows, its head included, stays on one page.
SHORT_ROWS = 18
OPENING = re.compile(r"[(\[“‘]+$")
CLOSING = re.compile(r"^[)\],.;:!?”’]+")
LABEL = re.compile(r"\s*\{#([A-Za-z][\w:.-]*)\}")


def to_tree(project: Project, manuscript: Manuscript) -> "HtmlElement":
    """Return the body of a document as one <div>. Formulas are <span class="math"> that hold raw TeX.

    What is cited (`[@he2016]`) is taken from the project's bibliographies, and listed at the end.

    Among the `faults` is what pandoc can't make sense of: in the Markdown or in the bibliography, which may lack what
    is cited.
    """
    import nh3
    from lxml import html

    cleaned = nh3.clean(
        pandoc.to_html(project, manuscript),
        tags=TEXT_TAGS | BLOCK_TAGS | FLOAT_TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        filter_style_properties={"text-align", "width", "height"},
    )
    body: HtmlElement = html.fragment_fromstring(cleaned, create_parent="div")
    pandoc.check_sources(project, body, manuscript)
    _strip(body)
    _name_lists(body)
    _quote(body, manuscript.language["quotes"].split("|"))
    _box_tables(body)
    _move_notes(body, manuscript.places)
    _set_equations_apart(body)
    _glue_formulas(body)
    prose = body.xpath(".//text()[not(ancestor::code) and not(ancestor::span[starts-with(@class, 'math ')])]")
    pandoc.check_shown("\n".join(prose), manuscript.places, manuscript.faults)
    return body


def _name_lists(body: "HtmlElement") -> None:
    """Give lists whose numbers stand in brackets a class, which pandoc says of a block around them."""
    for kind in ("list-paren", "list-parens"):
        for block in list(body.find_class(kind)):
            for numbers in block.iterchildren("ol"):
                # Of the type, a and A are one in a style sheet.
                numbers.set("class", f"{kind}-{numbers.get('type', '1')}")
            block.drop_tag()


def _strip(body: "HtmlElement") -> None:
    """Drop what pandoc adds: an empty list of references, and the line anchors of highlighted code, which are links to
    nowhere for whoever reads with the keyboard."""
    for references in body.xpath(".//div[@id='refs' and not(*)]"):
        for heading in body.xpath(".//h2[@id='sec-references']"):
            heading.drop_tree()
        references.drop_tree()
    for block in body.xpath(".//div[contains(@class, 'sourceCode')]"):
        label = block.get("id", "")
        for line in block.xpath(".//pre//*[@id]"):
            if re.fullmatch(rf"{re.escape(label)}-\d+", line.get("id")):
                del line.attrib["id"]
        for anchor in block.xpath(".//pre//a"):
            anchor.drop_tree()
        # What has no label of its author's is numbered.
        if re.fullmatch(r"cb\d+", label):
            del block.attrib["id"]


def _quote(body: "HtmlElement", marks: list[str]) -> None:
    """Put the outer and the inner quotation marks in turn around what is quoted."""
    for quoted in list(body.iter("q")):
        inner = 2 * (sum(1 for _ in quoted.iterancestors("q")) % 2)
        quoted.text = marks[inner] + (quoted.text or "")
        if len(quoted):
            quoted[-1].tail = (quoted[-1].tail or "") + marks[inner + 1]
        else:
            quoted.text += marks[inner + 1]
    for quoted in list(body.iter("q")):
        quoted.drop_tag()


def _box_tables(body: "HtmlElement") -> None:
    """Turn the alignment of cells into classes; put each table into a box that scrolls where the screen is narrow."""
    for cell in body.iter("td", "th"):
        style = cell.attrib.pop("style", "")
        for side in ("right", "center"):
            if side in style:
                cell.set("class", side)
    for row in body.iter("tr"):
        row.attrib.pop("class", None)
    for table in list(body.iter("table")):
        box = table.makeelement(
            "div", {"class": "scroll short" if len(table.xpath(".//tr")) <= SHORT_ROWS else "scroll"}
        )
        box.tail, table.tail = table.tail, None
        table.getparent().replace(table, box)
        box.append(table)


def _move_notes(body: "HtmlElement", places: Places) -> None:
    """Move each footnote to where it is referred to, which is where both print and screen want it.

    Raises:
        UsageError: one is within another, of which pandoc loses the text.
    """
    for section in body.xpath(".//section[contains(@class, 'footnotes')]"):
        there = section.xpath("./ol/li/@id")
        # A style of citations makes notes of its own, which stand nowhere in the text.
        numbers = {label: str(n) for n, label in enumerate(there)} if len(there) == len(places.notes) else {}
        for inner in section.xpath(".//a[contains(@class, 'footnote-ref')]"):
            outer = inner.xpath("ancestor::li[@id][1]")[0]
            begun = next((text.strip().partition("\n")[0][:30] for text in outer.itertext() if text.strip()), "[^")
            where = places.of_note(numbers.get(outer.get("id"), ""), begun)
            raise UsageError(f"{where}: a footnote holds a footnote", "write the inner one into the outer one's text")
        notes = {note.get("id"): note for note in section.iter("li")}
        for reference in body.xpath(".//a[contains(@class, 'footnote-ref')]"):
            note = notes[reference.get("href")[1:]]
            for back in note.xpath(".//a[contains(@class, 'footnote-back')]"):
                back.drop_tree()
            span = body.makeelement("span", {"class": "fn", NOTE: numbers.get(note.get("id"), "")})
            span.text, span.tail = note.text, reference.tail
            for child in list(note):
                child.tail = (child.tail or "").rstrip("\n")
                span.append(child)
            for number, paragraph in enumerate(list(span.iter("p"))):
                if number:
                    paragraph.addprevious(body.makeelement("br"))
                paragraph.drop_tag()
            reference.getparent().replace(reference, span)
        section.drop_tree()


def check_notes(tree: "HtmlElement", manuscript: Manuscript) -> None:
    """Note each block in a footnote: there is room for paragraphs and formulas alone."""
    for note in tree.find_class("fn"):
        for block in note.iter("ul", "ol", "dl", *APART):
            texts = (text.strip() for text in (block.text_content(), *note.itertext()))
            begun = next(filter(None, texts), "").partition("\n")[0]  # A rule has no text.
            where = manuscript.places.of_note(note.get(NOTE), begun)
            manuscript.faults.note(
                UsageError(
                    f"{where}: a footnote holds a {APART.get(block.tag, 'list')}",
                    "a footnote takes paragraphs and formulas: write the rest into the text",
                )
            )


def _set_equations_apart(body: "HtmlElement") -> None:
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


def _glue_formulas(body: "HtmlElement") -> None:
    """Keep an inline formula on one line with the bracket before it and the punctuation after it."""
    for formula in body.xpath(".//span[@class='math inline']"):
        parent, previous, after = formula.getparent(), formula.getprevious(), formula.tail or ""
        before = (parent.text if previous is None else previous.tail) or ""
        opening = OPENING.search(before)
        closing = CLOSING.match(after)
        if not opening and not closing:
            continue
        glue = formula.makeelement("span", {"class": "glue"})
        formula.addprevious(glue)
        formula.tail = closing[0] if closing else None
        glue.tail = after[closing.end() :] if closing else after
        if opening:
            if previous is None:
                parent.text = before[: opening.start()]
            else:
                previous.tail = before[: opening.start()]
            glue.text = opening[0]
        glue.append(formula)
