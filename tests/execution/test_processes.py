"""An experiment may start processes: they find its code, get nothing of the worker's pipes, and end with the run."""

import contextlib
import json
import os
import signal
import sys
import time

import pytest

from report_cli.project import Project
from tests.conftest import Command, Write
from tests.end_to_end.conftest import ran, start

EXPERIMENT = """
    import os

    import report_cli as report


    def process(number):
        return os.getpid()


    @report.experiment(
        "pids", title="T", metrics={{"pid": report.Metric("", "pid"), "n": report.Metric("", "n")}}, profiles={{"a": 1}}
    )
    def measure(record):
        {body}
        record(pid=pids[0], n=len(pids))
    """
POOL = """import multiprocessing
        with multiprocessing.get_context("{}").Pool(2) as pool:
            pids = pool.map(process, range(2))"""
JOBLIB = """from joblib import Parallel, delayed
        pids = Parallel(n_jobs=2)(delayed(process)(number) for number in range(2))"""
EDIT = """open("experiments/pids.py", "a").write("raise OSError")
        """
WAITING = """import multiprocessing, pathlib, time
        waiting = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        waiting.start()
        pathlib.Path("build/child").write_text(str(waiting.pid))
        waiting.join()"""
STARTED = {
    "fork": POOL.format("fork"),
    "spawn": POOL.format("spawn"),
    "forkserver": POOL.format("forkserver"),
    "joblib": JOBLIB,
    "left alone": POOL.format("spawn").replace("with ", "pool =").replace(" as pool:", "").replace("    pids", "pids"),
}


def _until_gone(pid: int) -> None:
    until_s = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while os.kill(pid, 0) is None:
            assert time.monotonic() < until_s, "it outlives the run"
            time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("way", STARTED)
def test_processes_find_the_project_and_end_with_the_run(write: Write, report: Command, way: str) -> None:
    """Whatever starts them: they find the code, don't outlive the run, and it is said that they aren't watched."""
    if way == "joblib":
        pytest.importorskip("joblib")
    write("experiments/pids.py", EXPERIMENT.format(body=STARTED[way]))
    run = ran(report("run", "pids", "--json"))["pids"]
    assert run["metrics"]["n"] == 2
    _until_gone(run["metrics"]["pid"])
    assert "subprocess" in report("show", "pids").stdout
    assert json.loads(report("status", "--json", "--all").stdout)["runs"][0]["state"] == "fresh"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_a_command_that_is_stopped(write: Write, project: Project, number: int) -> None:
    """Neither Ctrl-C nor a kill of the program leaves any behind."""
    write("experiments/pids.py", EXPERIMENT.format(body=WAITING))
    process, place = start(project, "run", "pids"), project.build / "child"
    while not (place.exists() and place.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=30)
    _until_gone(int(place.read_text()))


def test_processes_of_one_run_have_nothing_of_another(write: Write, report: Command) -> None:
    """Those that joblib holds ready for the next run would go on with the code of the one before."""
    pytest.importorskip("joblib")
    text = EXPERIMENT.format(body=JOBLIB)
    write("experiments/pids.py", text)
    write("experiments/others.py", text.replace('"pids"', '"others"'))
    runs = ran(report("run", "all", "--json"))
    assert runs["pids"]["metrics"]["pid"] != runs["others"]["metrics"]["pid"]


def test_what_is_edited_meanwhile_is_not_what_processes_run(write: Write, report: Command) -> None:
    """Processes import the code that the key says, whatever is on disk by then."""
    write("experiments/pids.py", EXPERIMENT.format(body=EDIT + POOL.format("spawn")))
    assert ran(report("run", "pids", "--json"))["pids"]["metrics"]["n"] == 2


def test_nothing_can_be_asked_of_a_person(write: Write, report: Command) -> None:
    """A run that waits for an answer would wait for ever: input() fails at once."""
    write("experiments/pids.py", EXPERIMENT.format(body='pids = [input("how many? ")]'))
    failed = report("run", "pids")
    assert failed.returncode == 1
    assert "experiments/pids.py" in failed.stderr
