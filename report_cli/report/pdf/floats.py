"""Lets figures and short tables float in print: what doesn't fit on a page waits while the text after it goes on.

The renderer has no floats between pages, so a figure that doesn't fit would leave the rest of its page empty. Its
layout asks one function for each block; while `figures()` is in force that function may take the text after the figure
first. Figures and tables keep their order. They pass a heading within their part only where a tenth of a page would
remain empty, and where the heading and the text behind it do fit there.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

TEXT = ("p", "ul", "ol", "dl", "div", "pre", "blockquote")
# What goes on with the block before it: the list, the code or the formula that its last words announce.
CONTINUING = ("ul", "ol", "dl", "pre", "blockquote")
HEADINGS = ("h3", "h4")
# So much room that a heading and lines behind it may fit: 25 mm, a tenth of what a page holds.
MUCH_ROOM_PX = 25 / 25.4 * 96


@contextlib.contextmanager
def figures() -> Iterator[None]:
    """Documents that are laid out inside have their figures and short tables where they fit."""
    from weasyprint.layout import block

    plain = block._in_flow_layout
    # The order of the blocks before a heading was moved to a place.
    passed: dict[int, tuple[Any, ...]] = {}

    def floating(context: Any, box: Any, index: int, child: Any, done: list[Any], *rest: Any) -> Any:
        if box.element_tag != "main":
            return plain(context, box, index, child, done, *rest)
        before = len(done)
        if before == 0 and index in passed and child.element_tag in HEADINGS:
            # The heading didn't fit where it was to fill the page, so it has passed the figure for nothing.
            box.children = passed.pop(index)
        empty, absolute, fixed, margins, bottom_space, position_y = rest[:6]
        # The caller walks the blocks in the order of the source, and passes a moved one by.
        position = child.position_x, child.position_y
        child = box.children[index]
        child.position_x, child.position_y = position
        # The margins collapse into a list that is added to, so a try gets its own.
        result = plain(context, box, index, child, done, empty, absolute, fixed, list(margins), *rest[4:])
        waits = result[2] == {index: None} and len(result[6]) == before > 0
        room = context.page_bottom - bottom_space - position_y
        order = box.children
        if not (waits and _floats(child) and _take_text_first(box, index, far=room > MUCH_ROOM_PX)):
            return result
        child = box.children[index]
        if child.element_tag in HEADINGS:
            passed[index] = order
        child.position_x, child.position_y = position
        return plain(context, box, index, child, done, *rest)

    block._in_flow_layout = floating
    try:
        yield
    finally:
        block._in_flow_layout = plain


def _take_text_first(box: Any, index: int, *, far: bool) -> bool:
    """Move the text behind the float at `index`, and behind the floats right behind it, before them; False if none.

    `far`, the text may begin with a heading.
    """
    blocks = list(box.children)
    start = index
    while start < len(blocks) and _floats(blocks[start]):
        start += 1
    first = start
    while far and first < len(blocks) and blocks[first].element_tag in HEADINGS:
        first += 1
    # A long table is no text, nor is a page across: they keep their order.
    apart = {"scroll", "landscape"}
    if first == len(blocks) or blocks[first].element_tag not in TEXT or _classes(blocks[first]) & apart:
        return False
    end = first + 1
    while end < len(blocks) and (
        blocks[end].element_tag in CONTINUING
        or _classes(blocks[end]) & {"eq", "on"}
        or blocks[end - 1].style["break_after"] == "avoid"
    ):
        end += 1
    box.children = (*blocks[:index], *blocks[start:end], *blocks[index:start], *blocks[end:])
    return True


def _floats(block: Any) -> bool:
    return block.element_tag == "figure" or "short" in _classes(block)


def _classes(block: Any) -> set[str]:
    return set((block.element.get("class") or "").split()) if block.element is not None else set()
