"""What this machine lacks for the program, and the exact command that installs it."""

import ctypes.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

# One line a package manager: (its program, what it is called with, the package that brings Pango).
PANGO = (
    ("apt-get", "apt-get install -y", "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"),
    ("dnf", "dnf install -y", "pango"),
    ("yum", "yum install -y", "pango"),
    ("zypper", "zypper --non-interactive install", "libpango-1_0-0"),
    ("pacman", "pacman -S --noconfirm", "pango"),
    ("apk", "apk add", "pango"),
    ("brew", "brew install", "pango"),
)
# What WeasyPrint opens; the second name is the one that macOS uses.
LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")


@dataclass(frozen=True)
class Finding:
    """One thing the program needs: whether it is here, and what to do if it isn't."""

    name: str
    present: bool
    detail: str
    remedy: str = ""


def pango() -> Finding:
    """Return whether the PDF step finds Pango."""
    absent = [name for name in LIBRARIES if not _loads(name)]
    if not absent:
        return Finding("Pango", True, "lays out the PDF")
    return Finding("Pango", False, f"the PDF needs it; not found: {', '.join(absent)}", pango_hint())


def pango_hint() -> str:
    """Return the command that installs Pango here."""
    command = _pango_command()
    if command is None:
        return "install Pango with this system's package manager"
    as_root = command.startswith("brew") or os.geteuid() == 0
    return "install it with: " + (command if as_root else f"sudo {command}")


def install_pango() -> bool:
    """Install Pango through the system's package manager and return whether it is there now; root only."""
    command = _pango_command()
    if command is None or os.geteuid() != 0:
        return False
    if command.startswith("apt-get"):
        # A bare machine has no package lists yet.
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=sys.stderr)
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command.split(), check=False, stdout=sys.stderr, env=variables)
    return pango().present


def _pango_command() -> str | None:
    for program, call, packages in PANGO:
        if shutil.which(program):
            return f"{call} {packages}"
    return None


def _loads(name: str) -> bool:
    found = ctypes.util.find_library(name)
    names = [found] if found else [f"lib{name}.so.0", f"lib{name}.0.dylib"]
    for candidate in names:
        try:
            ctypes.CDLL(candidate)
        except OSError:
            continue
        return True
    return False
