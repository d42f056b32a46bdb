"""Lets figures and short tables float in print: what doesn't fit on a page waits while the text after it goes on.

The renderer has no floats between pages, so a figure that doesn't fit would leave the rest of its page empty. Its
layout asks one function for each block; while `figures()` is in force that function may take the text after the figure
first. Figures and tables keep their order and stay in their section, unless a third of a page would remain empty; the
heading of a part is never passed.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

TEXT = ("p", "ul", "ol", "dl", "div", "pre", "blockquote")
# What goes on with the block before it: the list, the code or the formula that its last words announce.
CONTINUING = ("ul", "ol", "dl", "pre", "blockquote")
HEADINGS = ("h3", "h4")
# So much room that a heading and the lines behind it surely fit: 80 mm, a third of what a page holds.
MUCH_ROOM_PX = 80 / 25.4 * 96


@contextlib.contextmanager
def figures() -> Iterator[None]:
    """Documents that are laid out inside have their figures and short tables where they fit."""
    from weasyprint.layout import block

    plain = block._in_flow_layout

    def floating(context: Any, box: Any, index: int, child: Any, done: list[Any], *rest: Any) -> Any:
        if box.element_tag != "main":
            return plain(context, box, index, child, done, *rest)
        before = len(done)
        empty, absolute, fixed, margins, bottom_space, position_y = rest[:6]
        # The caller walks the blocks in the order of the source, and passes a moved one by.
        child = _placed(box.children[index], child)
        # The margins collapse into a list that is added to, so a try gets its own.
        result = plain(context, box, index, child, done, empty, absolute, fixed, list(margins), *rest[4:])
        waits = result[2] == {index: None} and len(result[6]) == before > 0
        room = context.page_bottom - bottom_space - position_y
        if not (waits and _floats(child) and _take_text_first(box, index, far=room > MUCH_ROOM_PX)):
            return result
        return plain(context, box, index, _placed(box.children[index], child), done, *rest)

    block._in_flow_layout = floating
    try:
        yield
    finally:
        block._in_flow_layout = plain


def _placed(block: Any, stands_at: Any) -> Any:
    block.position_x, block.position_y = stands_at.position_x, stands_at.position_y
    return block


def _floats(block: Any) -> bool:
    return block.element_tag == "figure" or "short" in _classes(block)


def _classes(block: Any) -> list[str]:
    return (block.element.get("class") or "").split() if block.element is not None else []


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
    if first == len(blocks) or not _is_text(blocks[first]):
        return False
    end = first + 1
    while end < len(blocks) and (_goes_on(blocks[end]) or _keeps_next(blocks[end - 1])):
        end += 1
    box.children = (*blocks[:index], *blocks[start:end], *blocks[index:start], *blocks[end:])
    return True


def _is_text(block: Any) -> bool:
    # A long table is none: tables keep their order.
    return block.element_tag in TEXT and "scroll" not in _classes(block)


def _goes_on(block: Any) -> bool:
    return block.element_tag in CONTINUING or bool({"eq", "on"}.intersection(_classes(block)))


def _keeps_next(block: Any) -> bool:
    return bool(block.style["break_after"] == "avoid")
