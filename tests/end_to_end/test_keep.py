"""`report keep`: results in git serve a fresh clone, without images, weights or training."""

import contextlib
import re
from pathlib import Path

import pytest

from report_cli import files
from report_cli.project import Project
from report_cli.store.store import Store
from tests.conftest import Command, edit
from tests.fault.disk import Disk, Killed


def test_a_kept_result_serves_a_fresh_clone(report: Command, walk: Path, project: Project) -> None:
    """After `build` is gone, a kept run is up to date, lies without weights, and nothing is run."""
    missing = report("keep", "walk")
    assert missing.returncode == 1
    assert "walk can't be kept: never run" in missing.stderr
    assert "report run walk" in missing.stderr
    assert report("run", "walk").returncode == 0
    kept = report("keep", "walk")
    assert kept.returncode == 0, kept.stderr
    (folder,) = (project.kept / "walk").iterdir()
    assert kept.stdout.strip() == folder.relative_to(project.root).as_posix()
    assert re.search(r"^kept 1 run of walk, \d+ kB, in experiments/results, where \d+ kB of 40 MB", kept.stderr, re.M)
    assert not list(folder.rglob("weights.npz"))
    files.remove_folder(project.build)
    assert "nothing to run" in report("run", "walk").stderr
    assert not list(project.runs.rglob("manifest.json"))
    edit(walk, "STEP = 1.0", "STEP = 2.0")
    assert report("keep", "walk").returncode == 1
    assert list((project.kept / "walk").iterdir()) == [folder]


def test_what_is_finished_is_kept(report: Command, walk: Path, project: Project) -> None:
    """With --finished the seeds that are there are kept, those that are missing or kept already passed over."""
    edit(walk, "title=", "seeds=2, title=")
    assert report("run", "walk", "--seeds", "1").returncode == 0
    assert report("keep", "walk").returncode == 1
    first = report("keep", "walk", "--finished")
    assert first.returncode == 0, first.stderr
    assert len(list((project.kept / "walk").iterdir())) == 1
    again = report("keep", "walk", "--finished")
    assert again.stdout == ""
    assert "nothing to keep" in again.stderr
    assert report("run", "walk").returncode == 0
    assert len(report("keep", "walk", "--finished").stdout.splitlines()) == 1
    assert len(list((project.kept / "walk").iterdir())) == 2


def test_a_replaced_kept_result_is_old_or_new(walk: Path, report: Command, project: Project) -> None:
    """`report keep` that is killed at any change leaves a whole result in git's folder, and nothing beside it."""
    assert report("run", "walk").returncode == 0
    (run,) = Store.of(project, pytest.fail).runs("walk")
    Store.of(project, pytest.fail).keep(run)
    for at in range(1, 200):
        disk = Disk(project.root, at=at)
        with contextlib.suppress(Killed), disk.watched():
            Store.of(project, pytest.fail).keep(run)
        stored = list(Store.of(project, pytest.fail).runs("walk"))
        assert [each.outputs for each in stored] == [run.outputs] * 2
        assert [path.name for path in (project.kept / "walk").iterdir()] == [run.key]
        if not disk.happened:
            return
    raise AssertionError("it makes fewer changes than that")
