"""Numbers for sections, figures, tables and equations, and the text of references to them.

Counted here and not by style sheets: browsers can't fill a reference with another element's number.
"""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from report_cli.errors import UsageError, unknown
from report_cli.report.text.lines import Places
from report_cli.report.text.words import Language

if TYPE_CHECKING:
    from lxml.html import HtmlElement

APPENDIX = "provenance"
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


def number(body: "HtmlElement", places: Places, language: Language) -> list[Heading]:
    """Number everything in `body`, fill its references, and return its headings.

    Raises:
        UsageError: a label is used twice or is not defined, or a heading skips a level (file and line in the message).
    """
    anchors = {APPENDIX}
    for element in body.xpath(".//*[@id]"):
        label = element.get("id")
        if label in OWN or label.startswith("run-"):
            raise UsageError(f"{places.of_label(label)}: the label {label!r} is the page's own", "choose another")
        if label in anchors:
            where = places.of_label(label, 1)
            raise UsageError(f"{where}: duplicate label {label!r}", "labels are unique in a document")
        anchors.add(label)
    headings = _number_sections(body, places)
    names = {h.target: language["section"].format(h.number) if h.number else h.title for h in headings}
    names[APPENDIX] = language["appendix"]
    for tag, inside in (("figure", "figcaption"), ("table", "caption")):
        captions = [element.find(inside) for element in body.iter(tag) if element.find(inside) is not None]
        for count, caption in enumerate(captions, 1):
            name = f"{language[tag]} {count}"
            _prepend(caption, "lab", f"{name}.")
            if label := caption.getparent().get("id"):
                names[label] = name
    for count, equation in enumerate(body.xpath(".//div[@class='eq' and @id]"), 1):
        marker = equation.makeelement("span", {"class": "no"})
        marker.text = f"({count})"
        equation.append(marker)
        names[equation.get("id")] = language["equation"].format(count)
    _fill_references(body, names, anchors.union(names), places)
    return headings


def unanswered(body: "HtmlElement", places: Places) -> list[str]:
    """Return a warning for each question with nothing between it and the next heading or question."""
    warnings = []
    for count, question in enumerate(body.find_class("question")):
        follower = question.getnext()
        if follower is None or follower.tag in HEADINGS or "question" in follower.classes:
            words = " ".join(question.text_content().split())
            warnings.append(f"{places.of_block('question', count)}: a question without an answer: {words[:60]}")
    return warnings


def _number_sections(body: "HtmlElement", places: Places) -> list[Heading]:
    counts, previous = [0, 0, 0], 1
    taken = set(body.xpath(".//@id"))
    headings: list[Heading] = []
    for count, heading in enumerate(body.iter(*HEADINGS)):
        level = int(heading.tag[1])
        title = heading.text_content().strip()
        if level > previous + 1:
            where = places.of_heading(count)
            raise UsageError(f"{where}: the heading {title!r} skips a level", f"write it with {'#' * previous}")
        previous = level
        label = ""
        if level <= 4 and "unnumbered" not in heading.get("class", "").split():
            counts[level - 2] += 1
            counts[level - 1 :] = [0] * (4 - level)
            label = ".".join(map(str, counts[: level - 1]))
            _prepend(heading, "no", label)
        target = heading.get("id") or next(
            free for n in itertools.count(count + 1) if (free := f"section-{n}") not in taken
        )
        taken.add(target)
        heading.set("id", target)
        headings.append(Heading(level, label, title, target))
    return headings


def _fill_references(body: "HtmlElement", names: dict[str, str], anchors: set[str], places: Places) -> None:
    for link in body.iter("a"):
        href, words = link.get("href", ""), link.text_content()
        if href.startswith("#"):
            label = href[1:]
            if label not in anchors:
                error = unknown("label", label, anchors)
                raise UsageError(f"{places.of_reference(label)}: {error.message}", error.hint)
            if not words and label not in names:
                hint = "give the reference a text: [text](#label)"
                raise UsageError(f"{places.of_reference(label)}: {label!r} has no number", hint)
            words = words or names[label].replace(" ", "\N{NO-BREAK SPACE}")
        elif not href.startswith(("http://", "https://", "mailto:")):
            where = places.of_text(f"]({href}")
            raise UsageError(f"{where}: the link {href!r} leads nowhere", "link to #label, https:// or mailto:")
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
