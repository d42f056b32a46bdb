"""Finishes the tables of a page: first cells that name their row become its header, numbers meet at their points."""

import re
from typing import TYPE_CHECKING

from report_cli.project import Project
from report_cli.report.html import fonts
from report_cli.report.text.words import Language

if TYPE_CHECKING:
    from lxml.html import HtmlElement

POWER = "× 10"
# A name of a row so short is kept on one line.
SHORT_NAME = 24


def finish(body: "HtmlElement", project: Project, language: Language) -> None:
    """Change the tables of `body` in place; the values in their cells have to be text by now."""
    whole = re.compile(rf"(?:[<>] ?)?[+−±-]?\d(?:{re.escape(language['thousands'])}?\d)*")
    for table in body.iter("table"):
        rows = [row for part in table.iter("tbody") for row in part.iter("tr")]
        _name_rows(rows)
        for column in zip(*(list(row) for row in rows), strict=False):
            _align_points([cell for cell in column if cell.get("class") == "right"], project, whole)


def _name_rows(rows: "list[HtmlElement]") -> None:
    """Make the first cells headers of their rows where they tell the rows apart and are no results."""
    first = [row[0] for row in rows if len(row) > 1]
    names = [" ".join(cell.text_content().split()) for cell in first]
    if len(first) < 2 or not all(names) or len(set(names)) < len(names):
        return
    if any(cell.find(".//data") is not None for cell in first):
        return
    for cell, name in zip(first, names, strict=True):
        cell.tag = "th"
        cell.set("scope", "row")
        if len(name) <= SHORT_NAME and cell.get("class") is None:
            cell.set("class", "glue")


def _align_points(cells: "list[HtmlElement]", project: Project, whole: re.Pattern[str]) -> None:
    """Keep free at the end of each cell what brings the first points of all numbers below each other.

    A power of ten has none: it is compared by its exponent, not by the place of its point.
    """
    tails = {}
    for cell in cells:
        text = cell.text_content().strip()
        number = None if POWER in text else whole.match(text)
        if number:
            # What follows the whole part; digits are equally wide.
            tails[cell] = re.sub(r"\d", "0", text[number.end() :])
    if len(set(tails.values())) < 2:
        return
    widths = fonts.widths(project, tails.values())
    for cell, tail in tails.items():
        if room := max(widths.values()) - widths[tail]:
            cell.set("style", f"--room:{room:.3f}em")
