"""What every command does first: open the project, settle profile and data, and say which."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report_cli.cli.console import say, say_error, warn

if TYPE_CHECKING:
    from report_cli.execution.plan import Request
    from report_cli.execution.workspace import Workspace


def open_workspace() -> "Workspace":
    """Return the project of the working directory; a file of experiments that can't be imported is told."""
    # Not through `api`, which is slower to load: listing needs no plan.
    from report_cli import project
    from report_cli.execution.workspace import Workspace

    workspace = Workspace.open(project.find(Path.cwd()), tell=warn)
    for error in workspace.registry.broken.values():
        say_error(error.lines("warning", workspace.project.root))
        error.is_told = True
    return workspace


def open_request(
    profile: str,
    data: Path | None,
    *,
    settings: Sequence[str] | None = None,
    seeds: int | None = None,
    force: bool = False,
    strict_env: bool = False,
) -> "tuple[Workspace, Request]":
    """Return the project and what is asked of it, defaults filled in; say profile and data in a line on stderr."""
    from report_cli import api

    workspace = open_workspace()
    request = api.request_of(
        workspace, profile=profile, data=data, settings=settings, seeds=seeds, force=force, strict_env=strict_env
    )
    line = f"profile: {request.profile}"
    # A table lies in the project, and is no choice.
    if any(hasattr(experiment.data, "layouts") for experiment in workspace.experiments.values()):
        choice = request.choice
        # The full profile never takes drawn images: without real ones it works from kept results, or not at all.
        drawn = "none named" if request.profile == "full" else "drawn by the program"
        line += f"; images: {drawn if choice.folder is None else f'from {choice.folder} ({choice.origin})'}"
    say(line)
    return workspace, request
