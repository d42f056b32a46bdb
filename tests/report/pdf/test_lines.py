"""Where lines of print end."""

import weasyprint

from report_cli.report.pdf import lines


def first_lines(html: str) -> list[str]:
    document = weasyprint.HTML(string=html).render()
    paragraphs = [box for box in document.pages[0]._page_box.descendants() if box.element_tag == "p" and box.children]
    return [
        "".join(getattr(inner, "text", "") for inner in box.children[0].descendants())
        for box in paragraphs
        if type(box).__name__ == "BlockBox"
    ]


def test_a_line_takes_all_words_that_fit() -> None:
    """No width leaves the first word alone on a line, also where only the space before a link is too much."""
    paragraphs = "".join(
        f'<p style="margin: 0; width: {w / 2}px">The same words stand here <a href="#a">1234567890</a> to the end</p>'
        for w in range(200, 400)
    )
    style = "@page { size: 400px 20000px } body { font-size: 10px }"
    html = f'<html lang="en"><style>{style}</style><body><p id="a"></p>{paragraphs}'
    assert "The" in first_lines(html)
    with lines.full():
        fitting = first_lines(html)
    assert len(fitting) == 200
    assert min(map(len, fitting)) > len("The same")
