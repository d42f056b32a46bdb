"""Situations in which a careless store would lose a result, or show a wrong one."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli import files
from report_cli.project import Project
from report_cli.store.store import Store
from tests.conftest import Command
from tests.end_to_end.conftest import until_epoch
from tests.fault.disk import Disk, Killed

CHAIN = """
    from dataclasses import dataclass

    from report_cli.experiment import every_profile, experiment


    @dataclass(frozen=True)
    class Params:
        fail_after: int = 0


    @experiment("base", title="Base", metrics={"value": "v"}, profiles=every_profile(Params()))
    def base(params, data, record):
        import pathlib

        record.scalar("value", float(pathlib.Path("outside.txt").read_text()))


    @experiment("long", title="Long", metrics={"sum": "s"}, profiles=every_profile(Params()), needs=("base",))
    def long(params, data, record):
        import numpy as np

        saved = record.checkpoint.load()
        done, total = (saved[0], float(saved[1]["total"])) if saved else (0, 0.0)
        for epoch in range(done + 1, 4):
            total += record.need("base").scalars["value"]
            record.checkpoint.save(epoch, {"total": np.float64(total)}, {})
            if epoch == params.fail_after:
                raise RuntimeError("stopped")
        record.scalar("sum", total)
"""


def test_progress_made_from_another_need_is_not_used(
    report: Command, project: Project, write: Callable[[str, str], Path]
) -> None:
    """A checkpoint belongs to the runs it was made from: when a need comes out differently, training starts anew."""
    write("experiments/chain.py", CHAIN)
    outside = write("outside.txt", "1")
    assert report("run", "long", "--set", "fail_after=2").returncode == 1
    for checkpoint in (project.runs / "long").glob("*.checkpoint"):
        assert list(checkpoint.glob("epoch-00002.npz"))
    outside.write_text("100")
    assert report("run", "base", "--force").returncode == 0
    finished = report("run", "long", "--set", "fail_after=2")
    assert finished.returncode == 1, "from epoch 1 again, so it stops at epoch 2 again"
    finished = report("run", "long", "--json")
    assert [r["scalars"] for r in json.loads(finished.stdout) if r["experiment"] == "long"] == [{"sum": 300.0}]


@pytest.mark.parametrize("moment", ["before the new one", "after the new one"])
def test_a_replacement_that_was_killed_loses_nothing(
    report: Command, walk: Path, project: Project, moment: str
) -> None:
    """Killed between the two renames of a replaced run, the old run is put back; killed after them, nothing changes."""
    assert report("run", "walk").returncode == 0
    (run,) = [p for p in (project.runs / "walk").iterdir() if p.is_dir()]
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


def test_a_replaced_kept_result_is_old_or_new(walk: Path, report: Command, project: Project) -> None:
    """`report keep` that is killed at any change leaves a whole result in git's folder, and nothing beside it."""
    assert report("run", "walk").returncode == 0
    (run,) = Store.of(project, pytest.fail).runs("walk")
    Store.of(project, pytest.fail).keep(run)
    for at in range(1, 200):
        disk = Disk(project.root, at=at)
        with contextlib.suppress(Killed), disk.watched():
            Store.of(project, pytest.fail).keep(run)
        found = list(Store.of(project, pytest.fail).runs("walk"))
        assert [each.outputs for each in found] == [run.outputs] * 2
        assert [path.name for path in (project.kept / "walk").iterdir()] == [run.key]
        if not disk.happened:
            return
    raise AssertionError("it makes fewer changes than that")


def test_an_edit_during_a_run_is_for_the_next(report: Command, walk: Path, project: Project) -> None:
    """A run whose source is edited meanwhile is the result of the code it began with, and stale from then on."""
    arguments = ("run", "walk", "--set", "wait_s=0.3", "--json")
    before = walk.read_text()
    process = subprocess.Popen(
        [sys.executable, "-m", "report_cli", *arguments], cwd=project.root, text=True, stdout=-1, stderr=-1
    )
    until_epoch(1, project, process)
    walk.write_text(before.replace("STEP = 1.0", "STEP = 2.0"))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    (first,) = json.loads(out)
    assert "code experiments.walk:STEP changed" in report("why", "walk", "--set", "wait_s=0.3").stdout
    (second,) = json.loads(report(*arguments).stdout)
    assert second["scalars"]["end"] == pytest.approx(2 * first["scalars"]["end"])
    walk.write_text(before)
    (again,) = json.loads(report(*arguments).stdout)
    assert (again["key"], again["outputs"]) == (first["key"], first["outputs"])


def test_status_and_why_name_each_state(report: Command, walk: Path) -> None:
    """Missing, failed, fresh and stale are told with their reason; `why` lists the files and what in them counts."""

    def state() -> str:
        (line,) = report("status").stdout.splitlines()[1:]
        return " ".join(line.split())

    assert state().startswith("walk missing")
    assert state().endswith("never run")
    text = walk.read_text()
    walk.write_text(text.replace('fail: str = ""', 'fail: str = "raise"'))
    assert report("run", "walk").returncode == 1
    assert state().startswith("walk failed")
    assert "LookupError: no such step" in state()
    walk.write_text(text)
    assert report("run", "walk").returncode == 0
    assert state().startswith("walk fresh")
    walk.write_text(text.replace("STEP = 1.0", "STEP = 2.0"))
    assert state().startswith("walk stale")
    assert "code experiments.walk:STEP changed" in state()
    told = report("why", "walk").stdout
    assert "- code experiments.walk:STEP changed" in told
    assert "experiments/walk.py: Params, STEP, walk" in told


def test_no_run_shows_nothing_stale(report: Command, walk: Path, write: Callable[[str, str], Path]) -> None:
    """--no-run never writes a page from a stale result: it says which one is stale, and why."""
    write("templates/documents/paper.md", '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end")|decimals(2) >>\n')
    assert report("build", "paper", "--to", "html").returncode == 0
    walk.write_text(walk.read_text().replace("STEP = 1.0", "STEP = 2.0"))
    stale = report("build", "paper", "--to", "html", "--no-run")
    assert stale.returncode == 1
    assert "code experiments.walk:STEP changed" in stale.stderr
    assert "report run walk" in stale.stderr


def test_the_same_question_in_another_profile_is_answered(
    report: Command, walk: Path, write: Callable[[str, str], Path]
) -> None:
    """A run whose parameters are those of two profiles serves both, and a page of either is labelled by its own."""
    text = walk.read_text().replace(
        "every_profile(Params())", '{"smoke": Params(4), "quick": Params(4), "full": Params(9)}'
    )
    walk.write_text(text.replace("every_profile, ", "").replace(", every_profile", ""))
    write("templates/documents/paper.md", '+++\ntitle = "P"\n+++\n\n# A\n\n<< value("walk.end")|decimals(2) >>\n')
    assert report("run", "walk", "--profile", "smoke").returncode == 0
    built = report("build", "paper", "--to", "html", "--profile", "quick")
    assert built.returncode == 0, built.stderr
    assert "[1/1]" not in built.stderr


def test_both_branches_of_a_condition_are_brought_up_to_date(
    report: Command, walk: Path, write: Callable[[str, str], Path], project: Project
) -> None:
    """An experiment that only the results' own branch takes is run before the page needs it."""
    other = walk.read_text().replace('"walk"', '"other"').replace("def walk(", "def other(")
    write("experiments/other.py", other)
    text = '<% if value("walk.end") > -1e9 %><< value("other.end")|decimals(2) >><% endif %>\n'
    write("templates/documents/paper.md", f'+++\ntitle = "P"\n+++\n\n# A\n\n{text}')
    built = report("build", "paper", "--to", "html")
    assert built.returncode == 0, built.stderr
    assert (project.runs / "other").is_dir()


def test_commands_that_read_only_name_damage(report: Command, walk: Path, project: Project) -> None:
    """`status` names a damaged run and touches nothing; `run` sets it aside and runs again, with the same result."""
    first = report("run", "walk", "--json")
    (run,) = [p for p in (project.runs / "walk").iterdir() if p.is_dir()]
    (run / "measured.json").write_text("{}")
    for arguments in (["status"], ["why", "walk"], ["run", "walk", "--dry-run"]):
        told = report(*arguments)
        assert told.returncode == 0, told.stderr
        assert f"run walk/{run.name} is damaged and not used: measured.json was changed" in told.stderr
        assert (run / "measured.json").read_text() == "{}"
    again = report("run", "walk", "--json")
    assert f"aside: build/runs/walk/{run.name}.damaged" in again.stderr
    assert json.loads(again.stdout)[0]["outputs"] == json.loads(first.stdout)[0]["outputs"]
    assert "damaged" not in report("status").stderr
