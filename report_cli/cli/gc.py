"""`report gc`: free what the store no longer needs."""

from typing import TYPE_CHECKING, Annotated

import typer

from report_cli.cli.console import emit, emit_json, say
from report_cli.cli.options import Json
from report_cli.cli.session import open_workspace

if TYPE_CHECKING:
    from report_cli.execution.workspace import Workspace
    from report_cli.store.gc import Waste


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be freed, and why.")] = False,
    json: Json = False,
) -> None:
    """Free what the store no longer needs.

    Results that any profile, --set or other images would use stay, and so do those in git; a stale one stays until
    its question is answered anew.
    """
    from report_cli.execution import space
    from report_cli.store import gc as garbage

    workspace = open_workspace()
    freed = []
    for waste in garbage.find(workspace):
        if not dry_run and not garbage.free(workspace, waste):
            say(f"left {_shown(workspace, waste)}: another process uses it")
            continue
        freed.append(waste)
        if not json:
            emit(f"{_shown(workspace, waste)}  {space.words(waste.size_bytes)}  {waste.reason}")
    if json:
        emit_json([{"path": _shown(workspace, w), "size_bytes": w.size_bytes, "reason": w.reason} for w in freed])
    elif freed:
        emit(f"{'would free' if dry_run else 'freed'} {space.words(sum(w.size_bytes for w in freed))}")
    else:
        say("nothing to free")


def _shown(workspace: "Workspace", waste: "Waste") -> str:
    root = workspace.project.root
    return str(waste.path.relative_to(root) if waste.path.is_relative_to(root) else waste.path)
