"""What a page gets away with, and its author should know: the warnings, which `--strict` takes for errors."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from report_cli.report.math import Formula, Typeset
from report_cli.report.places import Places

if TYPE_CHECKING:
    from lxml.html import HtmlElement

HEADINGS = ("h2", "h3", "h4", "h5", "h6")


def on_questions(tree: "HtmlElement", places: Places) -> list[str]:
    """Return the questions with nothing between them and the next heading or question."""
    found = []
    for question in tree.find_class("question"):
        follower = question.getnext()
        if follower is None or follower.tag in HEADINGS or "question" in follower.classes:
            words = " ".join((question.text_content()).split())
            first = next(line for line in question.itertext() if line.strip()).strip().partition("\n")[0]
            found.append(f"{places.of_text(first)}: a question without an answer: {words[:60]}")
    return found


def on_formulas(typeset: Mapping[Formula, Typeset], where: Callable[[Formula], str]) -> list[str]:
    """Return the formulas that are read aloud as LaTeX, because a part of them has no words."""
    return [
        f"{where(formula)}: no words for a part of ${formula.tex}$, so it is read aloud as LaTeX"
        for formula, made in typeset.items()
        if made.words == formula.tex and not "".join(formula.tex.split()).isalnum()
    ]
