"""Training with Keras is killed at any time: nothing is lost, and its result is that of an uninterrupted one."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.fault.cases import FAULT, numbered
from tests.fault.training import Golden, furnished, golden, kill, outputs, recover, start, trained, wait

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="trains a network")

Property = Callable[[str, object], None]
NAMES = ("plain", "views")
POINTS = {
    "lock taken": "open|\\.lock$|after",
    "checkpoint begun": "write|epoch-00003|before",
    "checkpoint written": "write|epoch-00003|after",
    "checkpoint forced": "fsync|epoch-00003|after",
    "checkpoint about to be named": "replace|epoch-00003|before",
    "checkpoint named": "replace|epoch-00003|after",
    "checkpoint folder forced": "fsync|checkpoint$|after|epoch-00003",
    "older checkpoint about to go": "unlink|epoch-00001|before",
    "older checkpoint gone": "unlink|epoch-00001|after",
    "weights stored": "replace|weights\\.npz|after",
    "array stored": "replace|arrays/|after",
    "numbers stored": "replace|measured\\.json|after",
    "manifest about to be named": "replace|manifest\\.json|before",
    "manifest named": "replace|manifest\\.json|after",
    "run forced": "fsync|build/tmp/[^/]+$|after|manifest\\.json$",
    "run about to be named": "replace|runs/plain/[0-9a-f-]+$|before",
    "run named": "replace|runs/plain/[0-9a-f-]+$|after",
    "folder of runs forced": "fsync|runs/plain$|after|runs/plain/[0-9a-f-]+$",
    "checkpoints about to go": "rmdir|checkpoint$|before",
    "checkpoints gone": "rmdir|checkpoint$|after",
    "figures about to be named": "replace|figures/plain/|before",
    "figures named": "replace|figures/plain/|after",
}
FAST_POINTS = ("checkpoint written", "run named")


def check(record_property: Property, found: dict[str, Any], whole: Golden, *, kills: int = 1) -> None:
    """Require that a recovered run lost nothing, and measured what an uninterrupted one does."""
    record_property("corrupt stores", int(bool(found["damaged"])))
    record_property("lost epochs", found["lost"])
    record_property("other digests", int(found["outputs"] != whole.outputs))
    record_property("most epochs redone", found["redone"])
    assert found["damaged"] == []
    assert found["outputs"] == whole.outputs
    assert found["lost"] == 0
    assert found["redone"] <= kills


@numbered(200, fast=2)
def test_random_kills(tmp_path: Path, case: int, record_property: Property) -> None:
    """Killed at any time and run again, it measures the same to the last bit, and trains at most one epoch twice."""
    chance, name = random.Random(case), NAMES[case % 2]
    whole, project = golden(name), furnished(tmp_path)
    process = start(project, name)
    wait(project, process, chance, whole, early=case % 5 == 4)
    kill(process)
    check(record_property, recover(project, name), whole)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc which file a descriptor is")
@pytest.mark.parametrize("point", [pytest.param(p, marks=[] if p in FAST_POINTS else [FAULT]) for p in POINTS])
def test_kills_at_named_points(tmp_path: Path, point: str, record_property: Property) -> None:
    """Killed at each step of a checkpoint or a commit, nothing is lost."""
    project, whole = furnished(tmp_path), golden("plain")
    process = start(project, "plain", kill_at=POINTS[point])
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, "it was never reached"
    check(record_property, recover(project, "plain"), whole)


@numbered(50, fast=1)
def test_kills_during_recovery(tmp_path: Path, case: int, record_property: Property) -> None:
    """Killed, and killed again while it recovers, it still comes to the same result."""
    chance, name = random.Random(1000 + case), NAMES[case % 2]
    whole, project = golden(name), furnished(tmp_path)
    for _ in range(2):
        process = start(project, name)
        wait(project, process, chance, whole, early=case % 5 == 4)
        kill(process)
    check(record_property, recover(project, name), whole, kills=2)


@pytest.mark.parametrize("name", NAMES)
@numbered(20, fast=0)
def test_reruns(tmp_path: Path, case: int, name: str, record_property: Property) -> None:
    """Run again in a fresh store, every other time while others use the processor, it gives the same bits."""
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (case % 2))]
    try:
        other = outputs(start(furnished(tmp_path), name)) != golden(name).outputs
        record_property("other digests", int(other))
        assert not other
    finally:
        for process in burning:
            process.kill()
            process.wait()


@numbered(24, fast=2)
def test_interrupts(tmp_path: Path, case: int, record_property: Property) -> None:
    """Ctrl-C ends it within five seconds with exit code 130 and the way to go on, and leaves no process behind."""
    chance, name = random.Random(2000 + case), NAMES[case % 2]
    whole, project = golden(name), furnished(tmp_path)
    process = start(project, name)
    wait(project, process, chance, whole, early=case % 3 == 2)
    time.sleep(0.3 if case % 3 == 2 else 0)  # until Python has a handler, it ends as any program would
    interrupted, ended_before = time.monotonic(), process.poll() is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    took_s = time.monotonic() - interrupted
    record_property("most seconds", round(took_s, 2))
    if not ended_before and process.returncode != 0:
        assert process.returncode in (130, -signal.SIGINT), out + err
        assert "Traceback" not in err or process.returncode == -signal.SIGINT
        assert took_s < 5
        if process.returncode == 130:
            assert "run the same command again" in err.splitlines()[-1]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    found = recover(project, name)
    record_property("other digests", int(found["outputs"] != whole.outputs))
    assert found["damaged"] == []
    assert found["outputs"] == whole.outputs


@FAULT
def test_divergence(tmp_path: Path) -> None:
    """Training whose loss is no number any more stops at its epoch, with one line, and is recorded as failed."""
    project = furnished(tmp_path)
    process = start(project, "plain", "learning_rate=1e30")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    (error,) = (line for line in err.splitlines() if line.startswith("error:"))
    assert re.search(r"plain: .* in epoch [1-6] of 6: training diverged", error)
    assert trained(project)[-1] == int(re.search("epoch ([1-6])", error)[1])  # type: ignore[index]
    assert list(project.runs.glob("plain/*.failed.json"))
    assert not list(project.runs.glob("plain/*/manifest.json"))


def test_forgotten_seeds_are_noticed(tmp_path: Path) -> None:
    """Were the states of seed generators not saved, a resumed run would measure something else."""
    project = furnished(tmp_path)
    process = start(project, "plain", "bug=seeds", kill_at=POINTS["checkpoint named"])
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    assert recover(project, "plain", "bug=seeds")["outputs"] != golden("plain", "bug=seeds").outputs
