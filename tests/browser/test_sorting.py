"""Tables that the reader sorts."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open

ORIGINAL = ["net 10", "net 2", "other", "another"]


def table(page: Page) -> Locator:
    return page.locator("#tbl-sorted")


def rows(page: Page) -> list[str]:
    return table(page).locator("tbody tr > :first-child").all_text_contents()


def sort(page: Page, name: str) -> str:
    """Click on a header; return what the page then says about the column's order."""
    header = table(page).locator("th", has_text=name)
    header.get_by_role("button").click()
    return header.get_attribute("aria-sort") or "none"


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        ("Score", ["net 2", "net 10", "another", "other"], ["net 10", "another", "net 2", "other"]),
        ("Size", ["other", "net 2", "another", "net 10"], ["net 10", "another", "net 2", "other"]),
        ("Model", ["another", "net 2", "net 10", "other"], ["other", "net 10", "net 2", "another"]),
    ],
)
def test_a_column_sorts_up_down_and_back(
    open_page: Open, column: str, ascending: list[str], descending: list[str]
) -> None:
    """Values sort by number, the largest first, words by alphabet; equals keep their order, cells without a number
    come last."""
    page = open_page()
    orders = [("ascending", ascending), ("descending", descending)]
    for order in orders if column == "Model" else reversed(orders):
        assert (sort(page, column), rows(page)) == order
    assert (sort(page, column), rows(page)) == ("none", ORIGINAL)


def test_one_column_at_a_time_is_sorted(open_page: Open) -> None:
    """Sorting by another column starts from the author's order and takes the mark from the first."""
    page = open_page()
    sort(page, "Model")
    assert sort(page, "Score") == "descending"
    assert rows(page) == ["net 10", "another", "net 2", "other"]
    assert table(page).locator("th[aria-sort]").count() == 1


def test_a_header_sorts_by_keyboard_and_says_so(open_page: Open) -> None:
    """Enter and the space bar sort, the focus stays, and the outcome is announced."""
    page = open_page()
    button = table(page).get_by_role("button", name="Model")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert rows(page) == ["other", "net 10", "net 2", "another"]
    expect(button).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Sorted by Model, descending.")


def test_a_link_in_a_header_stays_a_link(open_page: Open) -> None:
    """A header with a link in it has a button beside the link, with a name of its own."""
    page = open_page()
    header = table(page).locator("th", has_text="Size")
    assert header.get_by_role("link", name="Equation (1)").get_attribute("href") == "#eq-size"
    expect(header.get_by_role("button")).to_have_accessible_name("Sort by Size, as in Equation\N{NO-BREAK SPACE}(1)")
