"""What outside judges say of the page: the W3C's checker, and axe-core on WCAG 2.2 AA and on contrast as AAA asks."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.report.judges import judge

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MORE = ("color-contrast-enhanced", "target-size")
CONTRAST = ("color-contrast", "color-contrast-enhanced")
# The judge can look neither through the shadows at the sides of boxes that scroll, nor past the arrow beside a header,
# nor at what is scrolled out of sight.
PLAIN = ".scroll, .eq, pre { background: var(--under) !important } .sort::after { display: none !important }"
UNSEEN = {"exclude": [["#eq-long > .no"]]}


def flaws(page: Page, *, undecided: bool = False) -> list[tuple[str, Any, str]]:
    """Return the rules that the page breaks, and the contrasts that the judge leaves `undecided`, with their places."""
    options = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {name: {"enabled": True} for name in MORE}}
    verdict = Axe().run(page, UNSEEN, options).response
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_accessible(open_page: Open, scheme: str, width: int) -> None:
    """No rule is broken on a phone or a desktop, light or dark, with a note or an enlarged figure shown or not."""
    page = open_page(width=width, color_scheme=scheme)
    page.add_style_tag(content=PLAIN)
    assert flaws(page, undecided=True) == []
    page.locator("#tbl-sorted .sort").first.click()
    page.locator("main p data a").first.hover()
    expect(page.locator(".note")).to_be_visible()
    assert flaws(page) == []
    page.locator("details.numbers summary").first.click()
    page.get_by_role("group", name="Figure 1: arrow keys read its values").press("ArrowRight")
    assert flaws(page) == []
    page.get_by_role("button", name="Enlarge Figure 1").click()
    assert flaws(page) == []


def test_the_checker_finds_no_error(address: str) -> None:
    """The page with one of everything is valid HTML and CSS."""
    result = judge("htmlcheck.sh", address.removeprefix("file://"))
    assert result.returncode == 0, result.stderr[:2000]
