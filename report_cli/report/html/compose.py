"""From a manuscript to the two pages of a report: one for the screen, one for print."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING

from report_cli.errors import ReportError, UsageError
from report_cli.project import SOLUTION, STUDENT, Project
from report_cli.report.html import (
    blocks,
    charts,
    clean,
    figures,
    formulas,
    images,
    numbering,
    pandoc,
    tables,
    uses,
    views,
)
from report_cli.report.html.formulas import Formula, Typeset
from report_cli.report.html.images import Picture
from report_cli.report.html.numbering import Heading
from report_cli.report.html.uses import Place
from report_cli.report.html.views import Question
from report_cli.report.text.coverage import Coverage, coverage
from report_cli.report.text.formats import upright
from report_cli.report.text.manuscript import Manuscript
from report_cli.report.text.values import MARK, Ledger

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ASSETS = "https://report.invalid/"
AT = "data-at"  # in print: where an element was written
ITEM = "item-body"  # in print: what an item of a list holds
NAMED = "data-title"  # in print: what a heading is called
# Of so many characters that they fit beside others on a line.
LAST_WORDS = re.compile(r"(?<=\s)\S{1,14}\s+\S{1,14}\s*$")
LINE = 80  # characters
# The header of a table that a formula stands in, where it has no words.
BARE = "ancestor::th[1][not(.//text()[normalize-space() and not(ancestor::span[starts-with(@class, 'math ')])])]"


@dataclass(frozen=True)
class Body:
    """The body of a document in both forms, the files that print needs (path below ASSETS: bytes), and warnings.

    `images` has the sha256 of the author's own images by their paths in the project, `head` what stands above the
    contents, for screen and print, by its key in the front matter, `titles` the plain text of it, `numbers` where its
    numbers come from, and `formulas` what the assets that show formulas show.
    """

    screen: str
    print: str
    assets: Mapping[str, bytes]
    headings: tuple[Heading, ...]
    warnings: tuple[str, ...]
    images: Mapping[str, str]
    head: Mapping[str, tuple[str, str]]
    titles: Mapping[str, str]
    numbers: Coverage = field(default_factory=Coverage)
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    # Where runs and experiments are used, see `uses`.
    uses: Mapping[str, list[Place]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Formulas:
    """The formulas in order; for each what its author wrote, how it is set, and the name of its file in print."""

    in_order: list[Formula]
    source_of: dict[Formula, str]
    results: dict[Formula, Typeset]
    names: dict[Formula, str]


def compose(project: Project, manuscript: Manuscript, ledger: Ledger, view: str = SOLUTION) -> Body:
    """Return the body of a document: typeset, numbered, every value linked to its run. For a student its answers are
    left out, and so is what is not in a section that is built alone; `ledger` loses their values.

    Raises:
        UsageError: malformed Markdown or formula, an undefined or duplicate label, an image that can't be shown.
    """
    try:
        body = _compose(project, manuscript, ledger, view)
    except ReportError as error:
        manuscript.faults.note(error)
    manuscript.faults.check()
    return body


def _compose(project: Project, manuscript: Manuscript, ledger: Ledger, view: str) -> Body:
    places, language = manuscript.places, manuscript.language
    tree = clean.to_tree(project, manuscript)
    # While all that were written are still there.
    for count, table in enumerate(tree.iter("table")):
        table.set(AT, places.of_table(count))
    is_whole = view != STUDENT and not manuscript.section
    # Of the whole document: what a student doesn't get is no number any more.
    numbers, refuted = coverage(manuscript, ledger), manuscript.claims.warnings(ledger)
    if not is_whole:
        views.hide(tree, view, ledger)
    typeset = _typeset(project, tree, manuscript, ledger)
    pictures, told = images.collect(project, tree, manuscript)
    titles = {key: _title(block, key, manuscript, ledger) for block, key in zip(tree, manuscript.head, strict=False)}
    clean.check_notes(tree, manuscript)
    blocks.set_apart(tree, places)
    warnings = [*pandoc.shown_as_text(places), *numbering.unanswered(tree, places), *told]
    warnings += [*refuted, *numbers.warnings()]
    if view == STUDENT and not tree.find_class("question"):
        why = "no question stands in it, so a student gets an empty page: write ::: {.question}"
        warnings.append(f"{next(iter(manuscript.sources))}: {why}")
    headings = numbering.number(tree, places, language, manuscript.faults)
    questions = views.mark(tree, places, view, language)
    # What follows shows what is whole.
    manuscript.faults.check()
    if not is_whole:
        titles.pop("abstract", None)
        headings = _leave(tree, manuscript, view, headings)
    _show_values(tree, ledger)
    tables.finish(tree, project, language)
    pictures = _with_figures(tree, manuscript, pictures)
    screen, places_of = _for_screen(tree, manuscript, pictures, typeset)
    printed = _for_print(tree, manuscript, pictures, typeset)
    head = _take_head(screen, printed, titles)
    _set_stretches(screen)
    assets = {typeset.names[formula]: result.svg.encode() for formula, result in typeset.results.items()}
    return Body(
        screen=_markup(screen),
        print=_markup(printed),
        assets=assets | {f"figures/{picture.name}": picture.print for picture in pictures.values()},
        headings=tuple(replace(h, title=ledger.text(h.title)) for h in headings if h.level <= 3),
        warnings=tuple(filter(manuscript.shows, warnings)),
        images={picture.path: picture.sha256 for picture in pictures.values() if picture.path},
        head=head,
        titles=titles,
        numbers=numbers,
        formulas={name: formula for formula, name in typeset.names.items()},
        questions=tuple(each._replace(title=ledger.text(each.title)) for each in questions),
        uses=places_of,
    )


def _leave(tree: "HtmlElement", manuscript: Manuscript, view: str, headings: list[Heading]) -> list[Heading]:
    """Leave in `tree` its title lines and what the view shows, and return the headings that are still there."""
    lines = [block for block, key in zip(list(tree), manuscript.head, strict=False) if key != "abstract"]
    views.leave(tree, view)
    tree[:0] = lines
    left = set(tree.xpath(".//@id"))
    return [heading for heading in headings if heading.target in left]


def _with_figures(tree: "HtmlElement", manuscript: Manuscript, pictures: Mapping[str, Picture]) -> dict[str, Picture]:
    """Return those of the `pictures` and of the figures of runs that stand in `tree`."""
    drawn = {}
    for label, figure in manuscript.figures.items():
        if figure.file is not None:
            with manuscript.faults.noting():
                drawn[label] = Picture(figure.where, f"{label}.svg", *figures.read(figure))
    manuscript.faults.check()
    there = {image.get("src") for image in tree.iter("img")}
    return {label: picture for label, picture in {**pictures, **drawn}.items() if label in there}


def _for_screen(
    tree: "HtmlElement", manuscript: Manuscript, pictures: Mapping[str, Picture], typeset: _Formulas
) -> "tuple[HtmlElement, dict[str, list[Place]]]":
    """Return a copy of `tree` for the screen, and where in it runs and experiments are used."""
    language = manuscript.language
    elements = [_mathml(typeset.results[formula]) for formula in typeset.in_order]
    screen = _dress(
        tree, manuscript, pictures, elements, lambda image, picture: picture.show(image) if picture.path else None
    )
    charts.put(screen, pictures, language)
    for table in screen.iter("table"):
        table.attrib.pop(AT, None)
    for note in screen.find_class("fn"):
        del note.attrib[clean.NOTE]
    drawn = {label: figure.name.partition(".")[0] for label, figure in manuscript.figures.items()}
    places_of = uses.uses(screen, drawn, language)
    uses.show(screen, places_of, language)
    # A header cell without content would be read aloud as a header without a name.
    for header in screen.xpath(".//th[not(*) and not(normalize-space())]"):
        header.tag = "td"
        header.attrib.pop("scope", None)
    return screen, places_of


def _for_print(
    tree: "HtmlElement", manuscript: Manuscript, pictures: Mapping[str, Picture], typeset: _Formulas
) -> "HtmlElement":
    """Return a copy of `tree`, which is no more for the screen afterwards, for print."""
    _mark_places(tree, manuscript, pictures)
    _wrap_items(tree)
    _hold_last_words(tree)
    for span in tree.xpath(".//span[@data-formula]"):
        formula = typeset.in_order[int(span.get("data-formula"))]
        span.set(AT, manuscript.places.of_formula(typeset.source_of[formula]))
    elements = [_image(typeset.results[formula], ASSETS + typeset.names[formula]) for formula in typeset.in_order]
    return _dress(
        tree, manuscript, pictures, elements, lambda image, picture: image.set("src", f"{ASSETS}figures/{picture.name}")
    )


def _take_head(screen: "HtmlElement", printed: "HtmlElement", titles: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Take the title block out of both forms, and return what it has in each."""
    head = {}
    for key in titles:
        both = screen[0], printed[0]
        # A title is what its block has one line of.
        forms = [_markup(block if key == "abstract" else block[0][0]) for block in both]
        head[key] = forms[0], forms[1]
        for block in both:
            block.drop_tree()
    return head


def _set_stretches(screen: "HtmlElement") -> None:
    """Put all between two headings of the contents into one block, which a browser lays out when it comes near."""
    stretch = None
    for block in list(screen):
        if block.tag in ("h2", "h3"):
            stretch = None
            continue
        if stretch is None:
            stretch = block.makeelement("div", {"class": "stretch"})
            block.addprevious(stretch)
        stretch.append(block)


def _title(block: "HtmlElement", key: str, manuscript: Manuscript, ledger: Ledger) -> str:
    """Return the text of a line of the title block, whose values are plain text there, too."""
    if key != "abstract":
        if len(block) != 1 or len(block[0]) != 1 or block[0][0].get("class") != key or (block[0][0].tail or "").strip():
            where = manuscript.front.places[key]
            raise UsageError(f"{where}: the {key} isn't one line of Markdown", "a bracket that is shown is \\[ or \\]")
        for element in block.iter():
            element.text, element.tail = ledger.text(element.text or ""), ledger.text(element.tail or "")
    return ledger.text(block.xpath("normalize-space()"))


def _typeset(project: Project, tree: "HtmlElement", manuscript: Manuscript, ledger: Ledger) -> _Formulas:
    """Return the formulas in `tree`, whose places have their words and their numbers afterwards."""
    english = manuscript.language["lang"] == "en"
    spans = tree.xpath(".//span[starts-with(@class, 'math ')]")
    sources = [span.text_content().strip() for span in spans]
    in_order = [
        Formula(ledger.tex(t) if english else upright(ledger.tex(t)), span.get("class") == "math display")
        for span, t in zip(spans, sources, strict=True)
    ]
    # A formula is named by its first place; it is there as its author wrote it, with the marks of values.
    source_of = dict(zip(reversed(in_order), reversed(sources), strict=True))
    typeset = formulas.typeset(
        project, in_order, lambda formula: manuscript.places.of_formula(source_of[formula]), manuscript.faults
    )
    if not english:  # Formulas are put into English words alone; elsewhere their TeX stands for them.
        typeset = {formula: replace(result, words=formula.tex) for formula, result in typeset.items()}
    for index, (span, formula) in enumerate(zip(spans, in_order, strict=True)):
        span.set("data-formula", str(index))
        # What a heading is called in the contents.
        span.text = typeset[formula].words if formula in typeset else formula.tex
    names = {formula: f"math/{number}.svg" for number, formula in enumerate(dict.fromkeys(in_order))}
    return _Formulas(in_order, source_of, typeset, names)


def _mark_places(tree: "HtmlElement", manuscript: Manuscript, pictures: Mapping[str, Picture]) -> None:
    """Give each element that the paper may be too small for, in print alone, the place where it was written."""
    places = manuscript.places
    for code in tree.iter("pre"):
        code.set(AT, places.of_code(code.text_content().strip().partition("\n")[0]))
    for note in tree.find_class("fn"):
        begun = (note.text or note.text_content()).strip()[:30]
        note.set(AT, places.of_note(note.attrib.pop(clean.NOTE), begun))
    for heading in tree.iter(*numbering.HEADINGS):
        # The outline and the head of a page are text, in which no image of a formula can stand.
        heading.set(NAMED, heading.xpath("normalize-space()"))
    for image in tree.iter("img"):
        source = image.get("src")
        image.set(AT, (pictures.get(source) or manuscript.figures[source]).where)


def _wrap_items(tree: "HtmlElement") -> None:
    """Put the blocks of an item of a list into one element, in print alone: a tagged list has one body an item."""
    for item in tree.iter("li"):
        if any(
            child.tag in ("p", "div", "pre", "blockquote", "figure", "table", "dl", "hr", *numbering.HEADINGS)
            for child in item
        ):
            body = item.makeelement(ITEM)
            body.text, item.text = item.text, None
            body.extend(list(item))
            item.append(body)


def _hold_last_words(tree: "HtmlElement") -> None:
    """Keep the last words together, in print alone: no paragraph, item or caption ends with one word on a line."""
    for paragraph in tree.iter("p", "li", "figcaption", "caption"):
        last = paragraph[-1] if len(paragraph) else None
        text = (paragraph.text if last is None else last.tail) or ""
        words = LAST_WORDS.search(text)
        if words is None or len(paragraph.text_content()) < LINE:
            continue
        held = paragraph.makeelement("span", {"class": "glue"})
        held.text = words[0]
        if last is None:
            paragraph.text = text[: words.start()]
        else:
            last.tail = text[: words.start()]
        paragraph.append(held)


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
            if value.part:
                element.set("data-part", value.part)
            if entry.interval:
                element.set("data-interval", entry.interval)
            if value.n > 1:
                element.set("data-seeds", str(int(value.n)))
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
    manuscript: Manuscript,
    pictures: Mapping[str, Picture],
    formula_elements: "Sequence[HtmlElement]",
    show: "Callable[[HtmlElement, Picture], None]",
) -> "HtmlElement":
    """Return a copy of `tree` with its formulas and figures in the form of one medium."""
    tree = copy.deepcopy(tree)
    for image in tree.iter("img"):
        source = image.get("src", "")
        figure, picture = manuscript.figures.get(source), pictures.get(source)
        if kind := image.attrib.pop("class", ""):
            image.getparent().set("class", kind)  # pandoc keeps the label on the figure but the class on the image
        if picture is not None:
            show(image, picture)
        if figure is not None and figure.file is not None:
            image.set("alt", figure.file.alt)
        elif figure is not None:
            box = image.makeelement("span", {"class": "missing"})
            box.text = manuscript.language["no_figure"].format(figure.name)
            image.getparent().replace(image, box)
    for span in tree.xpath(".//span[@data-formula]"):
        element = formula_elements[int(span.attrib.pop("data-formula"))]
        # Not everyone hears a formula as a name.
        if element.tag == "math" and span.xpath(BARE):
            element.set("aria-label", span.text or "")
        span.text = None
        span.append(element)
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
    return escape(tree.text or "", quote=False) + "".join(parts)
