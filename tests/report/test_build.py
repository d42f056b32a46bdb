import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from report_cli.errors import ReportError, UsageError
from report_cli.keys.sources import Sources
from report_cli.project import PACKAGE
from report_cli.report import build
from report_cli.report.build import Built
from report_cli.report.page import Page
from tests.report.conftest import Desk

Report = tuple[Desk, Built]


def test_the_documents_of_a_project_are_its_files(desk: Desk) -> None:
    """Every file in templates/documents is a document."""
    desk.write("Text", name="b")
    desk.write("Text", name="a")
    assert desk.project.documents == ("a", "b")


def test_the_same_store_gives_the_same_bytes(built: Report, tmp_path: Path) -> None:
    """Another folder and another process with another hash seed make identical files."""
    script = (
        "import sys; from pathlib import Path; from tests.report.conftest import PAPER, furnish\n"
        "desk = furnish(Path(sys.argv[1])); desk.write(PAPER); desk.build()"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment)
    for path in built[1].paths:
        assert (tmp_path / "build" / "report" / path.name).read_bytes() == path.read_bytes()


def test_a_change_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Template, run, figure, setting, draft and a damaged output each make the report be written again."""
    rendered: list[bool] = []

    def render(*arguments: object, **_: object) -> Page:
        rendered.append(True)
        return Page({"html": b"page"})

    monkeypatch.setattr("report_cli.report.page.render", render)
    desk.write("Text")

    def written(**options: bool) -> bool:
        return desk.build(formats=("html",), **options).written

    assert [written(), written()] == [True, False]
    desk.write("Other text")
    assert [written(), written()] == [True, False]
    (desk.project.templates / "documents" / "paper.md.bak").write_text("what an editor leaves behind")
    assert not written()
    desk.draw("net", "curves", alt="Another.")
    assert [written(), written()] == [True, False]
    desk.store("net", {"accuracy": (0.5, "")}, seed=1)
    assert [written(), written()] == [True, False]
    assert [written(draft=True), written(draft=True), written()] == [True, False, True]
    (desk.project.reports / "paper.html").write_bytes(b"touched")
    assert [written(), written()] == [True, False]
    (desk.project.reports / "paper.json").write_text("[")
    assert [written(), written()] == [True, False]
    assert len(rendered) == 8


def test_what_experiments_declare_counts_on_their_own_pages(desk: Desk) -> None:
    """Another title of an experiment whose results a document takes makes its page anew; a new experiment doesn't."""
    desk.write('<< value("net.accuracy") >>')
    assert desk.build(formats=("html",)).written
    desk.experiments["another"] = replace(desk.experiments["net"], name="another")
    assert not desk.build(formats=("html",)).written
    desk.experiments["net"] = replace(desk.experiments["net"], title="Renamed")
    assert desk.build(formats=("html",)).written


def test_another_image_is_another_report(desk: Desk) -> None:
    """An image that changed, or is gone, makes the report be written again."""
    image = desk.project.images / "dot.png"
    image.parent.mkdir()
    desk.write('![A dot.](images/dot.png){alt="a dot"}')

    def written(colour: str) -> bool:
        Image.new("RGB", (2, 2), colour).save(image)
        return desk.build(formats=("html",)).written

    assert [written(colour) for colour in ("red", "red", "navy", "navy", "red")] == [True, False, True, False, True]
    image.unlink()
    with pytest.raises(UsageError, match=r"paper.md:4: .*no such file"):
        desk.build(formats=("html",))


def test_a_failing_build_leaves_the_old_report(desk: Desk) -> None:
    """A build that fails changes neither page nor stamp."""
    desk.write("Text")
    page = desk.project.reports / "paper.html"
    page.parent.mkdir(parents=True)
    page.write_text("the old page")
    desk.write('<< value("idle.accuracy") >>')
    with pytest.raises(ReportError, match="never run"):
        desk.build()
    assert page.read_text() == "the old page"
    assert [path.name for path in page.parent.iterdir()] == ["paper.html"]


def test_an_unknown_format_is_refused(desk: Desk) -> None:
    """Only what there is can be asked for."""
    desk.write("Text")
    with pytest.raises(UsageError, match="unknown format 'odt'"):
        desk.build(formats=("odt",))


def test_a_warning_is_an_error_of_a_strict_build(desk: Desk) -> None:
    """A question without an answer is a warning with its line, also of a build that has nothing to do; a strict build
    fails and leaves the last report as it was."""
    question = "::: question\nWhy *{}*?\n:::\n"
    desk.write(f"# A\n\n{question.format('so')}\n# B\n\n{question.format('not')}\nSo.\n")
    warned = [desk.build(formats=("html",)) for _ in range(2)]
    assert [built.written for built in warned] == [True, False]
    assert warned[0].warnings == ("templates/documents/paper.md:6: a question without an answer: Why so?",)
    assert warned[0].warnings == warned[1].warnings
    page = warned[0].paths[0].read_bytes()
    with pytest.raises(ReportError, match=r"paper.md:6: a question without an answer"):
        desk.build(formats=("html",), strict=True)
    desk.write(f"# A\n\n{question.format('this')}\n{question.format('that')}")
    with pytest.raises(ReportError, match=r"paper.md:6: .* Why this\?; .*paper.md:10: .* Why that\?$"):
        desk.build(formats=("html",), strict=True)
    assert warned[0].paths[0].read_bytes() == page
    desk.write(f"# A\n\n{question.format('so')}\nSo.\n")
    assert not desk.build(formats=("html",), strict=True).warnings


def test_a_format_that_was_built_stays_known(desk: Desk) -> None:
    """Building one format after the other leaves both up to date."""
    desk.write("Text")
    assert desk.build(formats=("pdf",)).written
    assert desk.build(formats=("html",)).written
    assert not desk.build().written
    assert not desk.build(formats=("pdf",)).written


def test_a_page_links_to_the_pdf_that_is_there(desk: Desk) -> None:
    """A page that was made before its PDF, or after it, is written again where its link to it isn't right any more.

    Until then it is not up to date.
    """

    def linked(*formats: str) -> tuple[bool, bool]:
        built = desk.build(formats=formats)
        return built.written, 'href="paper.pdf"' in (desk.project.reports / "paper.html").read_text()

    desk.write("Text")
    assert linked("html") == (True, False)
    assert linked("html") == (False, False)
    assert linked("pdf") == (True, False)
    assert linked("html", "pdf") == (True, True)
    assert linked("html", "pdf") == linked("html") == linked("pdf") == (False, True)
    outdated = partial(build.outdated, desk.project, "paper", desk.selection, desk.experiments, "code", "quick")
    assert outdated() == []
    (desk.project.reports / "paper.pdf").unlink()
    assert outdated() == ["paper.html leads to a PDF that is gone"]
    assert linked("html") == (True, False)
    assert outdated() == []


MODULES = ("stats", "wording", "cli/app", "figures/style", "report/html/pandoc", "report/text/formats", "store/store")


@pytest.mark.parametrize("module", MODULES)
def test_an_edit_of_any_package_builds_the_page_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    """An edit of a module in any package of the program makes an up-to-date page be written again."""
    package = tmp_path / "package"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("report_cli.report.page.render", lambda *_, **__: Page({"html": b"page"}))
    desk.write("Text")

    def written() -> bool:
        return desk.build(Sources({"package": package}).digests["package"], formats=("html",)).written

    assert [written() for _ in range(2)] == [True, False]
    edit = package / f"{module}.py"
    edit.write_text(edit.read_text() + "# edited\n")
    assert [written() for _ in range(2)] == [True, False]


def test_the_stamp_covers_every_module() -> None:
    """Every source of the package, and the version of scipy, are part of what a page is made of."""
    snapshot = Sources({PACKAGE.name: PACKAGE})
    assert snapshot.digests
    assert {module.path for module in snapshot.read()} == set(PACKAGE.rglob("*.py"))
    assert "scipy" in build.CONVERTERS
