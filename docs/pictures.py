"""Pictures of a report in a browser: a page with the note of a value, and beside it the line of the template."""

import html
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

SCALE = 1.5
BESIDE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; display: grid; grid-template-columns: 500px 1fr; gap: 24px; align-items: start;
  background: #eef1f5; font: 15px/1.5 sans-serif; color: #1b2733 }}
figure {{ margin: 0; background: white; border-radius: 8px; box-shadow: 0 2px 12px #0003; overflow: hidden }}
figcaption {{ padding: 8px 14px; background: #dde4ec; font-weight: 600 }}
pre {{ margin: 0; padding: 14px; font: 13px/1.55 monospace; white-space: pre-wrap }}
mark {{ background: #ffe08a; border-radius: 3px }}
img {{ display: block; width: 100% }}
</style>
<figure><figcaption>templates/documents/trees.md</figcaption><pre>{template}</pre></figure>
<figure><figcaption>build/report/trees.html</figcaption><img src="{image}"></figure>"""
ASKED = '<< value("leaves.test_accuracy", measures="both")|percent >>'


def take(report: Path, template: str, folder: Path) -> None:
    """Write `page.webp`, the top of a report with the note of its first value, and `line-and-page.webp`."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "no Chromium is installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = _open(browser, report, 760, 800)
        page.locator("main data a").first.hover()
        page.locator(".note").wait_for()
        shot = page.screenshot()
        _save(shot, folder / "page.webp")
        (report.parent / "shot.png").write_bytes(shot)
        beside = report.parent / "beside.html"
        asked = html.escape(ASKED, quote=False)
        shown = html.escape(template.strip(), quote=False).replace(asked, f"<mark>{asked}</mark>", 1)
        beside.write_text(BESIDE.format(template=shown, image="shot.png"), encoding="utf-8")
        _save(_open(browser, beside, 1240, 400).screenshot(full_page=True), folder / "line-and-page.webp")
        browser.close()


def _open(browser: Browser, path: Path, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=SCALE)
    page.goto(path.as_uri())
    page.evaluate("document.fonts.ready")
    return page


def _save(shot: bytes, path: Path) -> None:
    Image.open(io.BytesIO(shot)).convert("RGB").save(path, quality=80, method=6)
