"""The report of the assignment, built as in a fresh clone: from kept results, without Keras, TensorFlow or images."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import lxml.html
import pytest
from playwright.sync_api import Browser

from tests.browser.axe import PLAIN, flaws, open_all
from tests.report.judges import assert_valid

ROOT = Path(__file__).resolve().parents[2]
ABSENT = 'raise ModuleNotFoundError(f"No module named {__name__!r}", name=__name__)\n'


def report(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program in `folder`, where no import of Keras or TensorFlow works and no images are."""
    absent, cache = folder.parent / "absent", folder.parent / "cache"
    environment = {**os.environ, "PYTHONPATH": str(absent), "REPORT_DATA": "", "REPORT_CACHE": str(cache)}
    command = [sys.executable, "-m", "report_cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, beside a folder where Keras and TensorFlow can't be imported."""
    place = tmp_path_factory.mktemp("assignment")
    folder, absent = place / "clone", place / "absent"
    folder.mkdir()
    absent.mkdir()
    for name in ("keras", "tensorflow"):
        (absent / f"{name}.py").write_text(ABSENT)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("experiments", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def built(clone: Path) -> Path:
    """Return the path of the pages without their suffix. Every claim of the text holds."""
    done = report(clone, "build", "all", "--strict", "--no-run")
    assert done.returncode == 0, done.stderr[-3_000:]
    return clone / "build" / "report" / "homework4"


def test_it_shows_real_images_and_is_light(built: Path) -> None:
    """No label says that the images are drawn or trainings short, and both formats are quick to fetch."""
    page = built.with_suffix(".html")
    assert lxml.html.parse(page).getroot().find_class("label") == []
    assert page.stat().st_size <= 4_000_000
    assert built.with_suffix(".pdf").stat().st_size <= 8_000_000


def test_every_number_is_that_of_a_kept_run(built: Path, clone: Path) -> None:
    """The check of the PDF finds each value, and its metrics computed again."""
    done = report(clone, "verify", str(built.with_suffix(".pdf")))
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr


def test_outside_judges_find_nothing(built: Path) -> None:
    """The page is valid HTML and CSS, the PDF valid PDF/UA-1 and PDF/A-3a."""
    assert_valid(built)


def test_the_page_is_accessible_on_a_phone(built: Path, browser: Browser) -> None:
    """No rule is broken with all of it opened."""
    page = browser.new_page(viewport={"width": 390, "height": 900}, reduced_motion="reduce")
    page.goto(built.with_suffix(".html").as_uri())
    page.add_style_tag(content=PLAIN)
    open_all(page)
    assert flaws(page) == []
    page.close()


def test_a_missing_result_is_named(clone: Path) -> None:
    """Without one of the kept runs the build ends, names it, and trains nothing."""
    shutil.move(clone / "experiments" / "results" / "cifar-inception", clone.parent)
    try:
        done = report(clone, "build", "all")
    finally:
        shutil.move(clone.parent / "cifar-inception", clone / "experiments" / "results")
    assert done.returncode == 1
    assert "cifar-inception" in done.stderr
    assert not list((clone / "build").rglob("epoch-*"))
