"""The notes that say where a value comes from and what a link names, and the way there and back."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open


def mean(page: Page) -> Locator:
    """A value that is the mean of two runs."""
    return page.locator("#tbl-results data a", has_text="74.4")


def entry(page: Page, name: str) -> Locator:
    """The entry of an experiment in the appendix."""
    return page.locator("tbody.run", has=page.get_by_role("rowheader", name=name))


def note(page: Page) -> Locator:
    return page.locator(".note")


def go_to_mean(page: Page) -> None:
    page.locator("#tbl-results data a").first.focus()
    page.keyboard.press("ArrowRight")
    expect(mean(page)).to_be_focused()


def test_the_focus_shows_where_a_value_comes_from(open_page: Open) -> None:
    """It shows what is measured, number, interval, data, date, command, and keys last, which describe the link."""
    page = open_page()
    expect(mean(page)).to_have_css("text-decoration-line", "underline")
    expect(note(page)).to_be_hidden()
    go_to_mean(page)
    expect(note(page)).to_be_visible()
    said = note(page).inner_text()
    parts = (
        *("a number (net.accuracy)", "0.74415", "67.0\u202f% to 81.8\u202f%", "over 2 seeds", "drawn images", "quick"),
        *("22 November 2026", "report run net --profile quick --seeds 2 --force", "To its run", "net-0abc", "net-1abc"),
    )
    assert sorted(parts, key=said.index) == list(parts)
    assert said.rstrip().endswith("net-1abc")
    assert "net.accuracy" in mean(page).evaluate(
        "link => document.getElementById(link.ariaDescribedByElements[0].id).innerText"
    )
    page.keyboard.press("Escape")
    expect(note(page)).to_be_hidden()
    expect(mean(page)).to_be_focused()


def test_enter_and_a_click_lead_to_the_run(open_page: Open) -> None:
    """The value is a link to its run in the appendix."""
    page = open_page()
    go_to_mean(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#run-net-0abc$"))
    expect(page.locator("#run-net-0abc")).to_be_in_viewport()
    expect(note(page)).to_be_hidden()
    expect(entry(page, "A network").get_by_role("button", name="A network")).to_be_focused()
    page.go_back()
    expect(mean(page)).to_be_focused()
    page.locator("main p data a", has_text="45").click()
    expect(page).to_have_url(re.compile("#run-facts-0abc$"))
    expect(page.locator("#run-facts-0abc")).to_be_visible()


def test_a_link_to_a_run_shows_its_entry_from_the_top(open_page: Open) -> None:
    """Whoever follows a value, or comes with the address of a run, sees what it is, opened; Tab goes on into it."""
    page = open_page(height=300)
    go_to_mean(page)
    page.keyboard.press("Enter")
    for _ in range(2):
        name = entry(page, "A network").get_by_role("button", name="A network")
        expect(name).to_be_focused()
        expect(name).to_be_in_viewport(ratio=1)
        expect(page.locator("#run-net-0abc")).to_be_in_viewport()
        page.keyboard.press("ArrowUp")
        expect(entry(page, "Computed facts").get_by_role("button")).to_be_focused()
        page.keyboard.press("ArrowDown")
        for reached in (*(7 * (".facts a",)), ".copy"):
            page.keyboard.press("Tab")
            expect(entry(page, "A network").locator(f"{reached}:focus")).to_be_in_viewport()
        page.reload()


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


def test_tab_goes_through_the_note(open_page: Open) -> None:
    """From a value Tab goes to the command in its note, which stays, and then on behind the value."""
    page = open_page()
    page.locator("main p data a").first.focus()
    page.keyboard.press("Tab")
    expect(note(page).locator(".copy")).to_be_focused()
    expect(note(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".fnref")).to_be_focused()
    expect(note(page)).not_to_contain_text("Copy")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Knuth 1984")).to_be_focused()


def test_a_note_has_the_digits_that_say_something(open_page: Open) -> None:
    """What was measured has six digits at most, a count all that it has."""
    page = open_page()
    link = page.locator("#tbl-sorted data a", has_text="1,791,786")
    for number, digits in (("0.74583333333", "0.745833"), ("-0.000012345678", "-0.0000123457"), ("1791786", "1791786")):
        page.mouse.move(0, 0)
        expect(note(page)).to_be_hidden()
        link.evaluate("(link, number) => { link.parentElement.value = number; }", number)
        link.hover()
        expect(note(page).locator("dd").first).to_have_text(digits)


def test_a_note_says_what_of_a_result_a_number_is(open_page: Open) -> None:
    """A standard deviation is not told as the result itself."""
    page = open_page()
    page.locator("p", has_text="The seeds differ by").locator("data a").focus()
    expect(note(page).locator("p").first).to_have_text("Standard deviation over the seeds of")


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
    expect(page).to_have_url(re.compile("#run-net-0abc$"))


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("#fig-net-curves", "Figure 1. The path of A network"),
        ("#tbl-results", "Table 1. Scores on drawn images."),
        ("#eq-size", "(1)"),
        ("#ref-knuth1984", "The TeXbook"),
    ],
)
def test_what_a_link_names_is_shown(open_page: Open, link: str, said: str) -> None:
    """The pointer or the focus on a name of a figure, table, formula or reference shows a copy of it."""
    page = open_page()
    name = page.locator(f"main p a[href='{link}']").first
    name.hover()
    expect(note(page)).to_contain_text(said)
    assert note(page).locator("[id], a, button").count() == 0
    page.keyboard.press("Escape")
    expect(note(page)).to_be_hidden()
    page.locator("main p data a").first.focus()
    for _ in range(10):
        page.keyboard.press("Tab")
        if name.evaluate("link => link === document.activeElement"):
            break
    expect(note(page)).to_contain_text(said)


def test_a_link_to_a_section_shows_no_note(open_page: Open) -> None:
    """A section is too long for one."""
    page = open_page()
    page.locator("main a[href='#sec-theory']").first.hover()
    page.wait_for_timeout(500)
    expect(note(page)).to_be_hidden()


def test_a_footnote_folds_behind_its_mark(open_page: Open) -> None:
    """The mark shows the note, and a click puts it into the text."""
    page = open_page()
    button = page.get_by_role("button", name="Note 1")
    footnote = page.locator(".fn")
    expect(footnote).to_be_hidden()
    button.hover()
    expect(note(page)).to_contain_text("A note with")
    button.click()
    expect(footnote).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")


def test_the_keyboard_goes_on_at_a_reference_and_back(open_page: Open) -> None:
    """After a citation the next Tab is the way back from its entry."""
    page = open_page()
    citation = page.locator("main p a[href='#ref-knuth1984']")
    citation.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ref-knuth1984")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#ref-knuth1984 .uses a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#sec-theory")).to_be_focused()


def test_the_table_of_runs_opens_and_sorts(open_page: Open) -> None:
    """A row opens to parameters, code and command; sorted, each row keeps what belongs to it."""
    page = open_page()
    table = page.locator(".runs")
    facts = table.locator("tbody", has_text="A network").locator(".facts")
    expect(facts).to_be_hidden()
    table.get_by_role("button", name="A network").click()
    expect(facts).to_be_visible()
    expect(facts).to_contain_text("epochs\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}3")
    expect(facts.get_by_role("link", name="Figure 1")).to_have_attribute("href", "#fig-net-curves")
    table.get_by_role("columnheader", name="Runs").get_by_role("button").click()
    first = table.locator("tbody").first
    expect(first.locator("th")).to_have_text("A network")
    expect(first.locator(".facts")).to_be_visible()


def test_a_command_and_the_address_of_a_heading_are_copied(open_page: Open) -> None:
    """Copy puts the command into the clipboard, the sign behind a heading its address, and the page says so."""
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="A network").click()
    page.locator(".facts:visible .copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "report run net --profile quick --seeds 2 --force"
    page.locator("#sec-deep").hover()
    page.locator("#sec-deep .anchor").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.endsWith('paper.html#sec-deep'))")


def test_a_command_that_can_not_be_copied_is_selected(open_page: Open) -> None:
    """Where the browser refuses to copy, the command is selected, and the page doesn't say that it was copied."""
    page = open_page()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')) }")
    page.get_by_role("button", name="A network").click()
    page.locator(".facts:visible .copy").click()
    page.wait_for_function("String(getSelection()) === 'report run net --profile quick --seeds 2 --force'")
    expect(page.get_by_role("status")).to_have_text("")
    page.locator("#sec-deep").hover()
    page.locator("#sec-deep .anchor").click()
