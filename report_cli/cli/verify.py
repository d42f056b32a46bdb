"""`report verify`: whether what is stored is what was written."""

from typing import Annotated

import typer

from report_cli.cli.console import emit, emit_json
from report_cli.cli.options import Json
from report_cli.cli.session import open_workspace
from report_cli.errors import ReportError


def verify(
    store: Annotated[bool, typer.Option("--store", help="Read every file of every stored run.")] = False,
    json: Json = False,
) -> None:
    """Check stored runs against their manifests, byte by byte.

    What a command uses is checked when it is read; this checks all the rest as well.
    """
    from report_cli import api
    from report_cli.errors import UsageError

    if not store:
        raise UsageError("nothing to verify is named", "report verify --store")
    checked = api.verify_store(open_workspace())
    damaged = [(name, key, fault) for name, key, fault in checked if fault]
    if json:
        emit_json([{"experiment": name, "key": key, "fault": fault or None} for name, key, fault in checked])
    else:
        emit(f"{len(checked)} runs, {len(damaged)} damaged")
    if damaged:
        faults = "; ".join(f"{name}/{key}: {fault}" for name, key, fault in damaged)
        raise ReportError(faults, f"report run {' '.join(dict.fromkeys(name for name, *_ in damaged))} --force")
