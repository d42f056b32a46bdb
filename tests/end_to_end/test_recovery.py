"""Situations in which a careless store would lose a result, or show a wrong one."""

from pathlib import Path

import pytest

from report_cli import files
from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.end_to_end.conftest import folders, ran, state, states

CHAIN = """
    import pathlib

    import numpy as np
    import report_cli as report


    @report.experiment("base", title="Base", metrics={"value": report.Metric("", "v")}, profiles={"a": 1})
    def base(record):
        record(value=float(pathlib.Path("outside.txt").read_text()))


    @report.experiment(
        "long", title="Long", metrics={"sum": report.Metric("", "s")}, profiles={"fail_after": 0}, needs=("base",)
    )
    def long(params, record):
        saved = record.checkpoint.load()
        done, total = (saved[0], float(saved[1]["total"])) if saved else (0, 0.0)
        for epoch in range(done + 1, 4):
            total += record.need("base").scalars["value"]
            record.checkpoint.save(epoch, {"total": np.float64(total)}, {})
            if epoch == params.fail_after:
                raise RuntimeError("stopped")
        record(sum=total)
"""


def test_progress_made_from_another_need_is_not_used(report: Command, project: Project, write: Write) -> None:
    """A checkpoint belongs to the runs it was made from: when a need comes out differently, training starts anew."""
    write("experiments/chain.py", CHAIN)
    outside = write("outside.txt", "1")
    assert report("run", "long", "--set", "fail_after=2").returncode == 1
    (checkpoint,) = (project.runs / "long").glob("*.checkpoint")
    assert list(checkpoint.glob("epoch-00002.npz"))
    outside.write_text("100")
    finished = report("run", "long", "--set", "fail_after=2")
    assert finished.returncode == 1, "from epoch 1 again, so it stops at epoch 2 again"
    assert ran(report("run", "long", "--set", "fail_after=2", "--json"))["long"]["metrics"] == {"sum": 300.0}


@pytest.mark.parametrize("moment", ["before the new one", "after the new one"])
def test_a_replacement_that_was_killed_loses_nothing(
    report: Command, walk: Path, project: Project, moment: str
) -> None:
    """Killed between the two renames of a replaced run, the old run is put back; killed after them, nothing changes."""
    assert report("run", "walk").returncode == 0
    (run,) = folders(project)
    retired = run.with_name(run.name + files.RETIRED)
    if moment == "before the new one":
        run.rename(retired)
    else:
        files.write_bytes(retired / "x", b"old")
    again = report("run", "walk")
    assert again.returncode == 0, again.stderr
    assert "nothing to run" in again.stderr
    assert run.is_dir()
    assert not retired.exists()


def test_no_run_shows_nothing_stale(report: Command, paper: Path, walk: Path) -> None:
    """--no-run never writes a page from a stale result: it says which one is stale, and why."""
    assert report("build", "paper", "--to", "html").returncode == 0
    edit(walk, "STEP = 1.0", "STEP = 2.0")
    stale = report("build", "paper", "--to", "html", "--no-run")
    assert stale.returncode == 1
    assert "STEP in experiments/walk.py changed" in stale.stderr
    assert "report run walk" in stale.stderr


def test_the_same_question_in_another_profile_is_answered(report: Command, walk: Path) -> None:
    """A run whose parameters are those of two profiles serves both."""
    edit(walk, '{"epochs": 6, "wait_s": 0.0, "fail": ""}', '{"smoke": {}, "full": {"epochs": 9, **SAME}}')
    edit(walk, '"smoke": {}', '"smoke": {"epochs": 4}, "quick": {"epochs": 4}')
    edit(walk, "STEP = 1.0", 'STEP = 1.0\nSAME = {"wait_s": 0.0, "fail": ""}')
    assert report("run", "walk", "--profile", "smoke").returncode == 0
    assert state(report, "--profile", "quick")[0] == "fresh"
    assert state(report, "--profile", "full")[0] == "missing"


def test_both_branches_of_a_condition_are_brought_up_to_date(
    report: Command, walk: Path, write: Write, project: Project
) -> None:
    """An experiment that only the results' own branch takes is run before the page needs it."""
    write("experiments/other.py", walk.read_text().replace('"walk"', '"other"').replace("def walk(", "def other("))
    text = '<% if value("walk.end") > -1e9 %><< value("other.end")|decimals(2) >><% endif %>\n'
    write("templates/documents/paper.md", f'+++\ntitle = "P"\n+++\n\n# A\n\n{text}')
    built = report("build", "paper", "--to", "html")
    assert built.returncode == 0, built.stderr
    assert len(folders(project, "other")) == 1


def test_commands_that_read_only_name_damage(report: Command, walk: Path, project: Project) -> None:
    """`status` names a damaged run and touches nothing; `run` sets it aside and runs again, with the same result."""
    first = ran(report("run", "walk", "--json"))["walk"]
    (run,) = folders(project)
    (run / "manifest.json").write_text("{}")
    for arguments in (["status"], ["why", "walk"], ["run", "walk", "--dry-run"]):
        told = report(*arguments)
        assert told.returncode == 0, told.stderr
        assert f"run walk/{run.name} is damaged and not used" in told.stderr
        assert (run / "manifest.json").read_text() == "{}"
    again = report("run", "walk", "--json")
    assert f"build/runs/walk/{run.name}.damaged" in again.stderr
    assert ran(again)["walk"]["outputs"] == first["outputs"]
    assert "damaged" not in report("status").stderr
    assert states(report)["walk"]["state"] == "fresh"
