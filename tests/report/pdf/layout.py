"""Measures the pages of a rendered document: how full they are, what they end with, where numbers stand."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

MM = 96 / 25.4
HEADINGS = ("h2", "h3", "h4")
SANS = Path(__file__).parents[3] / "templates" / "style" / "fonts"
NUMBER = re.compile(r"[−-]?[\d,]+(?:\.\d+)?")


@dataclass(frozen=True)
class Page:
    """A page: `full` is the share of its height down to the last ink, `last` the tag of its last block."""

    number: int
    full: float
    last: str
    figures: dict[str, float]
    tables: int
    table_heads: tuple[str, ...]


def pages(document: Any) -> list[Page]:
    """Return the pages of a laid out WeasyPrint document. The height of figures is in mm, without their captions."""
    return [_page(number, page) for number, page in enumerate(document.pages, 1)]


def point_positions(document: Any) -> dict[tuple[int, int, int], list[float]]:
    """Return where the decimal points stand (px from the left), by page, table and column: columns that have any."""
    found: dict[tuple[int, int, int], list[float]] = defaultdict(list)
    for number, page in enumerate(document.pages, 1):
        tables = [box for box in _all(page) if type(box).__name__ == "TableBox"]
        for place, table in enumerate(tables):
            for cell in _all(table):
                if (
                    type(cell).__name__ == "TableCellBox"
                    and cell.element_tag == "td"
                    and cell.element.get("class") == "right"
                ):
                    at = _point(cell)
                    if at is not None:
                        found[number, place, cell.grid_x].append(at)
    return found


def order(document: Any) -> list[str]:
    """Return the first id in each block of the main part, in the order of print; "" where there is none."""
    blocks = [
        block for page in document.pages for main in _all(page) if main.element_tag == "main" for block in main.children
    ]
    elements = dict.fromkeys(block.element for block in blocks if "appendix" not in block.element.get("class", ""))
    return [next((inner.get("id") for inner in element.iter() if inner.get("id")), "") for element in elements]


def _page(number: int, page: Any) -> Page:
    box = page._page_box
    flow, *others = box.children
    notes = [other for other in others if type(other).__name__ == "FootnoteAreaBox"]
    bottom = max((_bottom(inner) for inner in _all_below(flow) if _is_ink(inner)), default=box.content_box_y())
    used = bottom - box.content_box_y() + sum(note.margin_height() for note in notes if note.children)
    blocks = [inner for inner in _all_below(flow) if inner.element_tag in (*HEADINGS, "p", "figure", "table", "div")]
    return Page(
        number,
        used / (box.height + sum(note.margin_height() for note in notes if note.children)),
        last=blocks[-1].element_tag if blocks else "",
        figures={
            figure.element.get("id"): inner.height / MM
            for figure in _all_below(flow)
            if figure.element_tag == "figure"
            for inner in _all_below(figure)
            if inner.element_tag == "img" and not inner.element.get("class")
        },
        tables=len([inner for inner in _all_below(flow) if type(inner).__name__ == "TableBox"]),
        table_heads=tuple(_text(inner) for inner in _all_below(flow) if inner.element_tag == "thead"),
    )


def _point(cell: Any) -> float | None:
    """Return where the point of the cell's first number is, or would be; None for words and powers of ten."""
    texts = [box for box in _all_below(cell) if hasattr(box, "text") and box.style["visibility"] == "visible"]
    words = "".join(box.text for box in texts)
    number = None if "× 10" in words else NUMBER.match(words.strip())
    if number is None:
        return None
    whole = number[0].partition(".")[0]
    first = texts[0]
    scale = first.style["font_size"] / 1000
    heavy = first.style["font_weight"] >= 600
    return float(first.position_x + scale * sum(_advance(character, heavy) for character in whole))


def _advance(character: str, heavy: bool) -> int:
    path = SANS / f"SourceSans3-{'Semibold' if heavy else 'Regular'}.ttf"
    with TTFont(path, lazy=True) as font:
        return int(font["hmtx"][font.getBestCmap()[ord(character)]][0])


def _is_ink(box: Any) -> bool:
    if box.style["visibility"] != "visible":
        return False
    return (
        bool(getattr(box, "text", "").strip()) or "Replaced" in type(box).__name__ or box.element_tag in ("td", "pre")
    )


def _bottom(box: Any) -> float:
    return float(box.position_y + box.margin_height())


def _text(box: Any) -> str:
    return " ".join(" ".join(getattr(inner, "text", "") for inner in _all_below(box)).split())


def _all(page: Any) -> Iterator[Any]:
    yield from _all_below(page._page_box if hasattr(page, "_page_box") else page)


def _all_below(box: Any) -> Iterator[Any]:
    for child in getattr(box, "children", ()):
        yield child
        yield from _all_below(child)
