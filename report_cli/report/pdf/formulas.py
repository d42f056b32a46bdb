"""Formulas in print: letters of their font, tagged as formulas, with their TeX as the text that is found and copied.

The renderer takes a formula for a figure, and draws no glyph by its number. While `letters()` is in force it does both,
by private names of a version that is pinned exactly: `tests/report/pdf/test_formulas.py` fails when they no longer do.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from report_cli.report.html.fonts import MATH
from report_cli.report.html.glyphs import GLYPHS

INK = (0x16 / 255, 0x18 / 255, 0x1D / 255)


@contextlib.contextmanager
def letters() -> Iterator[None]:
    """A document that is written inside has formulas that are text."""
    from weasyprint import svg
    from weasyprint.pdf import tags

    build = tags._build_box_tree
    lines: list[Any] = []

    def draw(image: Any, node: Any, _: float) -> None:
        if not lines:
            lines.append(_line(image.font_config))
        _draw(image.stream, json.loads(node.get("data-glyphs")), node.text, lines[0])

    def tagged(box: Any, *rest: Any) -> Iterator[Any]:
        for element in build(box, *rest):
            if box.element_tag == "img" and box.element.get("class") == "m":
                element["S"] = "/Formula"
            yield element

    svg.TAGS[GLYPHS], tags._build_box_tree = draw, tagged
    try:
        yield
    finally:
        del svg.TAGS[GLYPHS]
        tags._build_box_tree = build


def _line(configuration: Any) -> Any:
    """Return a line of text in the font of formulas, which the renderer knows fonts by."""
    from weasyprint.css.properties import INITIAL_VALUES
    from weasyprint.svg.text import Style
    from weasyprint.text.line_break import create_layout

    style = Style(INITIAL_VALUES | {"font_family": [MATH.family], "font_size": 1000})
    style.font_config = configuration
    return create_layout("x", style, None, None, 0)


def _draw(stream: Any, glyphs: list[tuple[int, float, str, float, float]], tex: str, line: Any) -> None:
    from weasyprint.pdf.tags import pydyf
    from weasyprint.text.ffi import FROM_UNITS, pango

    face = line.get_first_line()[0].runs[0].data.item.analysis.font
    font, font_size = stream.add_font(face)
    stream.begin_marked_content("Span", pydyf.Dictionary({"ActualText": pydyf.String(tex)}))
    stream.set_color_rgb(*INK)
    stream.begin_text()
    for number, size, character, x, y in glyphs:
        if number not in font.widths:
            pango.pango_font_get_glyph_extents(face, number, stream.ink_rect, stream.logical_rect)
            font.widths[number] = round(stream.logical_rect.width * 1000 * FROM_UNITS / font_size)
            font.to_unicode[number] = character
        stream.set_font_size(font.hash, size)
        stream.set_text_matrix(1, 0, 0, -1, x, y)
        stream.show_text(f"<{number:04x}>")
    stream.end_text()
    stream.end_marked_content()
