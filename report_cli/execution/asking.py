"""What every request to a worker carries, and how its answer, or its error, is heard."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report_cli.errors import RunError
from report_cli.execution.local import Event, Request, Worker
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment


def digests(workspace: Workspace) -> dict[str, str]:
    """Return the modules by name with the digests that a worker has to find them with."""
    return {module.name: module.digest for module in workspace.snapshot.read()}


def about(workspace: Workspace, experiment: Experiment) -> dict[str, Any]:
    """Return the part of a request that says which experiment it is about."""
    return {"experiment": experiment.name, "module": experiment.module, "sources": digests(workspace)}


def log_of(workspace: Workspace, experiment: str, name: str) -> Path:
    """Return where what is printed meanwhile goes."""
    return workspace.project.logs / f"{experiment}-{name}.log"


def ask(workspace: Workspace, worker: Worker, request: Request, label: str = "", log: Path | None = None) -> Event:
    """Return the last event of the answer."""
    with contextlib.closing(worker.ask(request)) as events, told(workspace, label, log):
        return list(events)[-1]


@contextlib.contextmanager
def told(workspace: Workspace, label: str, log: Path | None) -> Iterator[None]:
    """Say of an error within the block what failed, and where it was logged."""
    try:
        yield
    except RunError as error:
        message = f"{label}: {error.message}" if label else error.message
        root = workspace.project.root
        place = (log.relative_to(root) if log.is_relative_to(root) else log).as_posix() if log else ""
        logged = f"what it printed is in {place}" if place else ""
        raise RunError(message, error.hint or logged) from error
