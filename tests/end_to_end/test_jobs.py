"""`--jobs`: several runs at once give what one after another gives, and end as one does."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from report_cli import api
from report_cli.execution.local import cores
from report_cli.project import Project
from tests.conftest import Command, Write, edit
from tests.end_to_end.conftest import folders, start, states, until_epoch
from tests.end_to_end.test_needs import CHAIN, SWEEP
from tests.walking import WALK

# Each seed waits for the other, so they have to be measured at once. Files outside a project are no inputs.
MEETING = """
    import os
    import pathlib
    import time

    import numpy as np

    import report_cli as report


    @report.experiment(
        "meeting", title="Meeting", metrics={"cores": report.Metric("count", "cores"), "sum": report.Metric("", "sum")},
        profiles={"place": ""}, seeds=2,
    )
    def meeting(params, record):
        here = pathlib.Path(params.place)
        (here / str(record.seed)).touch()
        end = time.monotonic() + 60
        while not (here / str(1 - record.seed)).exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        values = np.random.default_rng(record.seed).normal(size=1_000_003)
        record(cores=len(os.sched_getaffinity(0)), sum=values.dot(values[::-1].copy()))
"""
FAILING = """
    import time

    import report_cli as report


    @report.experiment(
        "one", title="One", metrics={"x": report.Metric("", "x")}, profiles={"x": 0}, seeds=4,
    )
    def one(params, record):
        if record.seed == 0:
            raise RuntimeError("not today")
        time.sleep(0.5)
        record(x=record.seed)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder outside the project."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def test_several_at_once_give_the_same_runs_in_the_same_order(
    report: Command, project: Project, write: Write, tmp_path: Path
) -> None:
    """Keys, outputs and the order in which they are told don't depend on --jobs; what is needed still comes first."""
    write("experiments/sweep.py", SWEEP)
    told = []
    for jobs in ("1", "3", "0", "50"):
        done = report("run", "paired", "whole", "--json", "--jobs", jobs)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(": done in") == 11
        told.append(json.loads(done.stdout)["runs"])
        project.runs.rename(tmp_path / f"runs-{jobs}")
    assert told[0] == told[1] == told[2] == told[3]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_each_has_its_share_of_the_cores_and_sums_as_if_it_had_all(
    report: Command, project: Project, write: Write, place: Path
) -> None:
    """Two runs are measured at the same time, on half of the cores each; their sums end in the same digits as alone."""
    write("experiments/meeting.py", MEETING)
    both = api.run("meeting", settings=(f"place={place}",), jobs=2, folder=project.root)["meeting"]
    cores = len(os.sched_getaffinity(0))
    assert sum(both.metric("cores")) == cores
    alone = api.run("meeting", settings=(f"place={place}",), force=True, folder=project.root)["meeting"]
    assert alone.metric("cores") == [cores, cores]
    assert [run.key for run in alone] == [run.key for run in both]
    assert alone.metric("sum") == both.metric("sum")


def test_after_a_failure_those_under_way_end_and_nothing_starts(
    report: Command, project: Project, write: Write
) -> None:
    """The run beside the failed one is stored, later ones are not begun; with --keep-going they are."""
    write("experiments/one.py", FAILING)
    failed = report("run", "one", "--jobs", "2")
    assert failed.returncode == 1
    assert "not today" in failed.stderr.splitlines()[-2]
    assert "failed: one seed 0: experiments/one.py:" in failed.stderr, "told at once: the other one may take hours"
    assert [run["state"] for run in states(report).values()] == ["failed", "fresh", "missing", "missing"]
    assert report("run", "one", "--jobs", "2", "--keep-going").returncode == 1
    assert [run["state"] for run in states(report).values()] == ["failed", "fresh", "fresh", "fresh"]


def test_a_failed_need_stops_only_what_needs_it(report: Command, write: Write) -> None:
    """With several jobs, too, what needs a failed run is named and the rest runs."""
    write("experiments/chain.py", CHAIN.replace('"fail": False', '"fail": True'))
    write("experiments/alone.py", CHAIN.replace('"base"', '"alone"').replace('"top"', '"upon"'))
    finished = report("run", "all", "--keep-going", "--jobs", "3")
    assert finished.returncode == 1
    assert "top needs base, which failed" in finished.stderr
    assert "upon   value 8" in finished.stdout


def test_ctrl_c_ends_all_of_them_and_they_go_on(report: Command, walk: Path, project: Project) -> None:
    """SIGINT ends the program and all its workers with exit code 130; the same command goes on from the checkpoints."""
    arguments = ("run", "walk", "--seeds", "3", "--jobs", "2", "--set", "wait_s=0.5")
    process = start(project, *arguments, start_new_session=True)
    until_epoch(1, project, process)
    began_s = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert time.monotonic() - began_s < 30
    assert "To continue, run the same command again." in told
    assert "Traceback" not in told
    assert not workers(project), "a worker outlived the program"
    assert list(project.scratch.iterdir()) == []
    assert report(*arguments).returncode == 0
    assert len(folders(project)) == 3


def test_a_killed_program_leaves_no_worker(walk: Path, project: Project) -> None:
    """After kill -9 of the program its workers end by themselves."""
    process = start(project, "run", "walk", "--seeds", "2", "--jobs", "2", "--set", "wait_s=30")
    until_epoch(1, project, process)
    process.kill()
    process.communicate()
    end = time.monotonic() + 30
    while workers(project):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_two_programs_that_want_the_same_in_another_order(walk: Path, write: Write, project: Project) -> None:
    """Programs that each hold what the other one wants next don't wait for each other for ever."""
    edit(walk, '"wait_s": 0.0', '"wait_s": 0.2')
    write("experiments/other.py", walk.read_text().replace('"walk"', '"other"').replace("def walk(", "def other("))
    both = [start(project, "run", *names, "-j2", "--json") for names in (("walk", "other"), ("other", "walk"))]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum(err.count("done in") for _, err in told) == 2
    first, second = ({run["experiment"]: run["outputs"] for run in json.loads(out)["runs"]} for out, _ in told)
    assert first == second


def workers(project: Project) -> list[str]:
    """Return the command lines of the worker processes of a project."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_text().replace("\0", " ")
        except OSError:
            continue
        if "execution.worker" in line and str(project.root) in line:
            lines.append(line)
    return lines


def drawing_so(write: Write, drawing: str) -> list[str]:
    """Write six experiments that draw in this way, `alt` being what the figure shows; return their names."""
    names = [f"walk-{number}" for number in range(6)]
    for name in names:
        own = WALK.replace('"walk"', f'"{name}"').replace('alt=f"{len(results)} walks"', "alt=alt")
        write(
            f"experiments/{name.replace('-', '_')}.py",
            own.replace("    figures.add(", f"    {drawing}\n        figures.add("),
        )
    return names


@pytest.mark.skipif(len(cores()) < 2, reason="with one core one process draws")
def test_many_figures_are_drawn_by_several_processes(report: Command, write: Write, project: Project) -> None:
    """Where figures of many experiments are to be drawn, other cores help; a fault names its experiment."""
    names = drawing_so(write, "alt = str(os.getpid()); assert results.experiment != 'walk-3', 'not this one'")
    done = report("run", *names)
    assert done.returncode == 1
    assert "build/logs/walk-3-figures.log" in done.stderr
    folders = (project.build / "figures").glob("*/*/manifest.json")
    drawn = [json.loads(path.read_text())["figures"]["path"] for path in folders]
    assert (len(drawn), len(set(drawn))) == (5, 2)


def test_ctrl_c_ends_drawing(write: Write, project: Project) -> None:
    """SIGINT while figures are drawn ends the program and all that draw."""
    names = drawing_so(write, "alt = 'a'; print('begun', flush=True); time.sleep(60)")
    process = start(project, "run", *names, start_new_session=True)
    end = time.monotonic() + 60
    while not any("begun" in log.read_text() for log in project.logs.glob("*-figures.log")):
        assert time.monotonic() < end
        time.sleep(0.05)
    began_s = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in told) == (130, False), told
    assert time.monotonic() - began_s < 30
    assert not workers(project)


def test_ctrl_c_ends_waiting_for_what_another_program_draws(write: Write, project: Project) -> None:
    """SIGINT while another process holds the lock of figures ends the program at once, and draws nothing."""
    (name, *_) = drawing_so(write, "alt = 'a'; print('begun', flush=True); time.sleep(20)")
    first = start(project, "run", name, start_new_session=True)
    log = project.logs / f"{name}-figures.log"
    end = time.monotonic() + 60
    while not (log.exists() and "begun" in log.read_text()):
        assert time.monotonic() < end
        time.sleep(0.05)
    second = start(project, "run", name, start_new_session=True)
    assert second.stderr is not None
    while "waiting for" not in second.stderr.readline():
        assert time.monotonic() < end
    began_s = time.monotonic()
    os.killpg(second.pid, signal.SIGINT)
    second.communicate(timeout=60)
    assert (second.returncode, time.monotonic() - began_s < 10) == (130, True)
    assert first.poll() is None
    os.killpg(first.pid, signal.SIGINT)
    first.communicate(timeout=60)
    assert not workers(project)
