"""What outside judges say of the page: the W3C's checker, and axe-core on WCAG 2.2 AA and on contrast as AAA asks."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import PLAIN, flaws, open_all
from tests.browser.conftest import Open
from tests.report.judges import judge

SCROLLED_OUT = ("#eq-long > .no",)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_page_is_accessible(open_page: Open, scheme: str, width: int) -> None:
    """No rule is broken on any screen, light or dark, with a note or an enlarged figure shown, or all opened."""
    page = open_page(width=width, color_scheme=scheme)
    page.add_style_tag(content=PLAIN)
    assert flaws(page, undecided=True, unseen=SCROLLED_OUT) == []
    page.locator("#tbl-sorted .sort").first.click()
    page.locator("main p data a").first.hover()
    expect(page.locator(".note")).to_be_visible()
    assert flaws(page, unseen=SCROLLED_OUT) == []
    page.locator("details.numbers summary").first.click()
    page.get_by_role("group", name="Figure 1: arrow keys read its values").press("ArrowRight")
    assert flaws(page, unseen=SCROLLED_OUT) == []
    open_all(page)
    assert flaws(page, unseen=SCROLLED_OUT) == []
    page.get_by_role("button", name="Enlarge Figure 1").click()
    assert flaws(page, unseen=SCROLLED_OUT) == []


def test_the_checker_finds_no_error(address: str) -> None:
    """The page with one of everything is valid HTML and CSS."""
    result = judge("htmlcheck.sh", address.removeprefix("file://"))
    assert result.returncode == 0, result.stderr[:2000]
