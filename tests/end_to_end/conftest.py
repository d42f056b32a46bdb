"""A project with a small experiment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.walking import WALK


@pytest.fixture
def walk(write: Callable[[str, str], Path]) -> Path:
    """Write the experiment "walk" into the project and return its file."""
    return write("experiments/walk.py", WALK)
