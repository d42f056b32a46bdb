"""What the page's script says and reads in another language."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.report.conftest import furnish

FRONT = '+++\ntitle = "Werte"\nlang = "de"\n+++\n'
TEXT = """
Der Verlust ist << value("net.loss") >>.

| Modell | Wert |
|:-------|-----:|
| a | 1.234,5 |
| b | 12,5 |
| c | 1,25 |

: Werte. {#tbl-werte}
"""


def test_notes_and_sorting_are_german(browser: Browser, tmp_path: Path) -> None:
    """The note has German words and the decimal comma; typed numbers sort as German ones."""
    desk = furnish(tmp_path)
    desk.write(TEXT, front=FRONT)
    page = browser.new_page()
    page.goto(desk.build(formats=("html",)).paths[0].as_uri())
    page.locator("main data a").first.hover()
    expect(page.locator(".note")).to_be_visible()
    said = page.locator(".note").inner_text()
    for part in (
        "Wert",
        "0,638",
        "Profil",
        "quick",
        "Daten",
        "net, Startwert 0",
        "22. November 2026",
        "Zu seinem Lauf im Anhang",
    ):
        assert part in said
    page.locator("#tbl-werte thead th").last.get_by_role("button").click()
    assert page.locator("#tbl-werte tbody tr > :first-child").all_text_contents() == ["a", "b", "c"]
    expect(page.get_by_role("status")).to_have_text("Sortiert nach Wert, absteigend.")
    page.close()
