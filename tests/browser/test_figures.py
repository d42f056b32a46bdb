"""Figures that the reader enlarges."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, scrolled_by_key


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Enlarge Figure 1")


def test_a_figure_is_enlarged_by_keyboard_and_closed_by_escape(open_page: Open) -> None:
    """Enter shows the figure in a dialog with its caption as name, Escape closes it and gives the focus back."""
    page = open_page()
    button(page).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_accessible_name("Figure 1. The path of A network to 74.4\u202f%")
    expect(dialog.get_by_role("img", name="A rising curve.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button(page)).to_be_focused()


@pytest.mark.parametrize("place", [".close", ".sheet", ".sheet img"])
def test_a_click_closes_the_dialog(open_page: Open, place: str) -> None:
    """A click on the picture opens the dialog; one on the picture, beside it or on Close closes it."""
    page = open_page()
    page.locator("#fig-net-curves img").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.locator(place).click(position={"x": 5, "y": 5})
    expect(dialog).to_be_hidden()
    expect(button(page)).to_be_focused()


def test_a_figure_becomes_larger_and_can_be_moved_about(open_page: Open) -> None:
    """On a desktop the figure fills the window; on a phone it is larger than the screen and scrolls in its box."""
    for width, least in ((1280, 1200), (390, 700)):
        page = open_page(width=width)
        before = page.locator("#fig-net-curves img").bounding_box()
        button(page).click()
        after = page.locator(".sheet img").bounding_box()
        assert before is not None
        assert after is not None
        assert after["width"] > max(least, 1.5 * before["width"])
    assert scrolled_by_key(page.locator(".sheet")) > 0
