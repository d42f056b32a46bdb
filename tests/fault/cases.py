"""Numbered cases, of which `make test` runs the first few."""

from collections.abc import Callable
from typing import Any

import pytest

FAULT = pytest.mark.fault


def numbered(total: int, fast: int) -> Callable[..., Any]:
    """Parametrise a test by `case`, from 0 to `total`; all but the first `fast` are left to `make fault`."""
    return pytest.mark.parametrize("case", [pytest.param(n, marks=[FAULT] if n >= fast else []) for n in range(total)])
