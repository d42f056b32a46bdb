"""The executor on a Ray cluster, as far as it needs none."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from report_cli import api, files
from report_cli.errors import RunError, UsageError
from report_cli.execution.listener import Silence
from report_cli.execution.local import LocalExecutor
from report_cli.execution.plan import Name
from report_cli.execution.ray import MOST_BYTES, check_program, shipped_files
from report_cli.execution.runner import Runner
from report_cli.execution.worker_client import LocalWorker
from report_cli.project import Project, find
from tests.conftest import Command, Write
from tests.walking import WALK


@pytest.fixture(autouse=True)
def _walk(write: Write) -> None:
    write("experiments/walk.py", WALK.replace('figures=("path",),', "").replace("draw=draw,", ""))


def test_without_ray_the_error_names_the_extra(report: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ray isn't installed the command that installs it is told, and nothing is recorded as failed."""
    monkeypatch.setitem(sys.modules, "ray", None)
    done = report("run", "walk", "--executor", "ray")
    assert done.returncode == 2
    assert "pip install '.[ray]'" in done.stderr
    assert "not run" in report("status").stdout


def test_without_a_cluster_the_error_says_how_to_start_one(report: Command) -> None:
    """An address where nothing listens is an error within seconds."""
    pytest.importorskip("ray", reason="Ray is not installed")
    done = report("run", "walk", "--executor", "ray", RAY_ADDRESS="127.0.0.1:1")
    assert done.returncode == 2
    assert "RAY_ADDRESS=127.0.0.1:1" in done.stderr
    assert "ray start --head" in done.stderr


def test_an_unknown_executor_names_those_there_are(report: Command) -> None:
    """A mistyped executor is a usage error."""
    done = report("run", "walk", "--executor", "rai")
    assert done.returncode == 2
    assert "ray" in done.stderr


def test_what_a_run_may_read_is_shipped(project: Project, write: Write) -> None:
    """All of a project goes but output, kept results, real images, and what is hidden; too much of it is an error."""
    for name in (
        *("mylib/a.py", "data/numbers.csv", "images/a.png"),
        *(".env", ".git/config", "build/runs/x", "experiments/results/y", "experiments/__pycache__/z.pyc"),
    ):
        write(name, "x")
    names = ["pyproject.toml", "data/numbers.csv", "experiments/walk.py", "mylib/a.py"]
    assert shipped_files(project.root, str(project.root / "images")) == names
    with (project.root / "data" / "large.bin").open("wb") as file:
        file.truncate(MOST_BYTES)
    with pytest.raises(UsageError, match="200 MB"):
        shipped_files(project.root, None)


def test_an_archive_has_the_same_files(tmp_path: Path) -> None:
    """What was packed is unpacked, folders and empty files with it."""
    for name, content in {"a.txt": b"a", "b/c.bin": bytes(1000), "b/empty": b""}.items():
        files.write_bytes(tmp_path / "from" / name, content)
    files.unpack(files.packed(tmp_path / "from"), tmp_path / "to")
    assert {p.relative_to(tmp_path / "to").as_posix() for p in (tmp_path / "to").rglob("*") if p.is_file()} == {
        *("a.txt", "b/c.bin", "b/empty")
    }
    assert (tmp_path / "to" / "b" / "c.bin").read_bytes() == bytes(1000)


def test_another_version_of_the_program_is_refused(project: Project) -> None:
    """A node whose program has other modules than the one that planned says which; those of the project come along."""
    digests = {m.name: m.digest for m in api.open_workspace(project.root).snapshot.read()}
    check_program({**digests, "experiments.walk": "other"}, project.root)
    with pytest.raises(RunError, match=r"report_cli\.stats differs"):
        check_program({**digests, "report_cli.stats": "other"}, project.root)


class Elsewhere(LocalExecutor):
    """Measures here, and says it was on a machine of another kind."""

    def event(self, timeout_s: float | None) -> tuple[Name, Mapping[str, Any] | BaseException] | None:
        heard = super().event(timeout_s)
        if heard is not None and isinstance(heard[1], Mapping) and heard[1]["event"] == "done":
            return heard[0], {**heard[1], "environment": {"python": "3.11", "device": "gpu"}}
        return heard


@pytest.mark.parametrize("strict", [False, True])
def test_a_manifest_names_the_machine_that_measured(report: Command, project: Project, strict: bool) -> None:
    """The environment of a run is that of its node; with --strict-env one from a machine unlike this is refused."""
    workspace = api.open_workspace(project.root)
    worker = LocalWorker(project)
    with Runner(workspace, Silence(), worker, Elsewhere([worker])) as runner:
        request = api.request_of(workspace, strict_env=strict)
        made = api.plan(workspace, workspace.registry.select(["walk"]), request)
        if strict:
            with pytest.raises(RunError, match="computed elsewhere"):
                runner.execute(made)
            return
        (run,) = runner.execute(made).runs.values()
    assert run.manifest.environment["device"] == "gpu"
    assert "from another machine" in report("status").stdout


def test_another_recipe_is_refused(project: Project) -> None:
    """A worker makes the recipe itself, and measures nothing where it is another one than was planned."""
    workspace = api.open_workspace(project.root)
    worker = LocalWorker(project)

    class Other(LocalExecutor):
        def submit(self, name: Name, request: Mapping[str, Any], at_once: int) -> None:
            super().submit(name, {**request, "seed": 1}, at_once)

    with Runner(workspace, Silence(), worker, Other([worker])) as runner:
        made = api.plan(workspace, workspace.registry.select(["walk"]), api.request_of(workspace))
        with pytest.raises(RunError, match="another one than was planned"):
            runner.execute(made)


def test_settings_are_checked(project: Project) -> None:
    """[tool.report.ray] has what a run takes of a node, by Ray's names."""
    path = project.root / "pyproject.toml"
    text = path.read_text()
    path.write_text(text + "[tool.report.ray]\nnum_cpus = 4\nnum_gpus = 0.5\n")
    assert dict(find(project.root).settings.ray) == {"num_cpus": 4, "num_gpus": 0.5}
    for wrong in ("num_gpu = 1", "num_gpus = -1", "num_gpus = true"):
        path.write_text(text + f"[tool.report.ray]\n{wrong}\n")
        with pytest.raises(UsageError, match="num_gpu"):
            find(project.root)
