"""Hostile pages, made in code: text, formulas, figures, layouts and styles that reach for what is not theirs."""

from functools import cache
from itertools import chain, zip_longest

from tests.fault.hostile import drawings, formulas, layouts, markdown, outside
from tests.fault.hostile.page import Bait, Page

__all__ = ["COUNT", "Bait", "Page", "pages"]

# Typed, so that collecting the tests makes nothing; a test compares it.
COUNT = 238
_GROUPS = (markdown, outside, drawings, layouts, formulas)


@cache
def pages() -> tuple[Page, ...]:
    """Return all pages, one of each group in turn, so that the first few are of every kind."""
    turns = chain(*zip_longest(*(group.pages() for group in _GROUPS)))
    return tuple(page for page in turns if isinstance(page, Page))
