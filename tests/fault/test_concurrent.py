"""Many processes at once: each key is trained once, and all of them get its result."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from report_cli.store.store import Store
from tests.fault.cases import numbered
from tests.fault.inline import made
from tests.walking import WALK

PROCESSES = 16


def start(root: Path, *settings: str) -> "subprocess.Popen[str]":
    arguments = [f"--set={each}" for each in settings]
    return subprocess.Popen(
        [sys.executable, "-m", "report_cli", "run", "walk", "--json", *arguments],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]") -> tuple[str, bool]:
    """Return the digest of what a process printed as its result, and whether it had to train for it."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    (result,) = json.loads(out)["runs"]
    return result["outputs"], "done in" in err


@numbered(50, fast=1)
def test_one_key(tmp_path: Path, case: int, record_property: Callable[[str, object], None]) -> None:
    """Of 16 processes that want the same run one trains it, and all have its result."""
    project = made(tmp_path)
    processes = [start(project.root, "epochs=4", "wait_s=0.05") for _ in range(PROCESSES)]
    results = [ended(process) for process in processes]
    assert len({outputs for outputs, _ in results}) == 1
    trained = sum(trained for _, trained in results)
    record_property("processes", PROCESSES)
    record_property("trainings", trained)
    assert trained == 1
    assert list(project.scratch.iterdir()) == []


@numbered(10, fast=1)
def test_eight_keys(tmp_path: Path, case: int) -> None:
    """Eight processes with a key each don't disturb each other."""
    project = made(tmp_path)
    results = [ended(process) for process in [start(project.root, f"epochs={n}") for n in range(1, 9)]]
    assert len({outputs for outputs, _ in results}) == 8
    assert len(list(Store.of(project, print).runs("walk"))) == 8


@numbered(20, fast=1)
def test_a_killed_holder_frees_its_key(tmp_path: Path, case: int) -> None:
    """Processes that wait for a run whose process is killed go on with it."""
    project = made(tmp_path)
    (project.root / "experiments" / "walk.py").write_text(textwrap.dedent(WALK))
    first = start(project.root, "epochs=6", "wait_s=0.2")
    time.sleep(0.6 + 0.04 * case)
    others = [start(project.root, "epochs=6", "wait_s=0.2") for _ in range(3)]
    time.sleep(0.3)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    results = [ended(process) for process in others]
    assert len({outputs for outputs, _ in results}) == 1
    assert sum(trained for _, trained in results) <= 1
