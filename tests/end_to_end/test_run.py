"""`report run`: what is up to date is not run again, what fails is recorded, what was killed goes on."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from report_cli import api, files
from report_cli.errors import RunError
from report_cli.project import Project
from tests.conftest import Command, edit
from tests.end_to_end.conftest import folders, ran, start, state, until_epoch
from tests.report.html.test_fonts import write_font


def test_a_run_is_stored_and_not_run_again(report: Command, drawn: Path, project: Project) -> None:
    """The first run is stored with its figures; the second starts no worker; --force gives the same bytes again."""
    first = ran(report("run", "walk", "--json"))["walk"]
    files.remove_folder(project.logs)
    assert ran(report("run", "walk", "--json"))["walk"] == first
    assert not project.logs.exists()
    assert [p.name for p in sorted(project.figures.rglob("*.svg"))] == ["path.print.svg", "path.screen.svg"]
    assert ran(report("run", "walk", "--force", "--json"))["walk"]["outputs"] == first["outputs"]
    assert len(folders(project)) == 1


def test_figures_take_the_fonts_of_the_project(report: Command, drawn: Path, project: Project) -> None:
    """A character that a font of the settings has is drawn; with other bytes of the font it is drawn anew."""
    edit(drawn, "figure.add_subplot()", 'figure.add_subplot(xlabel="\N{CJK UNIFIED IDEOGRAPH-4E2D}")')
    assert "fonts of [tool.report]" in report("run", "walk").stderr
    edit(project.root / "pyproject.toml", "[tool.report]", '[tool.report]\nfonts = ["boxes.ttf"]')
    for number, family in enumerate(("Boxes of one", "Boxes of two"), start=1):
        write_font(project.root / "boxes.ttf", family)
        assert report("run", "walk").returncode == 0
        assert len(list(project.figures.rglob("*.svg"))) == 2 * number
    assert "drawn by other code" in report("gc", "--dry-run").stdout


def test_restyling_runs_nothing(report: Command, drawn: Path, project: Project) -> None:
    """A title, a docstring, a comment, a figure or the words of a metric change without a run becoming stale."""
    assert report("run", "walk").returncode == 0
    for old, new in (
        ('title="A walk"', 'title="Another walk"'),
        ("Where does it end?", "Where?"),
        ("saved = record.checkpoint.load()", "saved = record.checkpoint.load()  # or None"),
        ("figsize=(2, 1)", "figsize=(3, 1)"),
        ('"where it ends"', '"the end"'),
    ):
        edit(drawn, old, new)
        assert state(report) == ("fresh", "up to date"), new
    assert report("run", "walk").returncode == 0
    assert len(folders(project)) == 1


def test_a_change_of_what_is_measured_is_seen(report: Command, walk: Path) -> None:
    """Code and parameters that decide the result make it stale, and status and why say which."""
    assert state(report) == ("missing", "never run")
    assert report("run", "walk").returncode == 0
    text = walk.read_text()
    for old, new, reason in (
        ("STEP = 1.0", "STEP = 2.0", "STEP in experiments/walk.py changed"),
        ("size=3", "size=4", "walk() in experiments/walk.py changed"),
        ('"epochs": 6', '"epochs": 7', "epochs is 7, was 6"),
        ('"epochs": 6', '"epochs": 6.0', "epochs is 6.0, was 6"),
    ):
        edit(walk, old, new)
        assert state(report) == ("stale", reason)
        told = report("why", "walk").stdout
        assert told.startswith(f"walk: out of date: {reason}\n")
        assert "experiments/walk.py: STEP, walk" in told
        walk.write_text(text)
    assert state(report) == ("fresh", "up to date")


def test_an_edit_within_the_same_second_is_seen(report: Command, walk: Path) -> None:
    """An edit that keeps the file's size and time, which Python's bytecode cache can't see, is run."""
    first = ran(report("run", "walk", "--json"))["walk"]
    times = walk.stat()
    edit(walk, "STEP = 1.0", "STEP = 3.0")
    os.utime(walk, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert ran(report("run", "walk", "--json"))["walk"]["metrics"]["end"] == pytest.approx(3 * first["metrics"]["end"])


def test_a_failed_run_is_recorded_and_never_used(report: Command, walk: Path, project: Project) -> None:
    """An experiment that fails gives one error, exit code 1, a record of the failure, and no result."""
    for how, message in (
        ("raise", "no such step"),
        ("nan", "end is nan, not a finite number"),
        ("forget", "it did not record the declared metric 'end'"),
        ("die", "the worker was killed, most likely because memory ran out"),
    ):
        finished = report("run", "walk", "--set", f"fail={how}")
        assert finished.returncode == 1
        assert re.search(f"^error: walk: (experiments/walk.py:\\d+: )?{message}", finished.stderr, re.MULTILINE)
        assert "Traceback" not in finished.stderr
        assert folders(project) == []
        (record,) = (project.runs / "walk").glob("*.failed.json")
        assert json.loads(record.read_text())["message"] in finished.stderr
        assert list(project.scratch.iterdir()) == []
        record.unlink()
    assert report("run", "walk").returncode == 0, "a failure must not stand in the way of other parameters"


def test_a_failure_is_a_state_until_a_success(report: Command, walk: Path) -> None:
    """`status` tells that the last try failed, and how, until one succeeds."""
    edit(walk, '"fail": ""', '"fail": "forget"')
    assert report("run", "walk").returncode == 1
    assert state(report)[0] == "failed"
    assert "did not record" in state(report)[1]
    edit(walk, '"fail": "forget"', '"fail": ""')
    assert state(report)[0] == "missing"


def test_a_killed_run_goes_on_and_equals_an_uninterrupted_one(report: Command, walk: Path, project: Project) -> None:
    """After kill -9 the same command redoes at most the epoch under way, with the same digests."""
    arguments = ("run", "walk", "--set", "wait_s=0.1", "--json")
    process = start(project, *arguments)
    until_epoch(2, project, process)
    process.kill()
    process.communicate()
    assert folders(project) == []
    resumed = report(*arguments)
    assert "epoch 1 of 6" not in resumed.stderr
    assert ran(resumed)["walk"]["outputs"] == ran(report(*arguments, "--force"))["walk"]["outputs"]
    assert not list(project.runs.rglob("*.checkpoint"))


def test_a_damaged_checkpoint_falls_back_to_the_one_before(report: Command, walk: Path, project: Project) -> None:
    """A checkpoint that was cut short is passed over, and the run is whole."""
    assert report("run", "walk", "--set", "fail=raise").returncode == 1
    (newest,) = project.runs.rglob("epoch-00001.npz")
    newest.write_bytes(newest.read_bytes()[:-40])
    edit(walk, '"no such step"', '"none"')
    assert report("run", "walk").returncode == 0


def test_ctrl_c_says_how_to_go_on(walk: Path, project: Project) -> None:
    """SIGINT ends the program and its worker with exit code 130 and the way to resume."""
    process = start(project, "run", "walk", "--set", "wait_s=30", start_new_session=True)
    until_epoch(1, project, process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"stopped( after epoch [1-5] of 6)?\. To continue, run the same command again\.", told)
    assert "Traceback" not in told


def test_two_processes_on_one_experiment(walk: Path, project: Project) -> None:
    """Of two processes one runs the experiment; the other waits and uses its result."""
    both = [start(project, "run", "walk", "--set", "wait_s=0.3", "--json") for _ in range(2)]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    first, second = (json.loads(out)["runs"] for out, _ in told)
    assert first == second
    assert sum("done in" in err for _, err in told) == 1
    assert any("another process is running walk" in err for _, err in told)


def test_sources_edited_between_plan_and_run_are_refused(walk: Path, project: Project) -> None:
    """A worker that would import other code than was hashed fails instead of storing it under the wrong key."""
    workspace = api.open_workspace(project.root)
    with api.open_runner(workspace) as runner:
        made = api.plan(workspace, workspace.registry.select(["walk"]), api.request_of(workspace))
        edit(walk, "STEP = 1.0", "STEP = 9.0")
        with pytest.raises(RunError, match="edited after the run was planned"):
            runner.execute(made)
    assert folders(project) == []


def test_an_edit_during_a_run_is_for_the_next(report: Command, drawn: Path, project: Project) -> None:
    """A run whose source is edited meanwhile is the result of the code it began with, and stale from then on."""
    arguments = ("run", "walk", "--set", "wait_s=0.2", "--json")
    before = drawn.read_text()
    process = start(project, *arguments)
    until_epoch(1, project, process)
    drawn.write_text(before.replace("STEP = 1.0", "STEP = 2.0"))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    (first,) = json.loads(out)["runs"]
    assert "STEP in experiments/walk.py changed" in report("why", "walk", "--set", "wait_s=0.2").stdout
    second = ran(report(*arguments))["walk"]
    assert second["metrics"]["end"] == pytest.approx(2 * first["metrics"]["end"])
    drawn.write_text(before)
    assert ran(report(*arguments))["walk"] == first


def test_what_does_not_exist_is_a_usage_error(report: Command, walk: Path) -> None:
    """An unknown name gives one error with its near misses and exit code 2."""
    for arguments, *words in (
        (("run", "wlak"), "experiment 'wlak'", "walk?"),
        (("run", "walk", "--set", "epoch=3"), "parameter of walk 'epoch'", "epochs?"),
        (("run", "walk", "--set", "epochs=many"), "epochs=many", "whole number"),
        (("run", "walk", "--set", "epochs"), "'epochs'", "no value"),
        (("run", "walk", "--set", "wait_s=nan"), "wait_s=nan", "finite"),
        (("run", "walk", "--profile", "quik"), "profile 'quik'", "quick?"),
        (("run", "walk", "--seeds", "0"), "--seeds"),
        (("run", "walk", "--data", "nowhere"), "--data", "nowhere"),
        (("why", "wlak"), "experiment 'wlak'"),
        (("build", "homework"), "document 'homework'"),
    ):
        finished = report(*arguments)
        assert finished.returncode == 2
        assert all(word in finished.stderr for word in words), finished.stderr
        assert "Traceback" not in finished.stderr
    assert "Traceback" in report("run", "wlak", "--debug").stderr


def test_outside_a_project(tmp_path: Path) -> None:
    """Where there is no project the error says how to make one; the module is a program."""
    command = [sys.executable, "-m", "report_cli", "list"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "report new FOLDER" in finished.stderr


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a place where no one can write")
def test_a_place_that_cannot_be_written_is_named(report: Command, walk: Path, project: Project) -> None:
    """Where the store can't be written there is one error with the path, and no internal error."""
    project.build.mkdir()
    project.scratch.symlink_to("/sys/kernel")  # not even root makes folders there
    finished = report("run", "walk")
    assert finished.returncode == 1, finished.stderr
    assert "can't be read or written" in finished.stderr


def test_what_a_killed_process_left_is_swept(report: Command, walk: Path, project: Project) -> None:
    """A scratch folder whose process is gone is removed by the next run; one in use is left alone."""
    gone = project.scratch / "key-gone"
    gone.mkdir(parents=True)
    gone.with_name("key-gone.lock").touch()
    with files.scratch_folder(project.scratch, "key") as used:
        assert report("run", "walk").returncode == 0
        assert not gone.exists()
        assert used.exists()
    assert list(project.scratch.iterdir()) == []


def test_a_run_with_other_parameters_can_be_shown(report: Command, walk: Path) -> None:
    """`show --set` shows the run that `run --set` stored, with its parameters and metrics."""
    assert report("run", "walk", "--set", "epochs=3").returncode == 0
    (shown,) = json.loads(report("show", "walk", "--set", "epochs=3", "--json").stdout)["runs"]
    assert (shown["state"], shown["parameters"]["epochs"]) == ("fresh", 3)
    assert "end" in shown["metrics"]
    (other,) = json.loads(report("show", "walk", "--json").stdout)["runs"]
    assert (other["state"], other["reason"]) == ("missing", "not run with these parameters (nearest: epochs=3)")
    assert "where it ends" in report("show", "walk", "--set", "epochs=3").stdout


def test_warnings_are_counted_and_what_was_printed_is_kept(report: Command, drawn: Path, project: Project) -> None:
    """Warnings of a run are counted in its manifest and told at the end; `report logs` has them and what it printed."""
    edit(drawn, "time.sleep(params.wait_s)", 'print("hello"); warnings.warn("not converged")')
    edit(drawn, "import time\n", "import time\nimport warnings\n")
    done = report("run", "walk")
    assert done.returncode == 0, done.stderr
    assert "walk: 6 warnings" in done.stderr
    assert "not converged" in done.stderr
    assert "report logs walk" in done.stderr
    (run,) = api.results("walk", folder=project.root)
    assert [(w.category, w.message, w.count) for w in run.manifest.warnings] == [("UserWarning", "not converged", 6)]
    logged = report("logs", "walk").stdout
    assert logged.splitlines().count("hello") == 6
    assert "not converged" in logged
    assert report("logs", "wlak").returncode == 2


def test_a_manifest_names_the_commit(report: Command, walk: Path, project: Project) -> None:
    """In a git repository a run knows the commit of the project and whether all files were as in it."""

    def git(*arguments: str) -> str:
        own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", *own, *arguments], cwd=project.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def code() -> object:
        assert report("run", "walk", "--force").returncode == 0
        (run,) = api.results("walk", folder=project.root)
        return run.manifest.code and (run.manifest.code.commit, run.manifest.code.clean)

    assert code() is None
    (project.root / ".gitignore").write_text("build/\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    assert code() == (git("rev-parse", "HEAD"), True)
    edit(walk, "Where does it end?", "Where?")
    assert code() == (git("rev-parse", "HEAD"), False)
