import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def session() -> None:
    """TensorFlow takes the number of its threads only before its first operation."""
    from report_cli.training import backend

    backend.start(0)


@pytest.fixture(autouse=True)
def our_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an experiment imports while it runs is this project's, whichever project another test has loaded."""
    ours = [finder for finder in sys.meta_path if type(finder).__module__ != "report_cli.registry"]
    monkeypatch.setattr(sys, "meta_path", ours)
    for name in [name for name in sys.modules if name.partition(".")[0] == "experiments"]:
        monkeypatch.delitem(sys.modules, name)
