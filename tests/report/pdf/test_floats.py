"""The printed pages of a small but varied document, measured."""

import io
from dataclasses import dataclass
from typing import Any

import lxml.html
import pikepdf
import pytest
import weasyprint

from report_cli.report.html import tables
from report_cli.report.text import words
from tests.report.conftest import Desk, furnish
from tests.report.pdf import layout
from tests.report.pdf.layout import Page

PROSE = "The layer sums to << value('facts.sum') >> where $x$ is small, and nothing else about it matters here. "
FIGURE = '<< figure("net.curves", caption="The curve number {n}.", label="fig-{n}") >>'
MIXED = """
| Quantity | Measured | Ratio |
|:---|---:|---:|
| one | 12.5 | 1 |
| two | 1,234.25 | 0.51 ± 0.07 |
| three | −7 | 1.25 ± 0.20 |
| four | not measured | 10.50 ± 1.00 |
| five | << value("net.loss")|decimals(3) >> | < 0.001 |
| six | 3 × 10⁻⁴ | 0.88 ± 0.09 |

: Quantities of part {n}. {{#tbl-{n}}}
"""
PART = f"""
# Part {{n}}

{{prose}}

{{prose}}

{FIGURE}

{{prose}}

## Numbers of part {{n}}

{{prose}} A note.[^n{{n}}]

{MIXED}

$$ y_{{{{{{n}}}}}} = \\sum_{{{{k=1}}}}^{{{{{{n}}}}}} \\frac{{{{x_k}}}}{{{{k + {{n}}}}}} $$ {{{{#eq-{{n}}}}}}

{{prose}}

[^n{{n}}]: The note of part {{n}}.
"""
LONG = "| Row | Weights | Loss |\n|:---|---:|---:|\n" + "".join(f"| row {n} | {n} | {n / 8} |\n" for n in range(60))
# A page of A4 is 297 mm high.
THIRD_MM = 99.0


@dataclass(frozen=True)
class LaidOut:
    """A document as the renderer laid it out, its pages as they measure, and its PDF."""

    document: Any
    pages: list[Page]
    pdf: bytes


def lay_out(desk: Desk, text: str, monkeypatch: pytest.MonkeyPatch) -> LaidOut:
    """Build the PDF of `text` and keep hold of its layout."""
    caught: list[Any] = []
    plain = weasyprint.Document.write_pdf

    def write(document: Any, *arguments: Any, **options: Any) -> Any:
        caught.append(document)
        return plain(document, *arguments, **options)

    monkeypatch.setattr(weasyprint.Document, "write_pdf", write)
    desk.write(text)
    built = desk.build(formats=("pdf",))
    return LaidOut(caught[0], layout.pages(caught[0]), built.paths[0].read_bytes())


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> LaidOut:
    """A report of several parts with one of everything, and a table that is longer than a page."""
    parts = "".join(PART.format(n=n, prose=PROSE * (4 + n)) for n in range(1, 6))
    with pytest.MonkeyPatch.context() as patch:
        return lay_out(
            furnish(tmp_path_factory.mktemp("varied")),
            f"{parts}\n\n# Long\n\n{PROSE}\n\n{LONG}\n: Long. {{#tbl-long}}\n",
            patch,
        )


def test_pages_are_full(varied: LaidOut) -> None:
    """Every page but the last is used for at least 65 % of its height."""
    sparse = {page.number: round(page.full, 2) for page in varied.pages[:-1] if page.full < 0.65}
    assert not sparse
    assert len(varied.pages) > 6


def test_the_contents_stand_in_two_columns(varied: LaidOut) -> None:
    """The contents take half of the height that their entries have."""
    boxes = varied.document.pages[0]._page_box.descendants()
    entries = [box for box in boxes if box.element_tag == "li" and type(box).__name__ == "BlockBox"]
    assert len({round(box.position_x) for box in entries if box.element.get("class") == "level2"}) == 2


def test_no_heading_is_left_behind(varied: LaidOut) -> None:
    """No page ends with a heading."""
    assert not [page.number for page in varied.pages if page.last in layout.HEADINGS]


def test_figures_leave_room_for_text(varied: LaidOut) -> None:
    """No figure is higher than a third of the page."""
    heights = [height for page in varied.pages for height in page.figures.values()]
    assert len(heights) == 5
    assert max(heights) <= THIRD_MM


def test_points_are_below_each_other(varied: LaidOut) -> None:
    """In every column the decimal points stand at one place, also where a spread or nothing follows."""
    found = layout.point_positions(varied.document)
    assert len(found) >= 10
    assert {place: positions for place, positions in found.items() if max(positions) - min(positions) > 0.3} == {}


def test_a_long_table_repeats_its_head(varied: LaidOut) -> None:
    """Each page that shows a part of a table begins it with the table's head."""
    assert all(page.tables == len(page.table_heads) for page in varied.pages)
    assert len([page for page in varied.pages if "Row Weights Loss" in page.table_heads]) >= 2


def test_the_fonts_are_ours(varied: LaidOut) -> None:
    """The PDF embeds every font it uses, and all of them are among those that the project ships."""
    with pikepdf.open(io.BytesIO(varied.pdf)) as pdf:
        fonts = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font"]
        names = {str(font.BaseFont).partition("+")[2] for font in fonts}
    assert {name.split("-")[0] for name in names} <= {"Report", "Source"}
    assert {"Report-Serif", "Report-Sans-Semi-Bold"} <= names


def test_first_cells_that_name_rows_are_tagged_as_headers(varied: LaidOut) -> None:
    """A screen reader hears the name of the row with each of its numbers."""
    with pikepdf.open(io.BytesIO(varied.pdf)) as pdf:
        kinds = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") in ("/TH", "/TD")]
        headers = {str(cell.ID) for cell in kinds if cell.S == "/TH"}
        cells = [{str(name) for name in cell.A.Headers} for cell in kinds if cell.S == "/TD"]
    assert len(cells) == 2 * (5 * 6 + 60)
    assert all(len(names) == 2 and names <= headers for names in cells)


def test_what_does_not_fit_waits_while_the_text_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text fills the page that a figure is too high for, figures keep their order, and none passes a heading."""
    before = f"{PROSE * 6}\n\n" * 3 + PROSE * 5
    text = (
        f"# A\n\n{before}\n\n{FIGURE.format(n=1)}\n\n{FIGURE.format(n=2)}\n\n"
        f"It announces:\n\n$$ a = b $$ {{#eq-a}}\n\ngoes on after it.\n\n{PROSE * 9}\n\n"
        f"{FIGURE.format(n=3)}\n\n# B\n\n{PROSE * 9}"
    )
    shown = lay_out(desk, text, monkeypatch)
    assert shown.pages[0].full > 0.9
    assert [list(page.figures) for page in shown.pages[:2]] == [[], ["fig-1", "fig-2", "fig-3"]]
    order = layout.order(shown.document)
    assert order.index("fig-1") == order.index("eq-a") + 3  # behind what goes on after the formula, and the prose
    assert order.index("fig-3") < order.index("section-2")


def test_a_heading_is_passed_where_much_would_stay_empty(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is too high for a half empty page goes behind the heading and the text of the next section."""
    rows = "".join(f"| row {n} | {n} |\n" for n in range(17))
    table = f"| Row | Number |\n|:---|---:|\n{rows}\n: High. {{#tbl-high}}\n"
    question = "::: question\nWhat follows?\n:::\n\n"
    text = f"# A\n\n{PROSE * 7}\n\n{PROSE * 7}\n\n{table}\n\n## B {{#sec-b}}\n\n{question}{PROSE * 20}\n\n# C\n\nEnd."
    shown = lay_out(desk, text, monkeypatch)
    assert shown.pages[0].full > 0.9
    order = layout.order(shown.document)
    assert order[order.index("sec-b") :] == ["sec-b", "", "", "tbl-high", "section-3", ""]


@pytest.mark.parametrize(("lines", "passes"), [(2, True), (30, False)])
def test_a_heading_passes_a_figure_only_where_it_fits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, lines: int, passes: bool
) -> None:
    """The room that a figure leaves is filled by the next section, unless what it begins with is too high."""
    before = f"{PROSE * 6}\n\n" * 3 + PROSE * 5
    code = "```\n" + "code()\n" * lines + "```\n\n"
    text = f"# A\n\n{before}\n\n{FIGURE.format(n=1)}\n\n## B {{#sec-b}}\n\n{code}{PROSE * 20}"
    shown = lay_out(desk, text, monkeypatch)
    assert (shown.pages[0].full > 0.9) is passes
    order = layout.order(shown.document)
    assert (order.index("sec-b") < order.index("fig-1")) is passes


def test_the_screen_keeps_the_order_of_the_author(desk: Desk) -> None:
    """Only print moves figures."""
    _, stretch = desk.tree(f"# A\n\n{FIGURE.format(n=1)}\n\nText.")
    assert [element.tag for element in stretch if element.tag != "details"] == ["figure", "p"]


def finished(desk: Desk, rows: str) -> Any:
    tree = lxml.html.fragment_fromstring(f"<table><tbody>{rows}</tbody></table>", create_parent="div")
    tables.finish(tree, desk.project, words.of("en"))
    return tree


@pytest.mark.parametrize(
    ("names", "header"),
    [
        (("a", "b"), True),
        (("a", "a"), False),  # two rows of one name
        (("a", ""), False),
        (("<data value='1'>1</data>", "b"), False),  # a result
    ],
)
def test_what_names_a_row(desk: Desk, names: tuple[str, ...], header: bool) -> None:
    """First cells are headers where each is a name of its own."""
    tree = finished(desk, "".join(f"<tr><td>{name}</td><td>1</td></tr>" for name in names))
    assert [row[0].tag for row in tree.iter("tr")] == ["th" if header else "td"] * len(names)
    assert [row[0].get("scope") for row in tree.iter("tr")] == ["row" if header else None] * len(names)
