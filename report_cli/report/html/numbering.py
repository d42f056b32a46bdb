"""Numbers for sections, figures, tables and equations, and the text of references to them.

Counted here and not by style sheets: browsers can't fill a reference with another element's number.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from report_cli.errors import Faults, UsageError, unknown
from report_cli.report.html import blocks
from report_cli.report.text.lines import Places
from report_cli.report.text.words import Language

if TYPE_CHECKING:
    from lxml.html import HtmlElement

APPENDIX = "provenance"
# The class of a heading that begins an appendix of the author's own.
APPENDIX_CLASS = "appendix"
# Ids that the page gives itself, beside those of its runs.
OWN = (APPENDIX, "page-text", "page-contents")
HEADINGS = ("h2", "h3", "h4", "h5", "h6")  # h1 is the title


@dataclass(frozen=True)
class Heading:
    """A line of the contents; `title` still has the marks of values in it."""

    level: int
    number: str
    title: str
    target: str


def number(body: "HtmlElement", places: Places, language: Language, faults: Faults) -> list[Heading]:
    """Number everything in `body`, fill its references, and return its headings.

    Among the `faults` are labels that are used twice or not defined, and headings that skip a level (file and line).
    """
    anchors = {APPENDIX}
    for element in body.xpath(".//*[@id]"):
        label = element.get("id")
        if label in OWN or label.startswith("run-"):
            faults.note(
                UsageError(f"{places.of_label(label)}: the label {label!r} is the page's own", "choose another")
            )
            continue
        if label in anchors:
            where = places.of_label(label, 1)
            faults.note(UsageError(f"{where}: duplicate label {label!r}", "labels are unique in a document"))
        anchors.add(label)
    headings = _number_sections(body, places, language, faults)
    kinds = {h.target: language["appendix" if h.number[:1].isalpha() else "section"] for h in headings}
    names = {h.target: kinds[h.target].format(h.number) if h.number else own_name(h.title, language) for h in headings}
    names[APPENDIX] = language["appendix"].format(next_appendix(headings))
    names |= _number_captions(body, language)
    names |= _number_theorems(body, language)
    names.pop("", None)  # what has no label
    for count, equation in enumerate(body.xpath(".//div[@class='eq' and @id]"), 1):
        marker = equation.makeelement("span", {"class": "no"})
        marker.text = f"({count})"
        equation.append(marker)
        names[equation.get("id")] = language["equation"].format(count)
    for link in body.iter("a"):
        with faults.noting():
            _fill_reference(link, names, anchors.union(names), places)
    _place_lists(body, headings)
    order = {element.get("id"): place for place, element in enumerate(body.iter())}
    return sorted(headings, key=lambda heading: order[heading.target])


def _place_lists(body: "HtmlElement", headings: Sequence[Heading]) -> None:
    """Put the lists that the page adds before the appendices: references, then claims."""
    references, of_claims = body.xpath(".//*[@id='sec-references' or @id='refs']"), claims(body)
    appendix = next((h.target for h in headings if h.level == 2 and h.number.isalpha()), None)
    if appendix is not None:
        for element in (*references, *of_claims):
            body.get_element_by_id(appendix).addprevious(element)
    # An author may have put the references somewhere else.
    elif references and of_claims and of_claims[-1].getnext() is references[0]:
        for element in references:
            of_claims[0].addprevious(element)


def claims(body: "HtmlElement") -> "list[HtmlElement]":
    """Return the heading and the list of claims."""
    # A heading of the author's own may be called so, too.
    found = body.xpath(".//h2[@id='claims'][following-sibling::*[1][@class='claims']]")
    return [element for heading in found for element in (heading, heading.getnext())]


def next_appendix(headings: Sequence[Heading]) -> str:
    """Return the letter of the appendix that comes after these headings."""
    return ascii_uppercase[sum(h.level == 2 and h.number.isalpha() for h in headings)]


def _number_captions(body: "HtmlElement", language: Language) -> dict[str, str]:
    """Number what has a caption, each kind by itself, and the parts of figures by letters; return names by labels."""
    names, counts = {}, Counter[str]()
    for caption in body.iter("figcaption", "caption"):
        element = caption.getparent()
        if next(element.iterancestors("figure"), None) is not None:
            continue  # A part of a figure is numbered with it.
        kind = "listing" if "listing" in element.classes else element.tag
        counts[kind] += 1
        name = f"{language[kind]} {counts[kind]}"
        _prepend(caption, "lab", f"{name}.")
        names[element.get("id", "")] = name
        for letter, part in zip(ascii_lowercase, element.xpath("./div/figure"), strict=False):
            if part.find("figcaption") is None:
                part.append(part.makeelement("figcaption", {}))
            _prepend(part.find("figcaption"), "lab", f"({letter})")
            names[part.get("id", "")] = f"{name}{letter}"
    return names


def _number_theorems(body: "HtmlElement", language: Language) -> dict[str, str]:
    names = {}
    for kind in blocks.THEOREMS:
        for count, block in enumerate((block for block in body.find_class(kind) if block.tag == "div"), 1):
            names[block.get("id", "")] = name = f"{language[kind]} {count}"
            blocks.title(block, name)
    for proof in (block for block in body.find_class(blocks.PROOF) if block.tag == "div"):
        blocks.title(proof, language["proof"])
        blocks.end(proof)
    return names


def unanswered(body: "HtmlElement", places: Places) -> list[str]:
    """Return a warning for each question with nothing between it and the next heading or question."""
    warnings = []
    for count, question in enumerate(body.find_class("question")):
        follower = question.getnext()
        if follower is None or follower.tag in HEADINGS or "question" in follower.classes:
            words = " ".join(question.text_content().split())
            warnings.append(f"{places.of_block('question', count)}: a question without an answer: {words[:60]}")
    return warnings


def _number_sections(body: "HtmlElement", places: Places, language: Language, faults: Faults) -> list[Heading]:
    counts, previous, is_appendix = [0, 0, 0], 1, False
    taken = set(body.xpath(".//@id"))
    headings: list[Heading] = []
    for count, heading in enumerate(body.iter(*HEADINGS)):
        level = int(heading.tag[1])
        title = heading.text_content().strip()
        if level > previous + 1:
            where = places.of_heading(count)
            faults.note(UsageError(f"{where}: the heading {title!r} skips a level", f"write it with {'#' * previous}"))
        previous = level
        label = ""
        if level <= 4 and "unnumbered" not in heading.classes:
            begins = APPENDIX_CLASS in heading.classes
            if (begins and level != 2) or (is_appendix and level == 2 and not begins):
                where, hint = places.of_heading(count), "appendices are the last headings with one #"
                raise UsageError(f"{where}: {title!r} can't stand here", f"{hint}, each with {{.{APPENDIX_CLASS}}}")
            if begins and not is_appendix:
                counts, is_appendix = [0, 0, 0], True
            counts[level - 2] += 1
            counts[level - 1 :] = [0] * (4 - level)
            if is_appendix and counts[0] == len(ascii_uppercase):
                raise UsageError(f"{places.of_heading(count)}: {title!r} is one appendix too many for letters")
            first = ascii_uppercase[counts[0] - 1] if is_appendix else str(counts[0])
            label = ".".join((first, *map(str, counts[1 : level - 1])))
            if _own_number(title, language):
                label = ""  # It is counted, but has a number already.
            else:
                _prepend(heading, "no", label)
        target = heading.get("id") or next(
            free for n in itertools.count(count + 1) if (free := f"section-{n}") not in taken
        )
        taken.add(target)
        heading.set("id", target)
        headings.append(Heading(level, label, title, target))
    return headings


def own_name(title: str, language: Language) -> str:
    """Return what a heading without one of our numbers is called where it is referred to."""
    return _own_number(title, language) or title


def _own_number(title: str, language: Language) -> str:
    """Return what a heading is called that has a number of its author's: "Question 10: Early layers"."""
    # French sets a space before a colon.
    own = re.match(rf"({language['question']}\s\d+)\s?[:.]\s", title)
    return own[1] if own else ""


def _fill_reference(link: "HtmlElement", names: dict[str, str], anchors: set[str], places: Places) -> None:
    href, words = link.get("href", ""), link.text_content()
    if href.startswith("#"):
        label = href[1:]
        if label not in anchors and link.getparent().get("class") == "citation":
            return  # Pandoc has told that it is unknown.
        if label not in anchors:
            error = unknown("label", label, anchors)
            raise UsageError(f"{places.of_reference(label)}: {error.message}", error.hint)
        if not words and label not in names:
            hint = "give the reference a text: [text](#label)"
            raise UsageError(f"{places.of_reference(label)}: {label!r} has no number", hint)
        words = words or names[label].replace(" ", "\N{NO-BREAK SPACE}")
    elif not href.startswith(("http://", "https://", "mailto:")):
        where, address = places.link(href)
        raise UsageError(f"{where}: the link {address!r} leads nowhere", "link to #label, https:// or mailto:")
    # An element inside a link breaks PDF/UA, so its text loses its emphasis.
    for child in list(link):
        child.drop_tree()
    link.text = words


def _prepend(element: "HtmlElement", kind: str, words: str) -> None:
    marker = element.makeelement("span", {"class": kind})
    marker.text = words
    marker.tail = " " + (element.text or "").lstrip()
    element.text = None
    element.insert(0, marker)
