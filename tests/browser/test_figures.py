"""Figures that say their numbers, and that the reader enlarges."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open

FIGURE = "#fig-net-curves"


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Enlarge Figure 1")


def chart(page: Page) -> Locator:
    return page.get_by_role("img", name="A rising curve.").first


def point(page: Page, x: float, y: float) -> None:
    """Move the pointer to a place of the chart, in its own points."""
    page.locator(FIGURE).scroll_into_view_if_needed()
    box = chart(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x * box["width"] / 396, box["y"] + y * box["height"] / 120)


def test_words_of_a_chart_are_text_in_the_fonts_of_the_page(open_page: Open) -> None:
    """A chart stands in the page: its words are found, in the shipped sans; its colours follow the theme."""
    colours = set()
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        words = page.locator(f"{FIGURE} text", has_text="epoch")
        expect(words).to_be_visible()
        assert page.evaluate("window.find('epoch')")
        assert "Report Sans" in words.evaluate("each => getComputedStyle(each).fontFamily")
        colours.add(words.evaluate("each => getComputedStyle(each).fill"))
        assert words.evaluate("each => getComputedStyle(each).fill === getComputedStyle(document.body).color")
    assert len(colours) == 2


def test_no_two_figures_share_an_id(open_page: Open) -> None:
    """Names that drawings give their parts are those of one figure, and what refers to them still does."""
    page = open_page()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    clipped = page.locator(f"{FIGURE} [clip-path]").first.get_attribute("clip-path")
    assert clipped is not None
    assert clipped.removeprefix("url(#").removesuffix(")") in ids


def test_the_pointer_reads_values(open_page: Open) -> None:
    """The value nearest to the pointer is told; far from all nothing is; an area tells its row and column."""
    page = open_page()
    tip = page.locator(f"{FIGURE} .tip")
    point(page, 42, 98)
    expect(tip).to_have_text("loss (nats)epoch: 1path: 0.5")
    point(page, 200, 42)
    expect(tip).to_have_text("loss (nats)epoch: 3path: 0.125 (0.1 – 0.15)")
    point(page, 300, 80)
    expect(tip).to_have_text("true class: catpredicted cat: 8")
    point(page, 10, 5)
    expect(tip).to_be_empty()


def test_arrow_keys_read_values(open_page: Open) -> None:
    """Left and right go along a series, up and down to another one; Escape ends it, and the words are said aloud."""
    page = open_page()
    box = page.get_by_role("group", name="Figure 1: arrow keys read its values")
    tip = page.locator(f"{FIGURE} [aria-live]")
    box.focus()
    for key, text in (
        ("ArrowRight", "epoch: 1"),
        ("ArrowRight", "epoch: 2"),
        ("ArrowDown", "true class: cat"),
        ("ArrowUp", "epoch: 3"),
        ("ArrowLeft", "epoch: 2"),
    ):
        page.keyboard.press(key)
        expect(tip).to_contain_text(text)
    page.keyboard.press("Escape")
    expect(tip).to_be_empty()


def test_the_name_of_a_series_lets_others_fade(open_page: Open) -> None:
    """While the pointer is on a name, what shows another series is faint."""
    page = open_page()
    page.evaluate("document.querySelector('#fig-net-curves [data-series]').dataset.series = '7'")
    name, series = page.locator(f"{FIGURE} [data-name] text"), page.locator(f"{FIGURE} [data-series]")
    name.hover()
    expect(series).to_have_css("opacity", "0.12")
    page.mouse.move(0, 0)
    expect(series).to_have_css("opacity", "1")


def test_numbers_are_a_table(open_page: Open) -> None:
    """The numbers behind a figure are there for whoever opens them, with or without the script."""
    for script in (True, False):
        page = open_page(java_script_enabled=script)
        numbers = page.locator("details.numbers").first
        table = numbers.get_by_role("table").first
        expect(table).to_be_hidden()
        numbers.locator("summary").click()
        expect(numbers.locator("summary")).to_have_text("Numbers behind Figure 1")
        expect(table.get_by_role("row").last).to_have_text("41,792")


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
    expect(page.locator(FIGURE).get_by_role("img", name="A rising curve.")).to_be_visible()


@pytest.mark.parametrize("place", [".close", ".pan"])
def test_a_click_closes_the_dialog(open_page: Open, place: str) -> None:
    """A click on the figure opens the dialog; one beside it or on Close closes it."""
    page = open_page()
    page.locator(f"{FIGURE} .chart").click(position={"x": 5, "y": 5})
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.locator(place).click(position={"x": 5, "y": 5})
    expect(dialog).to_be_hidden()
    expect(button(page)).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844), (844, 390)])
def test_an_enlarged_figure_fits_the_window_and_becomes_larger(open_page: Open, width: int, height: int) -> None:
    """The whole figure is seen at once; a click on it shows it larger, about that place, to be moved about."""
    page = open_page(width=width, height=height)
    button(page).click()
    picture = page.locator(".zoom .chart")
    whole = picture.bounding_box()
    assert whole is not None
    assert whole["width"] > 0.9 * min(width, 3.3 * (height - 150))
    assert (whole["x"] >= 0, whole["x"] + whole["width"] <= width) == (True, True)
    assert (whole["y"] >= 0, whole["y"] + whole["height"] <= height) == (True, True)
    picture.click(position={"x": 0.75 * whole["width"], "y": 0.5 * whole["height"]})
    larger = picture.bounding_box()
    assert larger is not None
    assert larger["width"] == pytest.approx(2.5 * whole["width"], rel=0.01)
    assert larger["x"] < 0


def test_the_button_tells_whether_the_figure_is_larger(open_page: Open) -> None:
    """Larger is pressed while the figure is shown so, whichever way it came to be."""
    page = open_page()
    button(page).click()
    larger = page.get_by_role("button", name="Larger")
    expect(larger).to_have_attribute("aria-pressed", "false")
    larger.click()
    expect(larger).to_have_attribute("aria-pressed", "true")
    page.locator(".zoom .chart").click()
    expect(larger).to_have_attribute("aria-pressed", "false")


def test_arrow_keys_go_through_a_grid_of_pictures(open_page: Open) -> None:
    """Up and down go by a row where the pictures of a grid are one list; at its ends they stay."""
    page = open_page()
    page.evaluate("""const rows = document.querySelectorAll("[data-of='fig-net-curves'] tbody")[1];
        const places = ["250 20 20 20", "280 20 20 20", "250 50 20 20", "280 50 20 20"];
        rows.replaceChildren(...places.map((at, index) => {
            const row = document.createElement("tr"), cell = document.createElement("th");
            cell.dataset.at = at;
            cell.textContent = `picture ${index + 1}`;
            row.append(cell);
            return row;
        }));""")
    point(page, 290, 30)
    tip = page.locator(f"{FIGURE} .tip")
    expect(tip).to_contain_text("picture 2")
    page.locator(f"{FIGURE} .pan").focus()
    for key, number in (("Down", 4), ("Down", 4), ("Left", 3), ("Up", 1), ("Right", 2)):
        page.keyboard.press(f"Arrow{key}")
        expect(tip).to_contain_text(f"picture {number}")


def test_a_chart_that_scrolls_casts_a_shadow(open_page: Open) -> None:
    """On a phone a shadow lies on the sides where a chart goes on, and on no other."""
    page = open_page(width=390)
    stage = page.locator(f"{FIGURE} .stage")
    stage.scroll_into_view_if_needed()
    looks = "e => ['::before', '::after'].map(side => getComputedStyle(e, side).opacity)"
    for scrolled, sides in ((0, ["0", "1"]), (20, ["1", "1"]), (999, ["1", "0"])):
        stage.locator(".pan").evaluate("(pan, left) => { pan.scrollLeft = left; }", scrolled)
        page.wait_for_timeout(100)
        assert stage.evaluate(looks) == sides
    wide = open_page().locator(f"{FIGURE} .stage")
    wide.scroll_into_view_if_needed()
    assert wide.evaluate(looks) == ["0", "0"]


def test_a_figure_on_a_phone_keeps_its_words_legible(open_page: Open) -> None:
    """Words of 9 points are 12 pixels high or more; the chart scrolls in its box, and the page doesn't."""
    page = open_page(width=390)
    words = page.locator(f"{FIGURE} text", has_text="epoch")
    assert words.evaluate("each => 9 * each.getScreenCTM().a") >= 12
    assert page.evaluate("document.documentElement.scrollWidth <= 390")
