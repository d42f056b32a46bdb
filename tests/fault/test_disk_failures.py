"""Every single change of the disk fails once: nothing is corrupt, and the next run recovers."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from report_cli import files
from report_cli.errors import ReportError, of_machine
from report_cli.project import Project
from report_cli.store import manifest
from report_cli.store.store import Run, Store
from tests.fault.cases import FAULT
from tests.fault.disk import Disk, Killed
from tests.fault.inline import made, run

FAILURES = {
    "full once": {"error": errno.ENOSPC},
    "full": {"error": errno.ENOSPC, "lasting": True, "torn": True},
    "broken once": {"error": errno.EIO},
    "read-only": {"error": errno.EROFS, "lasting": True},
    "killed": {},
    "killed in a write": {"torn": True},
}
SETTINGS = ("epochs=3",)


def nothing(project: Project) -> None:
    """The first run."""


def stored(project: Project) -> None:
    """A run that is there is replaced."""
    run(project, "walk", settings=SETTINGS)


def interrupted(project: Project) -> None:
    """A run that was killed goes on."""
    disk = Disk(project.root, at=60)
    with disk.watched(), pytest.raises(Killed):
        run(project, "walk", settings=SETTINGS)


Before = Callable[[Project], None]


def check(root: Path, before: Before, failure: str, every: int) -> tuple[int, int]:
    """Let every so manieth change fail; return how many failed, and the most epochs that were trained twice."""
    clean = run(made(root / "clean"), "walk", settings=SETTINGS).outputs
    tried, most_redone = 0, 0
    for at in range(1 + len(failure) % every, 10_000, every):
        project = made(root / str(at))
        before(project)
        disk = Disk(project.root, at=at, **FAILURES[failure])  # type: ignore[arg-type]
        try:
            with disk.watched():
                run(project, "walk", settings=SETTINGS, force=before is stored)
        except (ReportError, Killed):
            pass
        except OSError as error:
            if not of_machine(error):
                raise
        if not disk.happened:
            break
        tried += 1
        complaints: list[str] = []
        whole = list(Store.of(project, complaints.append).runs("walk"))
        assert complaints == [], f"change {at}: {disk.changes[-1]}"
        assert [found.outputs for found in whole] == [clean] * len(whole)
        assert whole or before is not stored, f"change {at}: {disk.changes[-1]}"
        saved = [change for change in disk.changes if change.call == "replace" and "epoch-" in change.target]
        again = run(project, "walk", settings=SETTINGS)
        assert again.outputs == clean
        if before is nothing and not whole:
            most_redone = max(most_redone, len(saved) + len(again.epochs) - 3)
        assert list(project.scratch.iterdir()) == []
    return tried, most_redone


@pytest.mark.parametrize("every", [pytest.param(9, id="some"), pytest.param(1, id="all", marks=FAULT)])
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("before", [nothing, stored, interrupted])
def test_failing_changes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    every: int,
    failure: str,
    before: Before,
) -> None:
    """After any change that failed the store is whole, what was there still is, and the next run loses no epoch."""
    monkeypatch.chdir(tmp_path)
    tried, most_redone = check(tmp_path, before, failure, every)
    assert tried * every > 40
    assert most_redone <= 1
    record_property("faults", tried)
    record_property("most epochs redone", most_redone)


def manifest_first(self: Store, staging: Path, experiment: str, name: str, facts: Any) -> Run:
    """Commit as a careless store would: the manifest is in place before what it lists."""
    manifest.write(staging, facts)
    target = self.folder(experiment, name)
    files.make_folder(target)
    for path in [staging / manifest.NAME, *sorted(p for p in staging.iterdir() if p.name != manifest.NAME)]:
        path.replace(target / path.name)
    return Run(target, manifest.read(target))


def test_a_manifest_written_first_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that isn't one rename leaves a run that is not whole, and the check above says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Store, "commit", manifest_first)
    with pytest.raises(AssertionError, match="change"):
        check(tmp_path, nothing, "killed", 1)
