"""Numbers for sections, figures, tables and equations, and the text of references to them.

Counted here and not by style sheets: browsers can't fill a reference with another element's number.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from report_cli.errors import UsageError, unknown
from report_cli.report.text.lines import Places

if TYPE_CHECKING:
    from lxml.html import HtmlElement

APPENDIX = "provenance"
HEADINGS = ("h2", "h3", "h4", "h5", "h6")  # h1 is the title


@dataclass(frozen=True)
class Heading:
    """A line of the contents; `title` still has the marks of values in it."""

    level: int
    number: str
    title: str
    target: str


@dataclass
class Numbers:
    """What the tree's labels are called, and its headings."""

    names: dict[str, str] = field(default_factory=dict)
    headings: list[Heading] = field(default_factory=list)


def number(body: "HtmlElement", places: Places) -> Numbers:
    """Number everything in `body` and fill its references.

    Raises:
        UsageError: a label is used twice or is not defined, or a heading skips a level (file and line in the message).
    """
    numbers = Numbers()
    _unique(body, places)
    _sections(body, numbers, places)
    _captions(body, numbers)
    _equations(body, numbers)
    numbers.names[APPENDIX] = "Appendix A"
    _references(body, numbers, places)
    return numbers


def _unique(body: "HtmlElement", places: Places) -> None:
    seen = set()
    for element in body.xpath(".//*[@id]"):
        label = element.get("id")
        if label in seen or label == APPENDIX or label.startswith("run-"):
            where = places.of_label(label, 1)
            raise UsageError(f"{where}: duplicate label {label!r}", "labels are unique in a document")
        seen.add(label)


def _sections(body: "HtmlElement", numbers: Numbers, places: Places) -> None:
    counts = [0, 0, 0]
    previous = 1
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
            _prepend(heading, "no", label, " ")
        target = heading.get("id") or f"section-{len(numbers.headings) + 1}"
        heading.set("id", target)
        numbers.headings.append(Heading(level, label, title, target))
        numbers.names[target] = f"Section {label}" if label else title


def _captions(body: "HtmlElement", numbers: Numbers) -> None:
    for tag, inside, word in (("figure", "figcaption", "Figure"), ("table", "caption", "Table")):
        captioned = [element for element in body.iter(tag) if element.find(inside) is not None]
        for count, element in enumerate(captioned, 1):
            _prepend(element.find(inside), "lab", f"{word} {count}.", " ")
            if element.get("id"):
                numbers.names[element.get("id")] = f"{word} {count}"


def _equations(body: "HtmlElement", numbers: Numbers) -> None:
    labelled = body.xpath(".//div[@class='eq' and @id]")
    for count, equation in enumerate(labelled, 1):
        marker = equation.makeelement("span", {"class": "no"})
        marker.text = f"({count})"
        equation.append(marker)
        numbers.names[equation.get("id")] = f"Equation ({count})"


def _references(body: "HtmlElement", numbers: Numbers, places: Places) -> None:
    anchors = {element.get("id") for element in body.xpath(".//*[@id]")} | {APPENDIX}
    for link in body.iter("a"):
        href, words = link.get("href", ""), link.text_content()
        if href.startswith("#"):
            words = _words(href[1:], words, anchors, numbers, places)
        elif not href.startswith(("http://", "https://", "mailto:")):
            where = places.of_text(f"]({href}")
            raise UsageError(f"{where}: the link {href!r} leads nowhere", "link to #label, https:// or mailto:")
        # An element inside a link breaks PDF/UA, so its text loses its emphasis.
        for child in list(link):
            child.drop_tree()
        link.text = words


def _words(label: str, words: str, anchors: set[str], numbers: Numbers, places: Places) -> str:
    if label not in anchors:
        error = unknown("label", label, anchors)
        raise UsageError(f"{places.of_reference(label)}: {error.message}", error.hint)
    if not words and label not in numbers.names:
        hint = "give the reference a text: [text](#label)"
        raise UsageError(f"{places.of_reference(label)}: {label!r} has no number", hint)
    return words or numbers.names[label].replace(" ", "\N{NO-BREAK SPACE}")


def _prepend(element: "HtmlElement", kind: str, words: str, gap: str) -> None:
    marker = element.makeelement("span", {"class": kind})
    marker.text = words
    marker.tail = gap + (element.text or "").lstrip()
    element.text = None
    element.insert(0, marker)
