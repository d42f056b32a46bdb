"""The note that says where a value comes from."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open


def mean(page: Page) -> Locator:
    """A value that is the mean of two runs."""
    return page.locator("#tbl-results data a", has_text="74.4")


def note(page: Page) -> Locator:
    return page.locator(".note")


def tab_to_mean(page: Page) -> None:
    page.locator("#tbl-results data a").first.focus()
    page.keyboard.press("Tab")
    expect(mean(page)).to_be_focused()


def test_the_focus_shows_where_a_value_comes_from(open_page: Open) -> None:
    """Tab shows metric, number, profile, images, seeds and keys, which describe the link; Escape hides them."""
    page = open_page()
    expect(mean(page)).to_have_css("text-decoration-line", "underline")
    expect(note(page)).to_be_hidden()
    tab_to_mean(page)
    expect(note(page)).to_be_visible()
    said = note(page).inner_text()
    for part in (
        "net.accuracy",
        "0.74415",
        "quick",
        "drawn images",
        "net, seed 0",
        "net-0abc",
        "net, seed 1",
        "net-1abc",
    ):
        assert part in said
    assert "net.accuracy" in mean(page).evaluate(
        "link => document.getElementById(link.ariaDescribedByElements[0].id).innerText"
    )
    page.keyboard.press("Escape")
    expect(note(page)).to_be_hidden()
    expect(mean(page)).to_be_focused()


def test_enter_and_a_click_lead_to_the_run(open_page: Open) -> None:
    """The value is a link to its run in the appendix."""
    page = open_page()
    tab_to_mean(page)
    page.keyboard.press("Enter")
    assert page.url.endswith("#run-net-0abc")
    expect(page.locator("#run-net-0abc")).to_be_in_viewport()
    expect(note(page)).to_be_hidden()
    page.locator("main p data a", has_text="45").click()
    assert page.url.endswith("#run-facts-0abc")


def test_the_pointer_may_go_into_the_note(open_page: Open) -> None:
    """A note stays while the pointer is on it, goes when it leaves, and lies within the window."""
    page = open_page(width=600)
    mean(page).hover()
    expect(note(page)).to_be_visible()
    note(page).locator("dl").hover()
    page.wait_for_timeout(500)
    expect(note(page)).to_be_visible()
    box = note(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 600
    page.locator("h1").hover()
    expect(note(page)).to_be_hidden()


def test_a_tap_shows_the_note_and_the_next_one_follows(open_page: Open) -> None:
    """On a touch screen the first tap shows the note, one elsewhere hides it, a second tap goes to the run."""
    page = open_page(width=390, has_touch=True, is_mobile=True)
    mean(page).tap()
    expect(note(page)).to_be_visible()
    assert "#" not in page.url
    page.locator("h2").first.tap(position={"x": 2, "y": 2})
    expect(note(page)).to_be_hidden()
    mean(page).tap()
    expect(note(page)).to_be_visible()
    mean(page).tap()
    expect(note(page)).to_be_hidden()
    assert page.url.endswith("#run-net-0abc")
