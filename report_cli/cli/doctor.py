"""`report doctor`: what is missing here, and the exact command that installs it."""

import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from report_cli.cli.console import emit, emit_json, say
from report_cli.cli.options import Json
from report_cli.errors import ReportError

PACKAGES = ("numpy", "scipy", "pillow", "matplotlib", "weasyprint", "pypandoc_binary", "typst", "pikepdf")
# The extra that brings each; an experiment that imports none of them needs none.
EXTRAS = {"keras": "keras", "tensorflow": "keras", "h5py": "keras"}


@dataclass(frozen=True)
class Finding:
    """One thing the program needs, or may use: whether it is here, and what to do if it isn't."""

    name: str
    present: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Install Pango where it is missing (root only).")] = False,
    json: Json = False,
) -> None:
    """Check what this machine lacks, and how to get it."""
    from report_cli.report.pdf import pango

    if fix and pango.absent():
        _install_pango()
    findings = [_python(), *map(_package, (*PACKAGES, *EXTRAS)), _pango(), _disk()]
    if json:
        emit_json(findings=[asdict(finding) for finding in findings])
    else:
        for finding in findings:
            state = "ok" if finding.present else "missing" if finding.needed else "absent"
            remedy = "" if finding.present or finding.needed else f"; for experiments that import it: {finding.remedy}"
            emit(f"{state:<9}{finding.name:<18}{finding.detail}{remedy}")
    missing = [finding for finding in findings if finding.needed and not finding.present]
    if missing and fix:
        # Whoever asked to mend it reads on: the HTML can be built without.
        for finding in missing:
            say(f"missing: {finding.name}; {finding.remedy}")
    elif missing:
        raise ReportError("missing: " + ", ".join(f.name for f in missing), missing[0].remedy)


def _install_pango() -> None:
    """Install Pango through the system's package manager, where the user is root and there is one."""
    import os
    import subprocess

    from report_cli.report.pdf import pango

    command = pango.command()
    if command is None or os.geteuid() != 0:
        return
    if command.startswith("apt-get"):
        # A bare machine has no package lists yet.
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=sys.stderr)
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command.split(), check=False, stdout=sys.stderr, env=variables)


def _python() -> Finding:
    right = (3, 11) <= sys.version_info[:2] <= (3, 13)
    detail = f"{platform.python_version()} (3.11 to 3.13 are supported)"
    return Finding("Python", right, detail, "install Python 3.11, 3.12 or 3.13 and make the environment anew")


def _package(name: str) -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    needed = name not in EXTRAS
    try:
        return Finding(name, True, version(name), needed=needed)
    except PackageNotFoundError:
        remedy = "pip install .  (or make report)" if needed else f"pip install '.[{EXTRAS[name]}]', in its folder"
        return Finding(name, False, "not installed", remedy, needed)


def _pango() -> Finding:
    from report_cli.report.pdf import pango

    if absent := pango.absent():
        return Finding("Pango", False, f"the PDF needs it; not found: {', '.join(absent)}", pango.hint())
    return Finding("Pango", True, "lays out the PDF")


def _disk() -> Finding:
    from report_cli import files

    free_gb = files.free_bytes(Path.cwd()) / 1e9
    return Finding("disk space", free_gb > 1, f"{free_gb:.0f} GB free", "free some space: report needs about 1 GB")
