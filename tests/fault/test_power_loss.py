"""Power is lost at any change: what the disk may then hold is the old state or the new one."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli import files
from report_cli.store.store import Store
from tests.fault import power
from tests.fault.cases import numbered
from tests.fault.disk import Change, Disk
from tests.fault.inline import made, run
from tests.fault.power import Power

SETTINGS = ("epochs=3",)
SCENARIOS = ("first", "replaced")


def recorded(root: Path, scenario: str) -> tuple[Power, list[Change], str]:
    """Return a disk before a run, the changes that the run made, and what it measured."""
    project = made(root)
    if scenario == "replaced":
        run(project, "walk", settings=SETTINGS)
    before, disk = Power.on(root), Disk(root)
    with disk.watched():
        finished = run(project, "walk", settings=SETTINGS, force=scenario == "replaced")
    return before, disk.changes, finished.outputs


def check(tmp_path: Path, case: int) -> int:
    """Lose power once, at a random change; return how many finished epochs were lost."""
    chance, scenario = random.Random(case), SCENARIOS[case % 2]
    before, changes, clean = recorded(tmp_path / "before", scenario)
    # Every tenth case is that of a command which had told that it was done.
    end = len(changes) if case % 10 < 2 else chance.randint(0, len(changes))
    power.write(tmp_path / "after", before.lost(changes[:end], chance))
    project = made(tmp_path / "after", fresh=False)
    complaints: list[str] = []
    store = Store.of(project, complaints.append)
    stored = list(store.runs("walk"))
    whole = [found.outputs for found in stored]
    complaints += filter(None, map(store.verify, stored))
    assert complaints == [], f"case {case}, after change {end}"
    assert whole == [clean] * len(whole), f"case {case}"
    assert whole or (scenario == "first" and end < len(changes)), f"case {case}: the run is gone after change {end}"
    again = run(project, "walk", settings=SETTINGS)
    assert again.outputs == clean, f"case {case}"
    if whole or scenario == "replaced":
        return 0
    return max(0, saved(changes[:end]) - (3 - len(again.epochs)))


def saved(changes: list[Change]) -> int:
    """Return how many epochs had their checkpoint on the disk for certain: renamed, and their folder forced."""
    names = [n for n, change in enumerate(changes) if change.call == "replace" and "epoch-" in change.target]
    folders = [n for n, change in enumerate(changes) if change.call == "fsync" and change.path.endswith(".checkpoint")]
    return sum(any(folder > name for folder in folders) for name in names)


@numbered(500, fast=4)
def test_losses_of_power(tmp_path: Path, case: int, record_property: Callable[[str, object], None]) -> None:
    """After a loss of power the store is whole, what a command said is true, and no finished epoch is lost."""
    lost = check(tmp_path, case)
    record_property("lost epochs", lost)
    assert lost == 0


def test_a_disk_that_is_not_waited_for_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsync some loss of power leaves a broken or missing run, or takes a finished epoch."""
    monkeypatch.setattr(files, "_force", lambda _: None)

    def all_is_well() -> None:
        for case in range(40):
            assert check(tmp_path / str(case), case) == 0

    with pytest.raises(AssertionError):
        all_is_well()
