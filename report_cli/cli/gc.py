"""`report gc`: free what the store no longer needs."""

from report_cli.cli.console import emit, emit_json, say
from report_cli.cli.session import open_workspace
from report_cli.execution import space
from report_cli.execution.workspace import Workspace
from report_cli.store import gc as garbage
from report_cli.store.gc import Waste


def gc(*, dry_run: bool, json: bool) -> None:
    """Print what is freed, why, and how much that is; with `dry_run`, what would be."""
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


def _shown(workspace: Workspace, waste: Waste) -> str:
    root = workspace.project.root
    return str(waste.path.relative_to(root) if waste.path.is_relative_to(root) else waste.path)
