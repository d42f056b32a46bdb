"""Malformed and malicious files, made in code: each is a command of the program and what its answer must name."""

from functools import cache
from itertools import chain, zip_longest

from tests.fault.malformed import (
    archives,
    checkpoints,
    documents,
    photographs,
    pickles,
    settings,
    stored,
    weights,
    zips,
)
from tests.fault.malformed.case import Case, Place

__all__ = ["COUNT", "Case", "Place", "cases"]

# Typed, so that collecting the tests makes no file; a test compares it.
COUNT = 603
_GROUPS = (archives, zips, photographs, pickles, documents, settings, stored, checkpoints, weights)


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, one of each group in turn, so that the first few are of every kind."""
    turns = chain(*zip_longest(*(group.cases() for group in _GROUPS)))
    return tuple(case for case in turns if isinstance(case, Case))
