"""What every command that plans does first: open the project, settle profile and images, and say which."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report_cli.cli.console import say
from report_cli.errors import unknown

if TYPE_CHECKING:
    from report_cli.execution.plan import Wish
    from report_cli.execution.workspace import Workspace


def open_workspace() -> "Workspace":
    """Return the workspace of the project in the working directory."""
    from report_cli import project
    from report_cli.execution.workspace import Workspace

    return Workspace.open(project.find(Path.cwd()), lambda text: say(f"warning: {text}"))


def wish(
    workspace_: "Workspace",
    profile: str,
    data: Path | None,
    *,
    settings: Sequence[str] | None = None,
    seeds: int | None = None,
    force: bool = False,
    strict_env: bool = False,
) -> "Wish":
    """Return what was asked for, defaults filled in, and say it in one line on stderr."""
    from report_cli.execution import workspace
    from report_cli.execution.plan import Wish
    from report_cli.experiment import PROFILES

    choice = workspace.choose_images(workspace_, data)
    chosen = profile or workspace_.project.settings.profile
    if chosen not in PROFILES:
        raise unknown("profile", chosen, PROFILES)
    # The full profile never takes drawn images: without real ones it works from kept results, or not at all.
    drawn = "none named" if chosen == "full" else "embedded, drawn by the program"
    where = drawn if choice.folder is None else f"from {choice.folder} ({choice.origin})"
    say(f"profile: {chosen}; images: {where}")
    return Wish(chosen, choice, tuple(settings or ()), seeds, force, strict_env)
