"""What the tests of data sets share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli import files
from report_cli.datasets import load
from report_cli.datasets import source as sources
from report_cli.errors import DataError
from tests.datasets.making import TINY


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[Path], str]:
    """Return a function that reads in what must be refused, and gives the message.

    It also checks that the cache knows nothing of it afterwards.
    """
    cache = tmp_path / "images"

    def refuse(path: Path) -> str:
        with pytest.raises(DataError) as caught:
            load.read_in(sources.choose(TINY, path, cache), cache)
        assert not list(cache.glob("decoded/*"))
        assert not list(cache.glob("tmp/*"))
        assert all(files.read_json(entry)["digest"] is None for entry in cache.glob("index/*.json"))
        return caught.value.message

    return refuse
