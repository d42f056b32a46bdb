"""`report doctor`: what is missing here, and the exact command that installs it."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from report_cli.cli import system
from report_cli.cli.console import emit, emit_json, say
from report_cli.cli.options import Json
from report_cli.cli.system import Finding
from report_cli.errors import ReportError

PACKAGES = ("keras", "tensorflow", "numpy", "pillow", "matplotlib", "weasyprint", "pypandoc_binary", "typst", "pikepdf")


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Install Pango where it is missing (root only).")] = False,
    json: Json = False,
) -> None:
    """Check what this machine lacks, and how to get it."""
    findings = [_python(), *map(_package, PACKAGES), system.pango(), _disk()]
    absent = next((f for f in findings if f.name == "Pango" and not f.present), None)
    if fix and absent is not None and system.install_pango():
        findings[findings.index(absent)] = system.pango()
    if json:
        emit_json([vars(f) for f in findings])
    else:
        for finding in findings:
            emit(f"{'ok     ' if finding.present else 'missing'}  {finding.name:<18}{finding.detail}")
    missing = [f for f in findings if not f.present]
    if missing and fix:
        # Whoever asked to mend it reads on: the HTML can be built without.
        for finding in missing:
            say(f"missing: {finding.name}; {finding.remedy}")
    elif missing:
        raise ReportError("missing: " + ", ".join(f.name for f in missing), missing[0].remedy)


def _python() -> Finding:
    right = (3, 11) <= sys.version_info[:2] <= (3, 13)
    detail = f"{platform.python_version()} (3.11 to 3.13 are supported)"
    return Finding("Python", right, detail, "install Python 3.11, 3.12 or 3.13 and make the environment anew")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "pip install .  (or make report)")


def _disk() -> Finding:
    from report_cli import files

    free_gb = files.free_bytes(Path.cwd()) / 1e9
    return Finding("disk space", free_gb > 1, f"{free_gb:.0f} GB free", "free some space: report needs about 1 GB")
