import base64
import io
import json
import re
import shutil
import subprocess

import pikepdf
import pytest
from matplotlib.figure import Figure
from PIL import Image

from report_cli.errors import CollectedError, ReportError
from report_cli.figures import style
from report_cli.report import provenance
from report_cli.report.build import Built
from report_cli.report.html.compose import ASSETS
from report_cli.report.pdf import pdf
from tests.drawing import to_svg
from tests.report.conftest import Desk
from tests.report.judges import judge

Report = tuple[Desk, Built]


def content(built: Built, kind: str) -> bytes:
    return next(path for path in built.paths if path.suffix == f".{kind}").read_bytes()


def told(built: Built, option: str) -> str:
    """Return what pdftotext reads in the PDF."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    path = next(path for path in built.paths if path.suffix == ".pdf")
    return subprocess.run(["pdftotext", option, path, "-"], capture_output=True, text=True, check=True).stdout


def test_the_pdf_has_pages_tags_and_provenance(built: Report) -> None:
    """The PDF is tagged, titled, outlined, and carries its provenance as a file."""
    with pikepdf.open(io.BytesIO(content(built[1], "pdf"))) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.docinfo["/Title"]) == "A small report"
        with document.open_outline() as outline:
            assert outline.root
        assert document.Root.PageMode == "/UseOutlines"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        stored = json.loads(document.attachments[provenance.NAME].get_file().read_bytes())
    assert [run["experiment"] for run in stored["runs"]] == ["facts", "net"]
    (net,) = built[0].runs["net"]
    assert stored["runs"][1]["files"] == {name: file.sha256 for name, file in net.manifest.files.items()}
    shown = {entry["text"]: entry for entry in stored["values"]}
    assert shown["73.8\u202f%"] == {
        "text": "73.8\u202f%", "number": 0.7383, "unit": "fraction", "from": ["net.accuracy"], "runs": ["net-0abc"],
    }  # fmt: skip


def test_appendices_follow_in_place(desk: Desk) -> None:
    """Neither the list of claims nor the provenance of runs begins a page."""
    desk.write("""<% claim "good", value("net.accuracy") > 0.5 %>It is good.<% endclaim %>""")
    with pikepdf.open(desk.build(formats=("pdf",)).paths[0]) as document:
        assert len(document.pages) == 1


def test_formulas_in_figures_need_no_other_font(desk: Desk) -> None:
    """Symbols and formulas on the axes of a figure are laid out, whatever font they are from."""
    with style.style():
        figure = Figure(figsize=(4, 2))
        figure.add_subplot(xlabel=r"$\lambda$, $R^2$", ylabel="✓")
        other = Figure(figsize=(4, 2))
        other.add_subplot(xlabel=r"$x \in \mathbb{R}$", ylabel="ℝ")
    for each in (figure, other):
        desk.figures["net"]["curves"].path("print.svg").write_bytes(to_svg(each))
        desk.write('<< figure("net.curves", caption="c") >>')
        assert desk.build(formats=("pdf",), code=str(id(each))).written


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


def test_a_table_wider_than_the_page_is_an_error(desk: Desk) -> None:
    """What the paper would cut off is an error that says which page and what it begins with."""
    head = "|".join(f" Aratherlongcolumnname{n} " for n in range(9))
    desk.write(f"# A\n\n|{head}|\n|{'---|' * 9}\n|{head}|\n\n: Wide. {{#tbl-w}}\n")
    with pytest.raises(
        ReportError, match=r"paper.md:6: on page 1 of the PDF a table is wider than the page: .*Aratherlong"
    ):
        desk.build(formats=("pdf",))


def test_all_tables_that_are_too_wide_are_told(desk: Desk) -> None:
    """Each is told with its line; only one that doesn't reach into the margins yet is told to."""
    head = "|".join(f" Aratherlongcolumnname{n} " for n in range(9))
    table = f"|{head}|\n|{'---|' * 9}\n|{head}|\n\n: Wide. {{{{#tbl-{{}}}}}}\n\nText.\n\n"
    desk.write("# A\n\n" + table.format("a") + table.format("b .wide"))
    with pytest.raises(CollectedError) as caught:
        desk.build(formats=("pdf",))
    first, second = caught.value.errors
    assert ("paper.md:6: " in first.message, "paper.md:14: " in second.message) == (True, True)
    assert "{.wide}" in first.hint
    assert "{.wide}" not in second.hint
    assert caught.value.exit_code == 1


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


def test_a_note_taller_than_a_page_is_an_error(desk: Desk) -> None:
    """A note that no page holds would be printed over the head of the page."""
    desk.write("# A\n\nText.[^a]\n\n[^a]: " + "Words that fill a line of a paragraph. " * 200 + "\n")
    with pytest.raises(ReportError, match=r"^templates/documents/paper.md:8: a footnote is taller than a page"):
        desk.build(formats=("pdf",))


def test_what_is_taller_than_a_page_is_an_error(desk: Desk) -> None:
    """A figure that would be shrunk until no one can read it, and a formula that would be cut off, name their lines."""
    for height, fits in ((230, True), (400, False)):
        with style.style():
            figure = style.new_figure(height)
            figure.add_subplot().plot([1, 2])
        desk.figures["net"]["curves"].path("print.svg").write_bytes(to_svg(figure))
        desk.write('# A\n\nText.\n\n<< figure("net.curves", caption="c") >>\n')
        if fits:
            assert desk.build(formats=("pdf",), code=str(height)).written
        else:
            with pytest.raises(ReportError, match=r"paper.md:8: on page 2 of the PDF a figure .* taller than the page"):
                desk.build(formats=("pdf",), code=str(height))
    desk.write("# A\n\n$$\\begin{matrix} " + r" \\ ".join("a" * 80) + " \\end{matrix}$$\n")
    with pytest.raises(ReportError, match=r"paper.md:6: on page \d of the PDF a figure or formula is taller"):
        desk.build(formats=("pdf",))


LOOSE = """# Lists

- one

- two $x$

      code

  > a quotation

  | a | b |
  |---|---|
  | 1 | 2 |

  $$ x^2 $$

  1. inner

     more

term

:   a definition

    - with

      a list

> - quoted
>
>   more
"""


@pytest.mark.parametrize("flavour", ["ua1", "3a"])
def test_lists_of_blocks_pass_the_validator(desk: Desk, flavour: str) -> None:
    """An item with paragraphs, code, quotations, tables, formulas or lists has one body in the tags."""
    desk.write(LOOSE)
    (path,) = desk.build(formats=("pdf",)).paths
    result = judge("verapdf.sh", flavour, path)
    assert result.returncode == 0, result.stdout


def test_an_item_has_a_mark_and_a_body(desk: Desk) -> None:
    """PDF/UA allows nothing else in it, whatever the item holds."""
    desk.write(LOOSE)
    (path,) = desk.build(formats=("pdf",)).paths
    with pikepdf.open(path) as document:
        items = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/LI"]
        assert len(items) > 6
        for item in items:
            assert {str(kid.S) for kid in item.K} <= {"/Lbl", "/LBody"}


def test_lists_count_in_print_as_on_the_screen(desk: Desk) -> None:
    """Start, type and brackets of a list, and examples that go on counting, are those that pandoc writes."""
    lists = ("3. third\n4. fourth", "(a) alpha\n(b) beta", "B) bee", "2) two", "(@) one", "(@) two")
    desk.write("# A\n\n" + "\n\nThen:\n\n".join(lists))
    built = desk.build()
    text = told(built, "-layout")
    assert re.findall(r"^\s*(\(?\w[.)]) [a-z]", text, re.MULTILINE) == [
        "3.",
        "4.",
        "(a)",
        "(b)",
        "B)",
        "2)",
        "(1)",
        "(2)",
    ]
    kinds = re.findall(r'<ol[^>]* class="list-([\w-]+)"', content(built, "html").decode())
    assert kinds == ["parens-a", "paren-A", "paren-1", "parens-1", "parens-1"]


def test_a_long_word_stays_on_the_paper(desk: Desk) -> None:
    """Words, inline code and notes without a place to break are broken at the margin."""
    long = "x" * 300
    desk.write(f"# A\n\n- {long}\n\nCall `{long}` here.[^1]\n\n[^1]: See {long}\n")
    page = told(desk.build(formats=("pdf",)), "-bbox")
    width, *edges = (float(x) for x in re.findall(r'(?:width|xMax)="([\d.]+)"', page))
    assert len(edges) > 6
    assert max(edges) < width - 30
    # The renderer doesn't break one that begins a note.
    desk.write(f"# A\n\nText.[^1]\n\n[^1]: {long}\n")
    with pytest.raises(ReportError, match=r"paper.md:8: on page 1 of the PDF a word is wider than the page: xxx"):
        desk.build(formats=("pdf",))


@pytest.mark.parametrize("terms", [2, 13])
def test_the_number_of_an_equation_ends_with_the_text(desk: Desk, terms: int) -> None:
    """Beside a short formula and beside one that fills the line, the number ends where lines of text do."""
    formula = " + ".join(f"x_{{{n}}}" for n in range(terms))
    desk.write(f"# A\n\n{'Words of a text. ' * 20}\n\n$$ {formula} = 0 $$ {{#eq-long}}\n")
    page = told(desk.build(formats=("pdf",)), "-bbox")
    ends = {word: float(x) for x, word in re.findall(r'xMax="([\d.]+)" yMax="[\d.]+">([^<]+)<', page)}
    lines = [float(x) for x in re.findall(r'xMax="([\d.]+)" yMax="[\d.]+">\w+<', page)]
    assert ends["(1)"] == pytest.approx(max(lines), abs=0.5)


def test_a_value_stays_on_one_line(desk: Desk) -> None:
    """No end of a line falls into a number, or between it and its sign or its unit, as in the list of claims."""
    desk.store("facts", {"sum": (-0.0384, "")})
    values = ('<< value("net.loss") >>', '<< value("net.accuracy")|percent >>', '<< value("facts.sum")|decimals(2) >>')
    sentences = [
        f"- [A sentence of {'i' * length} and some more words that ends about here with {value}.]{{#c{length}{place}}}"
        for place, value in enumerate(values)
        for length in range(1, 41)
    ]
    desk.write("\n".join(sentences))
    text = told(desk.build(formats=("pdf",)), "-raw")
    for number in (r"0\.638", r"73\.8[^\S\n]?%", r"−0\.04"):
        assert len(re.findall(number, text)) == 40


def test_each_title_of_the_contents_has_its_leader_beside_it(desk: Desk) -> None:
    """A title of any length ends before the numbers of pages begin, and what wraps begins below its own words."""
    titles = [f"A title of words and {'i' * length}" for length in range(1, 60)]
    desk.write("\n".join(f"# {title}\n\n## {title}\n" for title in titles))
    text = told(desk.build(formats=("pdf",)), "-layout").partition("CONTENTS")[2].partition("\f")[0]
    assert len(re.findall(r"(?m)\. \.", text)) > 10
    assert re.findall(r"(?m)^\s*\. .*$", text) == []


def test_the_appendix_begins_where_the_references_end(built: Report) -> None:
    """No page stays empty below a short list of references."""
    pages = told(built[1], "-raw").split("\f")
    assert [page.count("The TeXbook") for page in pages if "All runs" in page] == [1]


def test_the_number_of_a_run_is_not_broken(desk: Desk) -> None:
    """However many runs the appendix lists, each has its number on one line."""
    runs = [desk.store("net", {"loss": (0.5, "")}, seed=seed) for seed in range(100, 140)]
    desk.write('<< value("net.loss") >>\n')
    text = told(desk.build(formats=("pdf",)), "-layout")
    assert [run.key for run in runs if run.key[:8] not in text] == []


def test_strong_words_are_bold_wherever_they_stand(desk: Desk) -> None:
    """Within emphasis and within a question, too, strong words have another font than those around them."""
    for text in ("Only *some **ß** are* strong.", "::: {.question}\nIs **ß**?\n:::\n\nYes."):
        desk.write(f"{text}\n")
        (path,) = desk.build(formats=("pdf",), code=text).paths
        with pikepdf.open(path) as document:
            fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/ToUnicode" in o]
            letters = {str(o.BaseFont).partition("+")[2]: o.ToUnicode.read_bytes().lower() for o in fonts}
        assert b"00df" in letters["Report-Serif-Semi-Bold"]


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
