"""`report keep`: results in git serve a fresh clone, without images, weights or training."""

from pathlib import Path

from report_cli import files
from report_cli.project import Project
from tests.conftest import Command


def test_a_kept_result_serves_a_fresh_clone(report: Command, walk: Path, project: Project) -> None:
    """After `build` is gone, a kept run is up to date, lies without weights, and nothing is run."""
    assert report("run", "walk").returncode == 0
    kept = report("keep", "walk")
    assert kept.returncode == 0, kept.stderr
    (folder,) = (project.kept / "walk").iterdir()
    assert kept.stdout.strip() == folder.relative_to(project.root).as_posix()
    assert not list(folder.rglob("weights.npz"))
    files.remove_folder(project.build)
    again = report("run", "walk")
    assert again.returncode == 0
    assert "[1/1]" not in again.stderr
    assert not list(project.runs.rglob("manifest.json"))


def test_only_what_is_up_to_date_is_kept(report: Command, walk: Path, project: Project) -> None:
    """A result that is missing or stale is not kept, and the command that makes it is named."""
    missing = report("keep", "walk")
    assert missing.returncode == 1
    assert "walk is missing (never run)" in missing.stderr
    assert "report run walk" in missing.stderr
    assert report("run", "walk").returncode == 0
    walk.write_text(walk.read_text().replace("STEP = 1.0", "STEP = 2.0"))
    assert report("keep", "walk").returncode == 1
    assert not project.kept.exists()
