import base64
import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import lxml.html
import pikepdf
import pytest
from PIL import Image, ImageFile

from report_cli import files, project
from report_cli.errors import ReportError, UsageError
from report_cli.report import provenance
from report_cli.report.build import Built, documents
from report_cli.report.html.compose import ASSETS
from report_cli.report.page import Rendered
from report_cli.report.pdf import limits, pdf
from tests.report.conftest import SVG, Desk
from tests.report.judges import judge

HEAVY = ("lxml", "nh3", "weasyprint", "pypandoc", "typst", "numpy", "fontTools", "pikepdf")
Report = tuple[Desk, Built]


def content(built: Built, kind: str) -> bytes:
    return next(path for path in built.paths if path.suffix == f".{kind}").read_bytes()


def text_of(content: bytes) -> str:
    return content.decode(errors="replace")


def test_the_documents_of_a_project_are_its_files(desk: Desk) -> None:
    """Every file in templates/documents is a document."""
    desk.write("Text", name="b")
    desk.write("Text", name="a")
    assert documents(desk.project) == ("a", "b")


def test_the_html_is_one_file_that_asks_for_nothing(built: Report) -> None:
    """The page has no address but its own anchors, data and the author's links, and runs no script but its own."""
    page = lxml.html.document_fromstring(content(built[1], "html").decode())
    anchors = {element.get("id") for element in page.xpath("//*[@id]")}
    links = {link.get("href") for link in page.xpath("//a")}
    assert {link for link in links if not link.startswith("#")} == {"https://example.org"}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert all(image.get("src").startswith("data:") for image in page.iter("img"))
    assert not page.xpath("//link | //iframe | //script[@src]")
    (script,) = page.xpath("//script/text()")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.xpath("//meta[@http-equiv]/@content")[0]
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:")
    assert f"script-src 'sha256-{allowed}';" in policy
    assert "url(http" not in text_of(content(built[1], "html"))


def test_the_page_has_title_contents_and_appendix(built: Report) -> None:
    """The title block comes from settings and front matter, and every run that was used is in the appendix."""
    page = lxml.html.document_fromstring(content(built[1], "html").decode())
    assert page.xpath("string(//h1)") == "A small report"
    assert page.xpath("string(//p[@class='by'])") == "A. Student · 0000000 · 22 November 2026"
    assert page.xpath("string(//p[@class='label'])") == "quick profile · embedded images"
    assert page.xpath("//nav//a/text()") == ["Theory", "Accuracy of 73.8\u202f%", "References", "Provenance"]
    assert page.xpath("//section[@class='run']/@id") == ["run-facts-0abc", "run-net-0abc"]


def test_the_pdf_has_pages_tags_and_provenance(built: Report) -> None:
    """The PDF is tagged, titled, outlined, and carries its provenance as a file."""
    with pikepdf.open(io.BytesIO(content(built[1], "pdf"))) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.docinfo["/Title"]) == "A small report"
        with document.open_outline() as outline:
            assert outline.root
        stored = json.loads(document.attachments[provenance.NAME].get_file().read_bytes())
    assert [run["experiment"] for run in stored["runs"]] == ["facts", "net"]
    assert stored["runs"][1]["files"] == {"measured.json": "ab" * 32}
    shown = {entry["text"]: entry for entry in stored["values"]}
    assert shown["73.8\u202f%"] == {
        "text": "73.8\u202f%", "number": 0.7383, "unit": "fraction", "from": ["net.accuracy"], "runs": ["net-0abc"],
    }  # fmt: skip


def test_what_an_author_can_write_reaches_both_formats(built: Report) -> None:
    """Values, references, notes, citations, code, captions and tables read the same on the screen and on paper."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    told = subprocess.run(["pdftotext", built[1].paths[1], "-"], capture_output=True, text=True, check=True)
    page = lxml.html.document_fromstring(content(built[1], "html").decode())
    for name, text in (("pdf", told.stdout), ("html", page.find("body").text_content())):
        plain = " ".join(text.replace("\u00ad", "").split())
        for words in (
            "The layer sums to 45 with",
            "See Equation (1).",
            "(Knuth 1984, ch. 3)",
            "The TeXbook",
            "and 0.6380.",
            "def f(x): return x + 1",
            "Accuracy of 73.8 %",
            "As Figure 1 and Table 1 show, it works → elsewhere.",
            "Figure 1. The path of A network to 73.8 %",
            "Table 1. Scores on embedded images.",
            "1,791,786",
        ):
            assert words in plain, (name, words)


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


def test_an_unchanged_report_loads_nothing_heavy(built: Report) -> None:
    """When nothing changed, nothing is written and no converter is imported."""
    desk, _ = built
    script = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {HEAVY!r}: raise AssertionError(name)\n"
        "from pathlib import Path\n"
        "from report_cli import files\n"
        "from report_cli.experiment import Experiment, every_profile\n"
        "from report_cli.project import Project, Settings\n"
        "from report_cli.report.build import Selection, build, survey\n"
        "from report_cli.store.store import FigureFile, Run\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "root = Path(sys.argv[1])\n"
        "settings = Settings(author='A. Student', id='0000000', course='Deep Learning', date='2026-11-22')\n"
        "def declare(name, title, *metrics, figures=()):\n"
        "    return Experiment(name, title, print, {}, dict.fromkeys(metrics, ''), figures=figures)\n"
        "declared = [declare('net', 'A network', 'accuracy', 'loss', 'weights', 'time', figures=('curves',)),\n"
        "    declare('facts', 'Computed facts', 'sum'),\n"
        "    declare('idle', 'Another network', 'accuracy', figures=('curves',))]\n"
        "runs = {f.parent.name: (Run(f, files.read_json(f / 'manifest.json')),)"
        " for f in (root / 'build/runs').glob('*/*')}\n"
        "drawn = root / 'build/figures/net'\n"
        "figure = FigureFile('net', 'curves', 'A rising curve.', drawn / 'curves.print.svg',"
        " drawn / 'curves.screen.svg')\n"
        "selection = Selection(runs, {'net': {'curves': figure}}, {'idle': 'never run'})\n"
        "experiments = {e.name: e for e in declared}\n"
        "assert survey(Project(root, settings), 'paper', experiments).experiments == ('facts', 'net')\n"
        "assert not build(Project(root, settings), 'paper', selection, experiments).written\n"
    )
    subprocess.run([sys.executable, "-c", script, str(desk.project.root)], check=True)


def test_a_change_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Template, run, figure, setting, draft and a damaged output each make the report be written again."""
    rendered: list[bool] = []

    def render(*arguments: object) -> Rendered:
        rendered.append(True)
        return Rendered({"html": b"page"})

    monkeypatch.setattr("report_cli.report.page.render", render)
    desk.write("Text")

    def written(**options: bool) -> bool:
        return desk.build(formats=("html",), **options).written

    assert [written(), written()] == [True, False]
    desk.write("Other text")
    assert [written(), written()] == [True, False]
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


def test_without_pango_the_html_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing Pango is an error with the remedy, after the HTML has been written."""
    monkeypatch.setattr(pdf, "load", lambda: (_ for _ in ()).throw(OSError("no pango")))
    monkeypatch.setattr("report_cli.report.html.fonts.for_screen", lambda project, text: "")
    desk.write("Text")
    with pytest.raises(ReportError, match="Pango is missing") as caught:
        desk.build()
    assert caught.value.hint
    assert "A small report" in (desk.project.reports / "paper.html").read_text()
    assert not (desk.project.reports / "paper.pdf").exists()


def test_profiles_are_never_mixed(desk: Desk) -> None:
    """Runs of two profiles make no report, only a draft that names both."""
    desk.store("idle", {"accuracy": (0.5, "")}, profile="full")
    desk.write('<< value("net.accuracy") >> << value("idle.accuracy") >>')
    with pytest.raises(ReportError, match=r"never mixes profiles: idle \(full\), net \(quick\)"):
        desk.build(formats=("html",))


def test_full_runs_on_real_images_carry_no_label(desk: Desk) -> None:
    """Only a report of full runs on real images goes without a label; computed facts don't matter."""
    real = {"name": "cifar10", "label": "CIFAR-10", "origin": "real"}
    full = desk.store("idle", {"accuracy": (0.5, "")}, profile="full", images=real)
    drawn = desk.store("idle", {"accuracy": (0.5, "")}, seed=1, profile="full")
    facts = desk.runs["facts"][0]
    assert provenance.label([full, facts], draft=False) == ""
    assert provenance.label([full, drawn], draft=False) == "embedded images"
    assert provenance.label([desk.runs["net"][0], full], draft=True) == "quick profile · embedded images"


def test_an_unknown_format_is_refused(desk: Desk) -> None:
    """Only html and pdf can be asked for."""
    desk.write("Text")
    with pytest.raises(UsageError, match="unknown format 'docx'"):
        desk.build(formats=("docx",))


@pytest.mark.parametrize(
    ("body", "says"),
    [("{{ ''.__class__ }}", "unsafe"), ("{{ nothing }}", "'nothing' is undefined"), ("{% if %}", "Expected")],
)
def test_a_flaw_in_a_layout_names_its_line(desk: Desk, body: str, says: str) -> None:
    """A project's own layout runs in the sandbox, and its errors name the file as seen from the project."""
    files.write_text(desk.project.templates / "partials" / "page.html", f"<!DOCTYPE html>\n{body}\n")
    desk.write("Text")
    with pytest.raises(UsageError, match=rf"^templates/partials/page.html:2: .*{says}"):
        desk.build(formats=("html",))


@pytest.mark.parametrize("rules", ["@import 'x.css';", "p { color: red; background: URL( 'http://x/y' ) }", "</style>"])
def test_a_style_names_nothing_outside(desk: Desk, rules: str) -> None:
    """A style that asks for something is refused with file and line in either format; what it holds itself is fine."""
    path = desk.project.templates / "style" / "page.css"
    rest = (project.inherited_templates() / "style" / "page.css").read_text()
    desk.write("Text")
    files.write_text(path, f"p {{ background: url(data:image/png;base64,AAAA) }}\n{rules}\n{rest}")
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"^templates/style/page.css:2: .* is not part of the report"):
            desk.build(formats=(name,))


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that no one reads is an error before it is laid out for minutes."""
    monkeypatch.setattr(limits, "PRINT_CELLS", 2)
    with pytest.raises(UsageError, match="have 3 cells, more than 2"):
        pdf.to_pdf("<table><tr><td>1<td>2<td>3</table>", [], {}, "{}", "")


def test_what_cannot_be_laid_out_is_an_error() -> None:
    """Whatever the renderer fails at is one error, not a bug of this program."""
    with pytest.raises(ReportError, match="the PDF can't be laid out"):
        pdf.to_pdf('<html lang="en"><title>t</title><h1>t</h1>', ["h1 { letter-spacing: 1e30px }"], {}, "{}", "")


def test_the_pdf_renderer_reads_nothing_but_its_assets() -> None:
    """An address that is no part of the report fails the PDF, whatever its scheme."""
    for address in ("file:///etc/hostname", "https://example.org/x.png", "https://report.invalid/other.svg"):
        page = f'<html lang="en"><title>t</title><body><h1>t</h1><img src="{address}" alt="a">'
        with pytest.raises(ReportError, match="not part of the report"):
            pdf.to_pdf(page, [], {}, "{}", "")


def test_what_the_renderer_only_logs_is_an_error() -> None:
    """A flaw that the renderer logs fails the PDF instead of leaving a hole in it."""
    with pytest.raises(ReportError, match="the PDF has a flaw"):
        pdf.to_pdf('<html lang="en"><title>t</title><h1>t</h1>', ["p { colour: red }"], {}, "{}", "")


def test_a_font_of_the_machine_is_an_error() -> None:
    """Text in a font that the project doesn't ship fails the PDF."""
    with pytest.raises(ReportError, match="a font of this machine"):
        pdf.to_pdf('<html lang="en"><title>t</title><h1>t</h1>', [], {}, "{}", "2026-11-22")


@pytest.mark.parametrize("flavour", ["ua1", "3a"])
def test_the_pdf_passes_the_validator(built: Report, flavour: str) -> None:
    """One PDF is valid PDF/UA-1 and PDF/A-3a."""
    result = judge("verapdf.sh", flavour, built[1].paths[1])
    assert result.returncode == 0, result.stdout


def test_the_html_passes_the_checker(built: Report) -> None:
    """The page has no error that the W3C's checker finds."""
    result = judge("htmlcheck.sh", built[1].paths[0])
    assert result.returncode == 0, result.stderr[:2000]


def test_a_character_without_a_glyph_names_its_place(desk: Desk) -> None:
    """A character that no shipped font has is an error with file and line, in either format."""
    desk.write("# A\n\nSnow \N{GRINNING FACE} falls.\n")
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"paper.md:\d+: no font of the report has .*U\+1F600, grinning face"):
            desk.build(formats=(name,))


def test_a_character_of_the_title_is_checked(desk: Desk) -> None:
    """The title block is checked, too, in either format."""
    desk.write("Text", front='+++\ntitle = "Snow \N{GRINNING FACE}"\n+++\n')
    for name in ("html", "pdf"):
        with pytest.raises(UsageError, match=r"documents/paper.md: no font of the report has .*U\+1F600"):
            desk.build(formats=(name,))


def test_a_table_wider_than_the_page_is_an_error(desk: Desk) -> None:
    """What the paper would cut off is an error that says which page and what it begins with."""
    head = "|".join(f" Aratherlongcolumnname{n} " for n in range(9))
    desk.write(f"# A\n\n|{head}|\n|{'---|' * 9}\n|{head}|\n\n: Wide. {{#tbl-w}}\n")
    with pytest.raises(
        ReportError, match=r"paper.md:6: on page 1 of the PDF a table is wider than the page: .*Aratherlong"
    ):
        desk.build(formats=("pdf",))


def test_what_is_too_wide_names_its_own_line(desk: Desk) -> None:
    """Of two tables with the same text the wide one is named; formulas and code name their lines, too."""
    narrow, long = "| a | b |\n|---|---|\n| 1 | 2 |\n", "+".join(f"x_{{{n}}}" for n in range(60))
    head = "|".join(" Aratherlongcolumnname " for n in range(9))
    wide = f"|{head}|\n|{'---|' * 9}\n|{head}|\n"
    for flaw, line, kind in (
        (f"{narrow}\n{wide}", 12, "table"),
        (f"$x$\n\n$${long}$$", 10, "figure or formula"),
        (f"```\na\n```\n\n```\n{'x' * 300}\n```", 13, "block of code"),
    ):
        desk.write(f"# A\n\n{narrow[:10]}\n{flaw}\n")
        with pytest.raises(ReportError, match=rf"^templates/documents/paper.md:{line}: on page 1 of the PDF a {kind}"):
            desk.build(formats=("pdf",))


def test_a_figure_that_can_not_be_shown_names_its_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure that is no SVG, or holds or names an image that can't be shown, is an error with file and line."""
    # As the renderer of the PDF leaves it behind.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    file = desk.figures["net"]["curves"]
    png = io.BytesIO()
    Image.effect_noise((40, 40), 50).save(png, "PNG")
    cut = base64.b64encode(png.getvalue()[:60]).decode()
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{}"/></svg>'
    desk.write('Text\n\n<< figure("net.curves", caption="c") >>\n')
    for content, message in (
        (SVG[:100], "curves.print.svg: it is no SVG"),
        (svg.format(f"data:image/png;base64,{cut}"), "curves.print.svg: an image in it doesn't decode"),
        (svg.format("picture.png"), "curves.print.svg: it refers to an image outside itself: 'picture.png'"),
    ):
        file.print_svg.write_text(content)
        with pytest.raises(ReportError, match=rf"^templates/documents/paper.md:6: .*{message}"):
            desk.build(formats=("html",))


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
    assert desk.build(formats=("html",)).written
    assert desk.build(formats=("pdf",)).written
    assert not desk.build().written


def test_a_draft_says_so_on_every_page(desk: Desk) -> None:
    """A draft carries DRAFT in the title block and in the running footer of each page."""
    desk.write('Text << value("idle.accuracy") >>\n\n' + "One more paragraph.\n\n" * 60)
    built = desk.build(formats=("pdf",), draft=True)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    text = subprocess.run(["pdftotext", "-layout", built.paths[0], "-"], capture_output=True, text=True, check=True)
    pages = text.stdout.split("\f")[:-1]
    assert len(pages) > 1
    assert all("DRAFT" in page.splitlines()[-2] + page.splitlines()[-1] for page in pages)


def test_a_draft_without_results_fits_its_pages(desk: Desk) -> None:
    """Placeholders, which are longer than what they stand for, make no table too wide, whatever holds them together."""
    missing = '<< value("idle.accuracy") >>'
    row = f"| Idle | {f'{missing} | ' * 6}[{missing}–{missing}]{{.glue}} |"
    desk.write(f"# A\n\n| Network |{' Accuracy |' * 7}\n|:---|{'---:|' * 7}\n{row}\n{row}\n\n: Results. {{#tbl-r}}\n")
    assert desk.build(formats=("pdf",), draft=True).written


def test_pixels_inside_a_figure_are_shown() -> None:
    """A figure may hold pixels of its own as a data address; that is no request."""
    with io.BytesIO() as drawn:
        Image.new("RGB", (2, 2), "navy").save(drawn, "PNG")
        pixels = base64.b64encode(drawn.getvalue()).decode()
    image = f'<image href="data:image/png;base64,{pixels}" width="9" height="9" image-rendering="crisp-edges"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{image}</svg>'
    page = f'<html lang="en"><title>t</title><body><img src="{ASSETS}a.svg" alt="a">'
    content = pdf.to_pdf(page, [], {"a.svg": svg.encode()}, "{}", "2026-01-02")
    with pikepdf.open(io.BytesIO(content)) as opened:
        assert any(isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image" for o in opened.objects)


def test_a_shared_environment_is_told_once(desk: Desk) -> None:
    """Where all runs come from one environment the appendix names it once, else with each run."""
    (run,) = desk.runs["net"]
    here = provenance.appendix([run, run], desk.experiments)
    assert here.environment
    assert all(name != "Computed with" for entry in here.entries for name, _ in entry.facts)
    other = dataclasses.replace(run, manifest={**run.manifest, "environment": {"python": "3.99"}})
    both = provenance.appendix([run, other], desk.experiments)
    assert not both.environment
    assert [dict(entry.facts)["Computed with"] for entry in both.entries][1] == "python 3.99"
