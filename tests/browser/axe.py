"""What axe-core says of a page: WCAG 2.2 AA, contrast as AAA asks, and its best practice."""

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MORE = ("color-contrast-enhanced", "target-size")
CONTRAST = ("color-contrast", "color-contrast-enhanced")
# The judge can look neither through the shadows at the sides of boxes that scroll, nor past the arrow beside a header,
# nor at what is scrolled out of sight, be it below the bar of a phone, nor at what is laid out only while it scrolls.
PLAIN = """.scroll, .eq, pre { background: var(--under) !important } .sort::after { display: none !important }
.back { position: static !important } .stretch { content-visibility: visible !important }"""
OPEN = """() => {
    for (const button of document.querySelectorAll(":is(.unfold, .fold, .fnref)[aria-expanded=false]")) button.click();
    for (const numbers of document.querySelectorAll("details")) numbers.open = true;
}"""


def open_all(page: Page) -> None:
    """Open everything that folds: chapters, footnotes, runs and the numbers behind figures."""
    page.evaluate(OPEN)


def flaws(page: Page, *, undecided: bool = False, unseen: Sequence[str] = ()) -> list[tuple[str, Any, str]]:
    """Return the rules that the page breaks, and the contrasts that the judge leaves `undecided`, with their places.

    What is `unseen`, by its selectors, isn't looked at.
    """
    options = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {name: {"enabled": True} for name in MORE}}
    verdict = Axe().run(page, {"exclude": [[each] for each in unseen]} if unseen else None, options).response
    judged = {rule["id"] for kind in ("passes", "violations", "incomplete") for rule in verdict[kind]}
    assert judged >= {*MORE, *CONTRAST}
    open_questions = [rule for rule in verdict["incomplete"] if rule["id"] in CONTRAST and undecided]
    found = [(rule["id"], node) for rule in [*verdict["violations"], *open_questions] for node in rule["nodes"]]
    return [(name, node["target"], node["failureSummary"]) for name, node in found if not is_symbol(node)]


def is_symbol(node: Any) -> bool:
    """The judge takes a bracket and a letter of a formula for no text, and a chart for an image behind its words, so it
    measures no contrast there; those words have the colours of the page's own."""
    blind = ("nonBmp", "shortTextContent")
    is_formula = any((check["data"] or {}).get("messageKey") in blind for check in node["any"])
    return is_formula or node["html"].startswith("<text")
