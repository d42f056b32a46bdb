"""`report gc`: free what the store no longer needs."""

from typing import Annotated

import typer

from report_cli import wording
from report_cli.cli.console import emit, emit_json, say
from report_cli.cli.options import Json
from report_cli.cli.session import open_workspace


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be freed, and why.")] = False,
    json: Json = False,
) -> None:
    """Free what the store no longer needs.

    Results that any profile, --set or other data would use stay, and so do those in git; a stale one stays until
    its question is answered anew.
    """
    from report_cli import api
    from report_cli.store import gc as store

    workspace = open_workspace()
    root, total = workspace.project.root, 0
    freed: list[dict[str, object]] = []
    for waste in api.waste(workspace):
        place = str(waste.path.relative_to(root) if waste.path.is_relative_to(root) else waste.path)
        if not dry_run and not store.free(workspace.store, waste):
            say(f"left {place}: another process uses it")
            continue
        total += waste.size_bytes
        freed.append({"path": place, "size_bytes": waste.size_bytes, "reason": waste.reason})
        if not json:
            emit(f"{place}  {wording.size(waste.size_bytes)}  {waste.reason}")
    if json:
        emit_json(freed=not dry_run, waste=freed)
    elif freed:
        emit(f"{'would free' if dry_run else 'freed'} {wording.size(total)}")
    else:
        say("nothing to free")
