"""The results that are in git answer what is asked today: nobody's edit may make one of them stale unseen."""

from pathlib import Path

import pytest

from report_cli import api, files
from report_cli.execution.workspace import Workspace
from report_cli.store.run import Run
from report_cli.store.store import KEPT_BYTES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return api.open_workspace(ROOT, pytest.fail)


@pytest.fixture(scope="module")
def kept(workspace: Workspace) -> list[Run]:
    store = workspace.store
    runs = [run for name in store.experiments() for run in store.runs(name) if store.is_kept(run)]
    assert runs
    return runs


def test_kept_results_are_up_to_date(workspace: Workspace, kept: list[Run]) -> None:
    """Recipe and inputs of each are those of the code as it is: an edit that makes one stale needs new results."""
    stale = {f"{run.experiment}/{run.key}": reasons for run in kept if any(reasons := workspace.judge.outdated(run))}
    assert not stale


def test_kept_results_are_whole_and_small(workspace: Workspace, kept: list[Run]) -> None:
    """Every file is what was written, and all of them leave a clone small."""
    assert not {run.key: reason for run in kept if (reason := workspace.store.verify(run))}
    assert files.size_bytes(workspace.project.kept) <= KEPT_BYTES


def test_no_kept_result_depends_on_whole_modules(kept: list[Run]) -> None:
    """What they compute is followed definition by definition: an edit beside it makes none of them stale."""
    modules = {run.key: [n for n in run.manifest.inputs["files"] if n.endswith(".py")] for run in kept}
    assert not {key: names for key, names in modules.items() if names}
