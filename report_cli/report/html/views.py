"""What a report shows, and to whom: the whole or one section; of it a student gets questions alone with room for
answers, a grader points as well."""

import re
from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from report_cli.errors import UsageError
from report_cli.project import SOLUTION, STUDENT
from report_cli.report.html import numbering
from report_cli.report.html.blocks import LANDSCAPE
from report_cli.report.html.numbering import HEADINGS
from report_cli.report.text.lines import Places
from report_cli.report.text.manuscript import ALONE
from report_cli.report.text.values import MARK, Entry, Ledger, Value
from report_cli.report.text.words import Language, number

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# What a student gets: questions, and what is given to answer them.
SHOWN = "contains(concat(' ', @class, ' '), ' question ') or contains(concat(' ', @class, ' '), ' given ')"
SPACE = "5cm"
_LENGTH = re.compile(r"\d+(\.\d+)?(mm|cm)")


class Question(NamedTuple):
    """A question that has points: the heading above it, with its id, and the points."""

    title: str
    target: str
    points: float


def hide(body: "HtmlElement", view: str, ledger: Ledger) -> None:
    """Take the numbers out of `ledger` that are left out of `body`."""
    from lxml import html

    kept = "".join(html.tostring(block, encoding="unicode", with_tail=False) for block in _shown(body, view))
    shown = {id(ledger.entry(digits)) for digits in MARK.findall(kept)}
    nothing = Entry("\N{HORIZONTAL ELLIPSIS}", r"\ldots", Value(nan, "", (), (), ledger, missing="hidden"))
    ledger.entries[:] = [entry if id(entry) in shown else nothing for entry in ledger.entries]


def mark(body: "HtmlElement", places: Places, view: str, language: Language) -> list[Question]:
    """Say at each question what it is worth, except in a solution, and return those that have points.

    Raises:
        UsageError: points or the space of an answer are none (file and line in the message).
    """
    questions, heading = [], None
    count = 0
    for element in body.iter("div", *HEADINGS):
        if element.tag in HEADINGS:
            heading = element
        if "question" not in element.classes:
            continue
        points, space = element.attrib.pop("data-points", ""), element.attrib.get("data-space", SPACE)
        if points and not (re.fullmatch(r"\d+(\.\d+)?", points) and float(points)):
            raise UsageError(f"{places.of_block('question', count)}: {points!r} are no points", "write points=4")
        if not _LENGTH.fullmatch(space):
            raise UsageError(f"{places.of_block('question', count)}: {space!r} is no space", "write space=8cm")
        count += 1
        if points:
            title = "" if heading is None else " ".join(heading.text_content().split())
            questions.append(Question(title, "" if heading is None else heading.get("id", ""), float(points)))
            if view != SOLUTION:
                worth = body.makeelement("p", {"class": "worth"})
                worth.text = language["worth"].format(number(f"{float(points):g}", language))
                element.append(worth)
    return questions


def leave(body: "HtmlElement", view: str) -> None:
    """Leave in `body` what is shown, and the headings that lead to it: a section that is built alone, and for a student
    questions with room after each, and what is given."""
    blocks = _shown(body, view)
    inside = {heading for block in blocks for heading in block.iter(*HEADINGS)}
    items = [e for e in body.iter() if e in blocks or (e.tag in HEADINGS and e not in inside)]
    kept = [e for n, e in enumerate(items) if e in blocks or _leads(e, items[n + 1 :], blocks)]
    kept += _references(body, kept)
    across = {block for page in body.find_class(LANDSCAPE) for block in page.iterdescendants()}.intersection(kept)
    for child in list(body):
        body.remove(child)
    body.text = None
    for element in kept:
        element.tail = None
        box = body if element not in across else body.makeelement("div", {"class": LANDSCAPE})
        box.append(element)
        if box is not body:
            body.append(box)
        if view == STUDENT and "question" in element.classes:
            height = element.attrib.pop("data-space", SPACE)
            body.append(body.makeelement("div", {"class": "space", "style": f"height:{height}"}))
    for section in body.find_class(ALONE):
        section.drop_tag()
    there = set(body.xpath(".//@id"))
    for link in body.xpath(".//a[starts-with(@href, '#')]"):
        if link.get("href")[1:] not in there:
            link.drop_tag()


def _references(body: "HtmlElement", kept: "Sequence[HtmlElement]") -> "list[HtmlElement]":
    """Return the heading and the list of what is cited in `kept`, none where nothing is."""
    cited = {link.get("href")[1:] for block in kept for link in block.xpath(".//a[starts-with(@href, '#ref-')]")}
    for entry in body.xpath(".//div[@id='refs']/div"):
        if entry.get("id") not in cited:
            entry.drop_tree()
    return [*body.xpath(".//h2[@id='sec-references']"), *body.xpath(".//div[@id='refs']")] if cited else []


def _shown(body: "HtmlElement", view: str) -> "list[HtmlElement]":
    alone: list[HtmlElement] = body.find_class(ALONE)
    if view != STUDENT:
        return [*alone, *numbering.claims(body)]
    outermost = body.xpath(f".//*[{SHOWN}][not(ancestor::*[{SHOWN}])]")
    return [block for block in outermost if not alone or not set(alone).isdisjoint(block.iterancestors())]


def _leads(heading: "HtmlElement", after: "Sequence[HtmlElement]", blocks: "Sequence[HtmlElement]") -> bool:
    """Whether there is something below a heading, before the next one of its rank."""
    for element in after:
        first = element if element.tag in HEADINGS or not len(element) else element[0]
        if first.tag <= heading.tag and first.tag in HEADINGS:
            return False
        if element in blocks:
            return True
    return False
