"""Lines that the renderer ends after their first word, although there is room for more.

Where the text before a link or a formula fits on a line but for the space at its end, the renderer finds it too wide,
can't break it earlier, and takes the first word alone. While `full()` is in force such a text is one line.
"""

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def full() -> Iterator[None]:
    """Documents that are laid out inside have no word alone on a line that holds more."""
    from weasyprint.layout import inline

    plain = inline.split_first_line

    def split(text: str, style: Any, context: Any, max_width: float | None, *rest: Any, **options: Any) -> Any:
        line = plain(text, style, context, max_width, *rest, **options)
        _, _, resume_at, width, *_ = line
        if max_width is None or resume_at is None or not text.endswith(" ") or width > max_width / 2:
            return line
        layout, length, none, width, *metrics = plain(text.rstrip(" "), style, context, max_width, *rest, **options)
        # What follows goes on on the next line, behind the space.
        return (layout, length, len(text.encode()), width, *metrics) if none is None and width <= max_width else line

    inline.split_first_line = split
    try:
        yield
    finally:
        inline.split_first_line = plain
