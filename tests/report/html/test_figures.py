import base64
import io

import pytest
from PIL import Image, ImageFile

from report_cli.errors import ReportError
from tests.report.conftest import SVG, Desk


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


def test_a_drawn_figure_without_alternative_text_names_its_place(desk: Desk) -> None:
    """Both pages need words for whoever hears them, so neither is written."""
    desk.draw("net", "curves", alt=" ")
    desk.write('Text\n\n<< figure("net.curves", caption="c") >>\n')
    for kind in ("html", "pdf"):
        with pytest.raises(ReportError, match=r"^templates/documents/paper.md:6: the figure net.curves has no altern"):
            desk.build(formats=(kind,))
