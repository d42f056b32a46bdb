"""`report verify`: every forgery is found, and no honest report is accused of one."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from fontTools.ttLib import TTFont

from report_cli import api
from report_cli.project import inherited_templates
from report_cli.report.pdf import pdf
from report_cli.report.verify import DIFFERS, OTHER_RENDERER, VERIFIED
from tests.fault import forging
from tests.fault.cases import numbered

TIMES = 20
FONTS = inherited_templates() / "style" / "fonts"


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with its runs and its PDF; read only."""
    root = tmp_path_factory.mktemp("measured") / "paper"
    forging.write(root, random.Random(0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORT_CACHE", str(tmp_path_factory.mktemp("cache")))
        forging.build(root)
    return root


@pytest.fixture
def root(tmp_path: Path, measured: Path) -> Path:
    """Return a copy of the project, to be forged."""
    shutil.copytree(measured, tmp_path / "paper")
    return tmp_path / "paper"


Count = Callable[[str, object], None]


@numbered(TIMES, fast=1)
def test_a_number_of_the_pdf_alone(root: Path, case: int, record_property: Count) -> None:
    """One digit of a page that was changed is found, and its page is told; also in a file that claims another Pango."""
    path, chance = root / "build" / "report" / "paper.pdf", random.Random(case)
    forging.rewrite(path, page=forging.change_number(chance), facts=forging.elsewhere if case % 2 else None)
    outcome = api.verify(path, folder=root)
    record_property("forgeries found", int(outcome.verdict == DIFFERS))
    assert outcome.verdict == DIFFERS
    assert any(difference.page for difference in outcome.differences), outcome.differences


@numbered(TIMES, fast=1)
def test_a_number_with_attachment_and_digests(root: Path, case: int, record_property: Count) -> None:
    """A page, its attachment and all digests in it that agree with each other still differ from what the runs give."""
    path, chance = root / "build" / "report" / "paper.pdf", random.Random(100 + case)

    def facts(there: dict[str, object]) -> None:
        value = chance.choice(there["values"])  # type: ignore[index]
        value["number"] += 0.01
        value["text"] = value["text"].replace("8", "9")
        if case % 2:
            forging.elsewhere(there)

    forging.rewrite(path, page=forging.change_number(chance), facts=facts)
    outcome = api.verify(path, folder=root)
    record_property("forgeries found", int(outcome.verdict == DIFFERS))
    assert outcome.verdict == DIFFERS
    assert any(value.verdict == DIFFERS for value in outcome.values)


@numbered(TIMES, fast=1)
def test_a_stored_metric(root: Path, case: int, record_property: Count) -> None:
    """A metric that was changed in the store, hashed again and built in doesn't follow from the predictions."""
    chance = random.Random(200 + case)
    forging.restore(chance.choice(forging.runs(root)), forging.better(chance, predictions=False))
    outcome = api.verify(forging.build(root), folder=root)
    record_property("forgeries found", int(outcome.verdict == DIFFERS))
    assert outcome.verdict == DIFFERS
    assert {value.verdict for value in outcome.values if value.origins == ["blobs.width"]} == {VERIFIED}
    assert any("by its predictions" in difference.sentence() for difference in outcome.differences)


@numbered(TIMES, fast=2)
def test_a_sentence_or_a_figure(root: Path, case: int, record_property: Count) -> None:
    """A letter of the text, or a shape of a figure or formula, that was changed is found."""
    path, chance = root / "build" / "report" / "paper.pdf", random.Random(300 + case)
    change = forging.change_drawing(chance) if case % 2 else forging.change_word(chance)
    forging.rewrite(path, page=change, facts=forging.elsewhere if case % 4 < 2 else None)
    outcome = api.verify(path, folder=root)
    record_property("forgeries found", int(outcome.verdict == DIFFERS))
    assert outcome.verdict == DIFFERS
    assert any(difference.page for difference in outcome.differences), outcome.differences


@numbered(TIMES, fast=1)
def test_predictions_with_their_metric(root: Path, case: int, record_property: Count) -> None:
    """Predictions and metric that were both changed agree, and are told to be unverified; training again finds them."""
    chance = random.Random(400 + case)
    forging.restore(chance.choice(forging.runs(root)), forging.better(chance, predictions=True))
    path = forging.build(root)
    outcome = api.verify(path, folder=root)
    assert outcome.verdict == VERIFIED
    assert outcome.unverified == ["blobs"]
    again = api.verify(path, retrain="blobs", folder=root)
    record_property("forgeries found", int(again.verdict == DIFFERS))
    assert again.verdict == DIFFERS
    assert any("as measured again" in difference.sentence() for difference in again.differences)


@numbered(TIMES, fast=1)
def test_an_untouched_report(root: Path, case: int, record_property: Count) -> None:
    """No honest report is accused, whatever it says and in whatever order."""
    forging.write(root, random.Random(500 + case))
    outcome = api.verify(forging.build(root), folder=root)
    record_property("honest reports accused", int(outcome.verdict != VERIFIED))
    assert outcome.verdict == VERIFIED, outcome.differences
    assert {value.verdict for value in outcome.values} == {VERIFIED}


@numbered(TIMES, fast=2)
def test_another_renderer(root: Path, case: int, record_property: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that was laid out with fonts or a Pango whose letters are otherwise wide says the same."""
    chance = random.Random(600 + case)
    forging.write(root, chance)
    width = chance.uniform(0.95, 1.08)
    with monkeypatch.context() as patch:
        if case % 2:
            lay_out, versions = pdf._lay_out, pdf.versions
            patch.setattr(pdf, "versions", lambda: {**versions(), "pango": "14800"})

            def wider(html: str, styles: list[str], *more: object) -> bytes:
                return lay_out(html, [*styles, f"body {{ letter-spacing: {width - 1}em }}"], *more)

            patch.setattr(pdf, "_lay_out", wider)
        else:
            stretch(root / "templates" / "style" / "fonts", width)
        path = forging.build(root)
    shutil.rmtree(root / "templates" / "style", ignore_errors=True)
    outcome = api.verify(path, folder=root)
    drawn = ends(path)
    record_property("honest reports accused", int(outcome.verdict != OTHER_RENDERER))
    assert outcome.verdict == OTHER_RENDERER, outcome.differences
    assert {value.verdict for value in outcome.values} == {VERIFIED}
    path.unlink()
    assert all(there != here for there, here in zip(drawn, ends(forging.build(root)), strict=False))


def stretch(folder: Path, width: float) -> None:
    """Write the text fonts with other widths, as another version of them might have."""
    folder.mkdir(parents=True)
    for path in FONTS.iterdir():
        if path.suffix not in (".otf", ".ttf") or "Math" in path.name:
            continue
        with TTFont(path, recalcTimestamp=False) as font:
            for name, (advance, bearing) in font["hmtx"].metrics.items():
                font["hmtx"].metrics[name] = round(advance * width), bearing
            font.save(folder / path.name)


def ends(path: Path) -> list[bytes]:
    """Return what each page draws."""
    with pikepdf.open(path) as opened:
        return [page.Contents.read_bytes() for page in opened.pages]
