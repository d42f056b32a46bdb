"""Reading the page: on narrow screens, with the keyboard alone, without its script."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, scrolled_by_key

WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def focused(page: Page) -> str:
    """Return the text or name of what has the focus."""
    text: str = page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText")
    return " ".join(text.split())


def test_the_page_never_scrolls_sideways(open_page: Open) -> None:
    """At 320 pixels only tables, formulas and code scroll, each in its box; a formula's number doesn't lie on it."""
    page = open_page(width=320, height=600)
    assert not page.evaluate(WIDER)
    caption = page.locator("#tbl-broad caption").bounding_box()
    assert caption is not None
    assert caption["width"] <= 320
    ends = page.locator("#eq-long").evaluate("e => [...e.children].map(c => c.getBoundingClientRect())")
    assert ends[0]["right"] <= ends[1]["left"]
    page.get_by_role("button", name="Enlarge Figure 2").click()
    assert not page.evaluate(WIDER)


def test_what_is_too_wide_scrolls_by_keyboard(open_page: Open) -> None:
    """A box that is too narrow for its table takes the focus, says so, and scrolls; a box that isn't is passed over."""
    page = open_page(width=390)
    assert scrolled_by_key(page.get_by_role("group", name="Table 3, scrolls sideways")) > 0
    expect(page.get_by_role("group", name="Code, scrolls sideways")).to_have_attribute("tabindex", "0")
    expect(page.get_by_role("group", name="Formula (2), scrolls sideways")).to_have_attribute("tabindex", "0")
    page.set_viewport_size({"width": 2000, "height": 900})
    expect(page.get_by_role("group", name="Formula (1), scrolls sideways")).to_have_count(0)
    expect(page.locator(".scroll:has(#tbl-results)")).not_to_have_attribute("tabindex", "0")


def test_what_a_row_is_about_stays_in_sight(open_page: Open) -> None:
    """On a phone the caption and the first column stay while the other columns pass by."""
    page = open_page(width=390)
    page.locator(".scroll:has(#tbl-broad)").evaluate("box => { box.scrollLeft = 300; }")
    for place in ("caption", "tbody tr > :first-child"):
        box = page.locator("#tbl-broad").locator(place).first.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390


def test_the_keyboard_reaches_everything_in_order(open_page: Open) -> None:
    """Tab goes from the skip link through files and contents to the text, always in sight; the skip link goes there."""
    page = open_page()
    met = []
    for _ in range(10):
        page.keyboard.press("Tab")
        met.append(focused(page))
        expect(page.locator(":focus-visible")).to_be_in_viewport()
        expect(page.locator(":focus-visible")).to_have_css("outline-width", "3px")
    assert met[:9] == [
        "Skip to the text",
        "provenance.json",
        "Theory",
        "Parts of Theory",
        "Accuracy of 74.4 %",
        "More tables",
        "References",
        "Provenance",
        "45",
    ]
    page.keyboard.press("Home")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert focused(page) == "45"


def test_a_table_is_one_stop_of_the_tab_key(open_page: Open) -> None:
    """Arrow keys go through its buttons and values, Tab comes back to the last of them; beside it nothing changes."""
    page = open_page()
    places = "table => [...table.querySelectorAll('td a, th a, th button')].map(each => each.tabIndex)"
    stops = page.locator("#tbl-sorted").evaluate(places)
    assert sorted(stops) == [-1] * (len(stops) - 1) + [0]
    page.locator("#tbl-sorted").get_by_role("button", name="Score").focus()
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("91.2")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("9.9")
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("9.9")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert focused(page) == "Score"
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Score"


def test_only_what_scrolls_casts_a_shadow(open_page: Open) -> None:
    """Where nothing goes on, the edges of a shadow's gradients would show as hairlines at some zooms."""
    page = open_page(width=600, device_scale_factor=1.25)
    looks = page.evaluate("""[...document.querySelectorAll(".scroll, .eq, pre")].filter(e => e.checkVisibility()).map(
        box => [box.scrollWidth > box.clientWidth + 1, getComputedStyle(box).backgroundImage !== "none"])""")
    assert {tuple(look) for look in looks} == {(True, True), (False, False)}


@pytest.mark.parametrize("width", [768, 800, 820, 1000])
def test_a_table_that_fits_does_not_scroll(open_page: Open, width: int) -> None:
    """On a tablet neither the caption nor what an entry of the appendix unfolds is wider than the column."""
    page = open_page(width=width)
    page.get_by_role("button", name="A network").click()
    fits = "tables => tables.filter(t => !t.closest('[tabindex]')).map(t => t.id || t.className)"
    assert set(page.locator("main .scroll > table, .runs").evaluate_all(fits)) >= {"tbl-results", "runs"}
    caption = page.locator("#tbl-broad caption").bounding_box()
    column = page.locator("main").bounding_box()
    assert caption is not None
    assert column is not None
    assert caption["width"] <= column["width"]


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_moves_while_the_page_loads(browser: Browser, address: str, tmp_path: Path, width: int) -> None:
    """What the script adds takes no room that wasn't there: with fonts that are there from the first moment."""
    text = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(re.sub("@font-face{[^}]*}", "", text), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.add_init_script("""window.moved = [];
        new PerformanceObserver(list => moved.push(...list.getEntries().map(each => each.value))).observe(
            { type: "layout-shift", buffered: true });""")
    page.goto((tmp_path / "page.html").as_uri())
    page.locator(".toc a[aria-current]").wait_for(state="attached")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))")
    assert page.evaluate("moved.reduce((sum, each) => sum + each, 0)") < 0.001
    page.close()


@pytest.mark.parametrize("width", [768, 1280])
def test_the_contents_stay_and_follow_beside_the_text(open_page: Open, width: int) -> None:
    """From a tablet upward the contents stay in sight and mark the section that is read, from the first on."""
    page = open_page(width=width)
    page.get_by_role("navigation").get_by_role("link", name="More tables").click()
    expect(page.locator(".toc")).to_be_in_viewport()
    current = page.locator(".toc a[aria-current=location]")
    expect(current).to_have_text("More tables")
    page.keyboard.press("Home")
    expect(current).to_have_text("Theory")
    page.locator("main p", has_text="One more paragraph").last.scroll_into_view_if_needed()
    expect(current).to_have_text("More tables")


def test_chapters_fold(open_page: Open) -> None:
    """A chapter shows its sections while it is read or when it is asked to; without a script all are shown."""
    page = open_page()
    parts = page.locator(".toc .level3").first
    button = page.get_by_role("button", name="Parts of Theory")
    expect(parts).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Provenance").click()
    expect(parts).to_be_hidden()
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(parts).to_be_visible()
    expect(open_page(width=390).locator(".toc .level3").first).to_be_hidden()
    expect(open_page(java_script_enabled=False).locator(".toc .level3").first).to_be_visible()


def test_a_phone_comes_back_to_the_contents(open_page: Open) -> None:
    """On a phone a link to the contents is always in sight, in a bar that lies over no part of the text."""
    page = open_page(width=390)
    page.locator("#sec-deep").scroll_into_view_if_needed()
    back = page.locator(".back")
    expect(back).to_be_in_viewport()
    bar = back.bounding_box()
    assert bar is not None
    assert (bar["x"], bar["width"], bar["y"] + bar["height"]) == (0, 390, 900)
    back.get_by_role("link").click()
    expect(page.locator("#page-contents")).to_be_in_viewport()


def test_without_its_script_the_page_is_whole(open_page: Open) -> None:
    """Without JavaScript all content is there, values link to their runs, and no dead control is shown."""
    page = open_page(width=390, java_script_enabled=False)
    assert page.get_by_role("button").count() == 0
    expect(page.locator("#fig-net-curves").get_by_role("img", name="A rising curve.")).to_be_visible()
    assert page.locator("#tbl-sorted tbody tr").count() == 4
    expect(page.locator(".fn")).to_be_visible()
    expect(page.locator(".facts").last).to_be_visible()
    page.locator("main p data a", has_text="45").click()
    expect(page.locator("#run-facts-0abc")).to_be_in_viewport()


def test_no_other_script_runs(browser: Browser, address: str) -> None:
    """The page's policy lets no script run but its own, and no request out."""
    page = browser.new_page()
    page.goto(address)
    refused = page.evaluate(
        """() => new Promise(resolve => {
            const met = [];
            document.addEventListener("securitypolicyviolation", event => {
                met.push(event.effectiveDirective);
                if (met.length === 2) resolve(met.sort());
            });
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken over'";
            document.head.append(script);
            const image = new Image();
            image.src = "https://report.invalid/pixel.png";
        })"""
    )
    assert refused == ["img-src", "script-src-elem"]
    assert page.title() == "A small report"
    page.close()


def test_what_is_far_away_is_laid_out_when_it_is_wanted(open_page: Open) -> None:
    """The page is there before all of it is laid out; what a link leads to is in sight at once."""
    page = open_page()
    page.add_style_tag(content="#sec-more { margin-top: 1000vh }")
    last = page.locator(".stretch p", has_text="One more paragraph").last
    is_laid_out = "block => block.checkVisibility({ contentVisibilityAuto: true })"
    page.wait_for_function(f"block => !({is_laid_out})(block)", arg=last.element_handle())
    page.evaluate("location.hash = '#fig-wide'")
    expect(page.locator("#fig-wide")).to_be_in_viewport()
    assert last.evaluate(is_laid_out)
    page.emulate_media(media="print")
    looks = page.locator(".stretch").evaluate_all("all => all.map(each => getComputedStyle(each).contentVisibility)")
    assert set(looks) == {"visible"}
