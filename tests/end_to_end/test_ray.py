"""`--executor ray` on a real cluster of two nodes on this machine: results as from here, each committed once."""

import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from report_cli import api
from report_cli.project import Project
from tests.conftest import Command, Write
from tests.datasets.making import pictures, write_layout
from tests.end_to_end.conftest import folders, start
from tests.end_to_end.test_jobs import workers

if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is not installed", allow_module_level=True)
if sys.platform != "linux":
    pytest.skip("needs several addresses on the loopback", allow_module_level=True)

PATIENCE_S = 180
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
NODE = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block"]
# A chain of runs over a table, images and sums; `place` is outside the project, where a test can see what goes on.
CHAIN = """
    import os
    import pathlib
    import time

    import numpy as np

    import report_cli as report

    SUM = {"sum": report.Metric("", "s")}
    TABLE = report.Table("numbers", "Numbers", "data/numbers.csv", "y")
    IMAGES = report.Images("tiny", "Tiny", 3, 4, 4, 30, 6, ("cat", "dog", "fox"))


    @report.experiment("table", title="Table", data=TABLE, metrics=SUM, profiles={"x": 1}, seeds=2)
    def table(params, data, record):
        values = np.random.default_rng(record.seed).normal(size=1_000_003)
        record(sum=data.features.sum() + values.dot(values[::-1].copy()))
        record.weights({"w": values[:10]})


    @report.experiment("images", title="Images", data=IMAGES, metrics=SUM, profiles={"x": 1}, needs=("table",))
    def images(data, record):
        below = sum(float(run.weights()["w"].sum()) for run in record.need("table"))
        record(sum=below + int(data.train.pixels.sum()))


    @report.experiment("slow", title="Slow", metrics=SUM, profiles={"place": "", "wait_s": 0.0})
    def slow(params, record):
        place = pathlib.Path(params.place)
        tries = len(list(place.iterdir()))
        (place / f"{tries}.txt").write_text(f"{os.getppid()} {os.getpid()}")
        for epoch in range(1, 4):
            record.progress(epoch, 3)
            time.sleep(params.wait_s if tries == 0 else 0)
        record(sum=1.5)


    @report.experiment("failing", title="Failing", metrics=SUM, profiles={"x": 0})
    def failing(record):
        print("a word before")
        raise LookupError("no such sum")


    @report.experiment("coloured", title="Coloured", metrics=SUM, profiles={"x": 0})
    def coloured(record):
        record(sum=len(os.environ.get("COLOUR", "")))
"""


EDITED_AFTERWARDS = """
from pathlib import Path

from report_cli import api

workspace = api.open_workspace()
with api.open_runner(workspace, executor="ray") as runner:
    made = api.plan(workspace, workspace.registry.select(["table"]), api.request_of(workspace))
    chain = Path("experiments/chain.py")
    chain.write_text(chain.read_text().replace("1_000_003", "1_000_004"))
    runner.execute(made)
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a cluster of two nodes on the loopback, with a cache of their own.

    Ray listens on all interfaces, whatever address it is given, so its nodes want a token. It takes 127.0.0.1 for the
    address by which others reach this machine.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.2", 0))
        address = f"127.0.0.2:{free.getsockname()[1]}"
    place, cache = tempfile.mkdtemp(prefix="ray-"), tmp_path_factory.mktemp("nodes")
    head = ["--head", "--node-ip-address=127.0.0.2", f"--port={address.partition(':')[2]}"]
    head += ["--include-dashboard=false", f"--temp-dir={place}"]
    nodes = []
    try:
        for arguments in (head, [f"--address={address}", "--node-ip-address=127.0.0.3"]):
            nodes.append(_node(*arguments, cache=cache))
            _until(lambda: _alive(address) >= len(nodes), nodes[-1])
        yield address
    finally:
        for node in reversed(nodes):
            node.terminate()
            node.wait()
        shutil.rmtree(place, ignore_errors=True)


def _node(*arguments: str, cache: Path) -> "subprocess.Popen[bytes]":
    ports = ["--min-worker-port=0", "--max-worker-port=0"]
    script = "import sys; from ray.scripts.scripts import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", script, "start", *arguments, *ports, *NODE],
        env={**os.environ, **TOKEN, "REPORT_CACHE": str(cache), "RAY_ADDRESS": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _alive(address: str) -> int:
    script = (
        "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False);"
        "print(sum(node['Alive'] for node in ray.nodes()))"
    )
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return 0
    command = [sys.executable, "-c", script, address]
    done = subprocess.run(command, env={**os.environ, **TOKEN}, capture_output=True, text=True, check=False)
    return int(done.stdout or 0)


def _until(
    holds: Callable[[], object], process: "subprocess.Popen[bytes] | subprocess.Popen[str] | None" = None
) -> None:
    """Wait until something holds; fail where a process ends before, or after some minutes."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it took too long"
        assert process is None or process.poll() is None, "it ended before"
        time.sleep(0.2)


Cluster = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(cluster: str, project: Project, write: Write, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Return a function that starts `report run` on the cluster, in a project with all that is needed."""
    write("experiments/chain.py", CHAIN)
    write("data/numbers.csv", "a,b,y\n1,2,3\n4,5,6\n")
    for name, value in {**TOKEN, "RAY_ADDRESS": cluster}.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: start(project, "run", *arguments, "--executor", "ray", start_new_session=True)


def ended(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Return how a program ended."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_runs_are_the_same_as_from_here(report: Command, project: Project, begin: Cluster, tmp_path: Path) -> None:
    """Tables, read-in images and needed runs get to the nodes; keys, outputs and environment are those of here."""
    data = write_layout("binary folder", tmp_path / "given", pictures()).parent
    arguments = ("images", "--data", str(data), "--json")
    there = ended(begin(*arguments))
    assert there.returncode == 0, there.stderr
    facts = [(run.key, run.outputs, run.manifest.environment) for run in runs(project)]
    assert len(facts) == 3
    shutil.rmtree(project.runs)
    here = report("run", *arguments)
    assert here.returncode == 0, here.stderr
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert facts == [(run.key, run.outputs, run.manifest.environment) for run in runs(project)]


def runs(project: Project) -> list[api.Run]:
    return [run for name in ("images", "table") for run in api.results(name, folder=project.root)]


@pytest.mark.parametrize("which", ["Ray's process", "the worker process"])
def test_a_killed_run_is_tried_again_and_committed_once(
    project: Project, begin: Cluster, tmp_path: Path, which: str
) -> None:
    """A run whose process is killed in the middle is measured again, and there is one run of it."""
    place = tmp_path / "place"
    place.mkdir()
    process = begin("slow", "--set", f"place={place}", "--set", "wait_s=60", "--json")
    _until(lambda: (place / "0.txt").exists() and (place / "0.txt").read_text(), process)
    ray_process, worker = map(int, (place / "0.txt").read_text().split())
    os.kill(ray_process if which == "Ray's process" else worker, signal.SIGKILL)
    done = ended(process)
    assert done.returncode == 0, done.stderr
    assert len(list(place.iterdir())) == 2, "tried twice"
    assert done.stderr.count("done in") == 1
    assert len(folders(project, "slow")) == 1
    assert list(project.scratch.iterdir()) == []
    (run,) = json.loads(done.stdout)["runs"]
    assert run["metrics"] == {"sum": 1.5}


def test_ctrl_c_ends_what_runs_there(project: Project, begin: Cluster, tmp_path: Path) -> None:
    """SIGINT ends the program with exit code 130 and its runs on the cluster; the cluster goes on."""
    place = tmp_path / "place"
    place.mkdir()
    process = begin("slow", "--set", f"place={place}", "--set", "wait_s=600")
    _until(lambda: (place / "0.txt").exists() and (place / "0.txt").read_text(), process)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    worker = int((place / "0.txt").read_text().split()[1])
    _until(lambda: not Path(f"/proc/{worker}").exists())
    assert folders(project, "slow") == []


def test_what_fails_there_is_told_here(project: Project, begin: Cluster) -> None:
    """An exception of an experiment is recorded with its line and its log, as from here, and nothing is stored."""
    done = ended(begin("failing"))
    assert done.returncode == 1
    assert re.search(r"failing: experiments/chain.py:\d+: no such sum", done.stderr)
    (record,) = (project.runs / "failing").glob("*.failed.json")
    assert "no such sum" in record.read_text()
    (log,) = project.logs.glob("failing-*.log")
    assert "a word before" in log.read_text()
    assert folders(project, "failing") == []


def test_what_is_not_the_same_there_is_refused(
    project: Project, begin: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that an experiment reads and that a node hasn't, or an edit since the plan: nothing is stored."""
    monkeypatch.setenv("COLOUR", "blue")
    done = ended(begin("coloured"))
    assert done.returncode == 1
    assert "the variable COLOUR" in done.stderr
    assert folders(project, "coloured") == []

    # In a process of its own: Ray takes its token once in the life of one.
    command = [sys.executable, "-c", EDITED_AFTERWARDS]
    late = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert "edited after the run was planned" in late.stderr
    assert folders(project, "table") == []
    assert not workers(project)


def test_what_no_node_has_is_said_before_anything_is_sent(project: Project, begin: Cluster) -> None:
    """GPUs that are asked for and absent are a usage error with the setting."""
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text() + "[tool.report.ray]\nnum_gpus = 1\n")
    done = ended(begin("table"))
    assert done.returncode == 2
    assert "num_gpus = 1" in done.stderr
    assert "[tool.report.ray]" in done.stderr


def test_without_the_token_no_one_gets_in(project: Project, begin: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that wants a token gives whoever has another one an error, and measures nothing."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    done = ended(begin("table"))
    assert done.returncode == 2
    assert "no Ray cluster answers" in done.stderr
    assert "Traceback" not in done.stderr
