"""Every single change of the disk fails once: nothing is corrupt, and the next run recovers."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli import files
from report_cli.errors import ReportError, of_machine
from report_cli.keys.key import run_name
from report_cli.project import Project
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Manifest
from report_cli.store.run import Run
from report_cli.store.store import Store
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
        store = Store.of(project, complaints.append)
        whole = list(store.runs("walk"))
        complaints += filter(None, map(store.verify, whole))
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


QUICK = [(nothing, "full"), (stored, "killed in a write"), (interrupted, "broken once")]
CASES = [pytest.param(before, failure, 29, id=f"{before.__name__}-{failure}-some") for before, failure in QUICK] + [
    pytest.param(before, failure, 1, id=f"{before.__name__}-{failure}-all", marks=FAULT)
    for before in (nothing, stored, interrupted)
    for failure in FAILURES
]


@pytest.mark.parametrize(("before", "failure", "every"), CASES)
def test_failing_changes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    before: Before,
    failure: str,
    every: int,
) -> None:
    """After any change that failed the store is whole, what was there still is, and the next run loses no epoch."""
    monkeypatch.chdir(tmp_path)
    tried, most_redone = check(tmp_path, before, failure, every)
    assert tried * every > 40
    assert most_redone <= 1
    record_property("faults", tried)
    record_property("most epochs redone", most_redone)


def manifest_first(self: Store, staging: Path, manifest: Manifest) -> Run:
    """Commit as a careless store would: the manifest is in place before what it lists."""
    manifests.write(staging, manifest)
    name = run_name(manifest.recipe_digest, manifest.environment, manifest.inputs)
    target = self.own / manifest.experiment / name
    files.make_folder(target)
    for path in [staging / manifests.NAME, *sorted(p for p in staging.iterdir() if p.name != manifests.NAME)]:
        path.replace(target / path.name)
    return Run(target, manifests.read(target))


def test_a_manifest_written_first_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that isn't one rename leaves a run that is not whole, and the check above says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Store, "commit", manifest_first)
    with pytest.raises(AssertionError, match="change"):
        check(tmp_path, nothing, "killed", 3)
