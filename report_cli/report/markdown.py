"""Markdown to a tree of clean HTML: one pandoc call, then nh3, then the shapes that the pages want."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from report_cli.errors import UsageError, unknown
from report_cli.report import limits, places

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Metadata in the text could name files and addresses (csl, bibliography): citeproc reads them outside pandoc's sandbox.
READER = (
    "markdown-raw_html-raw_tex-raw_attribute-auto_identifiers-native_divs-native_spans"
    "-yaml_metadata_block-pandoc_title_block"
)
# What pandoc is told before anything else: how much memory it may have.
HEAP = ["+RTS", f"-M{limits.MEMORY_BYTES >> 20}m", "-RTS"]
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
WARNING = re.compile(r"\[WARNING\] (.*?)(?: at line | Failing because|$)")
UNCLOSED = re.compile(r"Div at line [^.]* unclosed")
OPENING = re.compile(r"[(\[“‘]+$")
CLOSING = re.compile(r"^[)\],.;:!?”’]+")
BIBLIOGRAPHY = "references.bib"
BIBTEX = re.compile(r"^\s*@\w+\s*\{\s*([^\s,]+)", re.MULTILINE)
UNCITED = re.compile(r"citation (\S+) not found")
REFERENCES = "\n\n# References {#sec-references .unnumbered}\n\n::: {#refs}\n:::\n"
LABEL = re.compile(r"\s*\{#([A-Za-z][\w:.-]*)\}")


def to_tree(markdown: str, sources: Mapping[str, str], bibliography: Path | None = None) -> "HtmlElement":
    """Return the document's body as one <div>. Formulas are <span class="math"> that hold raw TeX.

    What is cited (`[@he2016]`) is taken from `bibliography`, a BibTeX file, and listed at the end.

    Raises:
        UsageError: pandoc can't make sense of the Markdown or of the bibliography, which may lack what is cited.
    """
    import nh3
    from lxml import html

    cleaned = nh3.clean(
        _pandoc(markdown + REFERENCES, sources, bibliography),
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
    return body


def _pandoc(markdown: str, sources: Mapping[str, str], bibliography: Path | None) -> str:
    import pypandoc

    options = [
        *HEAP,
        "--wrap=none",
        "--columns=10000",
        "--katex",
        "--shift-heading-level-by=1",
        "--sandbox",
        "--fail-if-warnings",
        "--citeproc",
        "--metadata=link-citations",
        *([f"--bibliography={bibliography}"] if bibliography else []),
    ]
    try:
        with limits.converting():
            converted: str = pypandoc.convert_text(markdown, "html5", format=READER, extra_args=options)
    except RuntimeError as error:
        told = " ".join(str(error).partition("during conversion:")[2].split()) or str(error)
        if "bibliography file" in told:
            place = re.search(r"\(line (\d+), column \d+\): *(.*)", told)
            line, what = place.groups() if place else ("1", told)
            raise UsageError(f"templates/{BIBLIOGRAPHY}:{line}: {what}") from error
        if uncited := UNCITED.search(told):
            where = places.of_text(sources, f"@{uncited[1]}")
            known = BIBTEX.findall(bibliography.read_text(encoding="utf-8")) if bibliography else ()
            missing = unknown(f"citation in templates/{BIBLIOGRAPHY}:", uncited[1], known)
            raise UsageError(f"{where}: {missing.message}", missing.hint) from error
        if UNCLOSED.search(told):
            raise UsageError(f"{places.of_text(sources, ':::')}: a block is never closed", "end it with :::") from error
        complaint = WARNING.search(told)
        # Its line numbers are those of the whole rendered document, so the name it quotes is looked up instead.
        quoted = re.search(r"'([^']+)'", told)
        where = places.of_text(sources, quoted[1] if quoted else "", 1)
        raise UsageError(f"{where}: {complaint[1] if complaint else told}") from error
    return converted


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
