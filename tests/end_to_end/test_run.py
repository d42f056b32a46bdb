"""`report run`: what is up to date is not run again, what fails is recorded, what was killed goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from report_cli import files
from report_cli.project import Project
from tests.conftest import Command
from tests.end_to_end.conftest import until_epoch


def outputs(finished: "subprocess.CompletedProcess[str]") -> Any:
    """Return the digest of everything that a run measured."""
    assert finished.returncode == 0, finished.stderr
    (run,) = json.loads(finished.stdout)
    return run["outputs"]


def folders(project: Project) -> list[Path]:
    return sorted(p for p in (project.runs / "walk").iterdir() if p.is_dir())


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def state(report: Command) -> tuple[str, str]:
    (run,) = json.loads(report("status", "--json").stdout)
    return run["state"], run["reason"]


def test_a_run_is_stored_and_not_run_again(report: Command, walk: Path, project: Project) -> None:
    """The first run is stored with its figures; the second finds it and starts no worker."""
    first = report("run", "walk", "--json")
    assert "never run" in first.stderr
    (log,) = project.logs.iterdir()
    log.unlink()
    second = report("run", "walk", "--json")
    assert outputs(second) == outputs(first)
    assert list(project.logs.iterdir()) == []
    assert [p.name for p in sorted(project.figures.rglob("*.svg"))] == ["path.print.svg", "path.screen.svg"]


def test_a_rerun_gives_the_same_digests(report: Command, walk: Path) -> None:
    """--force measures again, and the same seed gives the same bytes."""
    assert outputs(report("run", "walk", "--json")) == outputs(report("run", "walk", "--force", "--json"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title="A walk"', 'title="Another walk"'),
        ("Where does it end?", "Where?"),
        ("figsize=(2, 1)", "figsize=(3, 1)"),
        ('{"end": "where it ends"}', '{"end": "the end"}'),
    ],
)
def test_restyling_runs_nothing(report: Command, walk: Path, project: Project, old: str, new: str) -> None:
    """A title, a docstring, a figure or a metric's description can change without a run becoming stale."""
    assert report("run", "walk").returncode == 0
    edit(walk, old, new)
    assert state(report) == ("fresh", "up to date")
    assert report("run", "walk").returncode == 0
    assert len(folders(project)) == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("STEP = 1.0", "STEP = 2.0", "code experiments.walk:STEP changed"),
        ("size=3", "size=4", "code experiments.walk:walk changed"),
        ("epochs: int = 6", "epochs: int = 7", "epochs is 7, was 6"),
    ],
)
def test_a_change_of_what_is_measured_is_seen(report: Command, walk: Path, old: str, new: str, reason: str) -> None:
    """Code and parameters that decide the result make it stale, and the reason says which."""
    assert report("run", "walk").returncode == 0
    edit(walk, old, new)
    assert state(report)[0] == "stale"
    assert reason in state(report)[1]
    assert reason in report("why", "walk").stdout


def test_an_edit_within_the_same_second_is_seen(report: Command, walk: Path) -> None:
    """An edit that keeps the file's size and time, which Python's bytecode cache can't see, is run."""
    first = outputs(report("run", "walk", "--json"))
    times = walk.stat()
    edit(walk, "STEP = 1.0", "STEP = 3.0")
    os.utime(walk, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert outputs(report("run", "walk", "--json")) != first


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("raise", "walk: LookupError: no such step (experiments/walk.py:"),
        ("nan", "walk: end is nan, not a finite number"),
        ("forget", "walk: it did not record the declared metric 'end'"),
        ("die", "walk: the worker was killed, most likely because memory ran out"),
    ],
)
def test_a_failed_run_is_recorded_and_never_used(
    report: Command, walk: Path, project: Project, how: str, message: str
) -> None:
    """An experiment that fails gives one error, exit code 1, a record of the failure, and no result."""
    finished = report("run", "walk", "--set", f"fail={how}")
    assert finished.returncode == 1
    assert f"error: {message}" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert folders(project) == [p for p in folders(project) if p.suffix == ".checkpoint"]
    (record,) = (project.runs / "walk").glob("*.failed.json")
    assert json.loads(record.read_text())["message"] in finished.stderr
    assert list(project.scratch.iterdir()) == []
    assert report("run", "walk").returncode == 0, "a failure must not stand in the way of other parameters"


@pytest.mark.parametrize("moment_s", [0.9, 1.5])
def test_a_killed_run_goes_on_and_equals_an_uninterrupted_one(
    report: Command, walk: Path, project: Project, moment_s: float
) -> None:
    """After kill -9 the same command redoes at most the epoch under way, with the same digests."""
    arguments = ("run", "walk", "--set", "wait_s=0.25", "--json")
    process = subprocess.Popen([sys.executable, "-m", "report_cli", *arguments], cwd=project.root, stderr=-1, stdout=-1)
    until_epoch(2, project, process)
    time.sleep(moment_s - 0.9)
    process.kill()
    process.communicate()
    assert list(project.runs.rglob("epoch-*.npz"))
    assert not list(project.runs.rglob("manifest.json"))
    resumed = report(*arguments)
    assert "epoch 1 of 6" not in resumed.stderr
    assert outputs(resumed) == outputs(report(*arguments, "--force"))
    assert not list(project.runs.rglob("*.checkpoint"))


def test_a_damaged_checkpoint_falls_back_to_the_one_before(report: Command, walk: Path, project: Project) -> None:
    """A checkpoint with a flipped byte is passed over, and the result is the same."""
    assert report("run", "walk", "--set", "fail=raise").returncode == 1
    (newest,) = project.runs.rglob("epoch-00001.npz")
    newest.write_bytes(newest.read_bytes()[:-40])
    assert outputs(report("run", "walk", "--json"))


def test_ctrl_c_says_how_to_go_on(report: Command, walk: Path, project: Project) -> None:
    """SIGINT ends the program and its worker with exit code 130 and the way to resume."""
    arguments = [sys.executable, "-m", "report_cli", "run", "walk", "--set", "wait_s=30"]
    process = subprocess.Popen(arguments, cwd=project.root, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until_epoch(1, project, process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command goes on from there" in told
    assert "Traceback" not in told


def test_two_processes_on_one_experiment(report: Command, walk: Path, project: Project) -> None:
    """Of two processes one runs the experiment; the other waits and uses its result."""
    arguments = [sys.executable, "-m", "report_cli", "run", "walk", "--set", "wait_s=0.2", "--json"]
    both = [subprocess.Popen(arguments, cwd=project.root, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    first, second = (json.loads(out) for out, _ in told)
    assert first == second
    assert sum("done in" in err for _, err in told) == 1
    assert any("another process is running walk" in err for _, err in told)


def test_sources_edited_between_plan_and_run_are_refused(report: Command, walk: Path, project: Project) -> None:
    """A worker that would import other code than was hashed fails instead of storing it under the wrong key."""
    script = """
import pathlib, sys
from report_cli import plan, planner, project, registry
from report_cli.cli.console import ProgressListener
from report_cli.execution.runner import Runner
from report_cli.execution.workspace import ImageChoice, Workspace
wish = plan.Wish("quick", ImageChoice(None, ""))
work = Workspace.open(project.find(pathlib.Path.cwd()), print)
with Runner(work, ProgressListener()) as runner:
    made = planner.make(work, registry.select(work.experiments, ["walk"]), wish, runner.read_in)
    path = pathlib.Path("experiments/walk.py")
    path.write_text(path.read_text().replace("STEP = 1.0", "STEP = 9.0"))
    runner.execute(made)
"""
    finished = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True)
    assert "edited after the run was planned" in finished.stderr
    assert [p for p in folders(project) if p.suffix != ".checkpoint"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "wlak"), "unknown experiment 'wlak'\nhint: did you mean walk?"),
        (("run", "walk", "--set", "epoch=3"), "unknown parameter of walk 'epoch'\nhint: did you mean epochs?"),
        (("run", "walk", "--set", "epochs=many"), "--set epochs=many: not a whole number"),
        (("run", "walk", "--set", "epochs"), "--set 'epochs' has no value"),
        (("run", "walk", "--set", "wait_s=nan"), "--set wait_s=nan: not a finite number"),
        (("run", "walk", "--profile", "quik"), "unknown profile 'quik'\nhint: did you mean quick?"),
        (("run", "walk", "--data", "nowhere"), "--data: there is no nowhere"),
        (("why", "wlak"), "unknown experiment 'wlak'"),
        (("build", "homework"), "unknown document 'homework'"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(
    report: Command, walk: Path, arguments: tuple[str, ...], message: str
) -> None:
    """An unknown name gives one error with its near misses and exit code 2."""
    finished = report(*arguments)
    assert finished.returncode == 2
    assert f"error: {message}" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_broken_experiment_file_is_named(report: Command, walk: Path) -> None:
    """A syntax error in an experiment is an error with its file, not a traceback."""
    edit(walk, "STEP = 1.0", "STEP = = 1.0")
    finished = report("list")
    assert finished.returncode == 2
    assert "walk" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_outside_a_project(tmp_path: Path) -> None:
    """Where there is no project the error says how to make one."""
    finished = subprocess.run(
        [sys.executable, "-m", "report_cli", "list"], cwd=tmp_path, capture_output=True, text=True
    )
    assert finished.returncode == 2
    assert "report new FOLDER" in finished.stderr


def test_debug_works_in_any_place(report: Command, walk: Path) -> None:
    """`--debug` after the command shows the traceback, as the hint of an error says."""
    finished = report("run", "wlak", "--debug")
    assert finished.returncode == 2
    assert "Traceback" in finished.stderr


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a place where no one can write")
def test_a_place_that_cannot_be_written_is_named(report: Command, walk: Path, project: Project) -> None:
    """Where the store can't be written there is one error with the path, and no internal error."""
    project.build.mkdir()
    project.scratch.symlink_to("/sys/kernel")  # not even root makes folders there
    finished = report("run", "walk")
    assert finished.returncode == 1, finished.stderr
    assert "can't be read or written" in finished.stderr
    assert "internal error" not in finished.stderr


def test_what_a_killed_process_left_is_swept(report: Command, walk: Path, project: Project) -> None:
    """A scratch folder whose process is gone is removed by the next run; one in use is left alone."""
    code = "from pathlib import Path; from report_cli import files; import os, sys\n"
    code += "with files.scratch_folder(Path(sys.argv[1]), 'key'): os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, str(project.scratch)], check=False).returncode == -9
    (gone,) = [path for path in project.scratch.iterdir() if path.is_dir()]
    with files.scratch_folder(project.scratch, "key") as used:
        assert report("run", "walk").returncode == 0
        assert not gone.exists()
        assert used.exists()
    assert list(project.scratch.iterdir()) == []


def test_a_run_with_other_parameters_can_be_shown(report: Command, walk: Path) -> None:
    """`show --set` shows the run that `run --set` stored."""
    assert report("run", "walk", "--set", "epochs=3").returncode == 0
    (shown,) = json.loads(report("show", "walk", "--set", "epochs=3", "--json").stdout)
    assert shown["state"] == "fresh"
    assert "end" in shown["scalars"]
    (other,) = json.loads(report("show", "walk", "--json").stdout)
    assert other["state"] == "stale"
