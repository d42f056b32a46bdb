"""Where a page names its runs and what it cites: the way back from the appendix and the references."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from report_cli.report.html.numbering import HEADINGS, own_name
from report_cli.report.text.words import Language

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# The id of a place, and what it is called: a section, a figure or a table.
Place = tuple[str, str]


def uses(body: "HtmlElement", drawn: Mapping[str, str], language: Language) -> dict[str, list[Place]]:
    """Return, for each run ("run-KEY") and reference ("ref-KEY") that is linked to, the places that do so, in order;
    for the metric of each value ("net.accuracy") those that show it, and for the experiment of each figure the figure.

    `drawn` has those experiments by the labels of their figures.
    """
    places: dict[str, list[Place]] = {}
    section: Place | None = None
    for element in body.iter("a", "figure", *HEADINGS):
        if element.tag in HEADINGS:
            section = element.get("id"), _section(element, language)
        elif element.tag == "figure" and element.get("id") in drawn:
            _add(places, drawn[element.get("id")], _float(element) or section)
        elif element.get("href", "").startswith(("#run-", "#ref-")):
            place = next(filter(None, map(_float, element.iterancestors("figure", "table"))), section)
            parent = element.getparent()
            keys = [f"run-{key}" for key in parent.get("data-runs", "").split()] or [element.get("href")[1:]]
            for target in (*keys, *filter(None, parent.get("data-from", "").split(", "))):
                _add(places, target, place)
    return places


def show(body: "HtmlElement", places: Mapping[str, list[Place]], language: Language) -> None:
    """End each reference with links to where it is cited."""
    for entry in body.find_class("csl-entry"):
        if at := places.get(entry.get("id", "")):
            line = body.makeelement("span", {"class": "uses"})
            line.text = f"{language['used_in']} "
            for target, name in at:
                link = body.makeelement("a", {"href": f"#{target}"})
                link.text, link.tail = name, language["list"]
                line.append(link)
            line[-1].tail = None
            entry.append(line)


def _add(places: dict[str, list[Place]], target: str, place: Place | None) -> None:
    known = places.setdefault(target, [])
    if place is not None and place not in known:
        known.append(place)


def _float(element: "HtmlElement") -> Place | None:
    """Return the place that a numbered figure or table with a label is."""
    label = element.xpath("string(./figcaption/span[@class='lab'] | ./caption/span[@class='lab'])").rstrip(".")
    return (element.get("id"), label) if label and element.get("id") else None


def _section(heading: "HtmlElement", language: Language) -> str:
    number: str = heading.xpath("string(./span[@class='no'])")
    if not number:
        return own_name(heading.xpath("normalize-space()"), language)
    return language["appendix" if number[0].isalpha() else "section"].format(number)
