import base64
import io

import pytest
from PIL import Image, ImageFile

from report_cli.errors import ReportError
from tests.report.conftest import SVG, Desk
from tests.report.html.test_images import REFUSED


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
        file.path("print.svg").write_text(content)
        with pytest.raises(ReportError, match=rf"^templates/documents/paper.md:6: .*{message}"):
            desk.build(formats=("html",))


def test_a_drawn_figure_without_alternative_text_names_its_place(desk: Desk) -> None:
    """Both pages need words for whoever hears them, so neither is written."""
    desk.draw("net", "curves", alt=" ")
    desk.write('Text\n\n<< figure("net.curves", caption="c") >>\n')
    for kind in ("html", "pdf"):
        with pytest.raises(ReportError, match=r"^templates/documents/paper.md:6: the figure net.curves has no altern"):
            desk.build(formats=(kind,))


@pytest.mark.parametrize("inside", [inside for inside, _ in REFUSED[:-1]])
def test_a_drawing_within_the_page_may_neither_act_nor_ask(desk: Desk, inside: str) -> None:
    """It is no image there, which could do neither by itself; so it is an error with file and line."""
    desk.figures["net"]["curves"].path("screen.svg").write_text(SVG.replace("</svg>", f"{inside}</svg>"))
    with pytest.raises(ReportError, match=r"^templates/documents/paper.md:6: .*curves.screen.svg: "):
        desk.body('Text\n\n<< figure("net.curves", caption="c") >>\n')


def test_each_figure_has_names_of_its_own_and_its_numbers_after_it(desk: Desk) -> None:
    """Ids and what refers to them begin with the label; the table has numbers as the language writes them."""
    twice = "".join(f'<< figure("net.curves", caption="c", label="fig-{name}") >>\n\n' for name in "ab")
    tree = desk.tree(twice)
    assert tree.xpath("//svg//@id") == ["fig-a-box", "fig-b-box"]
    assert tree.xpath("//svg//@clip-path") == ["url(#fig-a-box)", "url(#fig-b-box)"]
    assert tree.xpath("//svg//@data-series") == tree.xpath("//svg//@data-name") == ["0", "0"]
    (stretch,) = tree
    assert [element.tag for element in stretch] == ["figure", "details", "figure", "details"]
    numbers = stretch[1]
    assert numbers.findtext("summary") == "Numbers behind Figure 1"
    assert numbers.xpath("./div/@data-of") == ["fig-a", "fig-a"]
    assert [cell.text for cell in numbers.find_class("words")] == ["true class", "cat"]
    rows = [[cell.text for cell in row] for row in numbers.find("div").iter("tr")]
    assert rows == [["epoch", "path"], ["1", "0.5"], ["2", "0.25"], ["3", "0.125 (0.1 – 0.15)"], ["4", "1,792"]]
    assert numbers.xpath(".//td/@data-at")[0] == "40 100"


def test_what_html_does_not_know_stays_outside(desk: Desk) -> None:
    """What the PDF's renderer is told of pixels, the page's style says; a cell that heads nothing has no direction."""
    pixels = io.BytesIO()
    Image.new("RGB", (2, 2)).save(pixels, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(pixels.getvalue()).decode()}"
    tile = f'<image href="{address}" image-rendering="crisp-edges"/>'
    file = desk.figures["net"]["curves"]
    file.path("screen.svg").write_text(SVG.replace("</svg>", f"{tile}</svg>"))
    file.path("numbers.json").write_text('[{"title": "", "head": ["", "score"], "rows": [[["a"], [1]], [["b"], [2]]]}]')
    tree = desk.tree('<< figure("net.curves", caption="c") >>\n')
    assert len(list(tree.iter("image"))) == 1
    assert tree.xpath(".//@image-rendering | .//td/@scope") == []


def test_parts_of_a_figure_have_their_numbers_after_the_whole(desk: Desk) -> None:
    """A box for all of them, named as the whole is."""
    part = '<< figure("net.curves", caption="c", label="fig-{}") >>\n\n'
    tree = desk.tree(f"::: {{#fig-whole}}\n{part.format('a')}{part.format('b')}Both.\n:::\n")
    (numbers,) = tree.iter("details")
    assert numbers.getprevious().get("id") == "fig-whole"
    assert numbers.xpath("./div/@data-of") == ["fig-a", "fig-a", "fig-b", "fig-b"]
