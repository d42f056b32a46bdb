"""Pango, the one library of the system that the PDF needs: whether it is here, and the command that installs it."""

import ctypes.util
import os
import shutil

# One line a package manager: (its program, what it is called with, the package that brings Pango).
MANAGERS = (
    ("apt-get", "apt-get install -y", "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"),
    ("dnf", "dnf install -y", "pango"),
    ("yum", "yum install -y", "pango"),
    ("zypper", "zypper --non-interactive install", "libpango-1_0-0"),
    ("pacman", "pacman -S --noconfirm", "pango"),
    ("apk", "apk add", "pango"),
    ("brew", "brew install", "pango"),
)
# What WeasyPrint opens; of the files tried below, the second has the name that macOS uses.
LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")


def absent() -> list[str]:
    """Return the libraries that can't be loaded."""
    return [name for name in LIBRARIES if not _loads(name)]


def command() -> str | None:
    """Return the command that installs Pango here, without sudo; None where no package manager is known."""
    calls = (f"{call} {packages}" for program, call, packages in MANAGERS if shutil.which(program))
    return next(calls, None)


def hint() -> str:
    """Return what to do where Pango is missing."""
    install = command()
    if install is None:
        return "install Pango with this system's package manager"
    as_root = install.startswith("brew") or os.geteuid() == 0
    return "install it with: " + (install if as_root else f"sudo {install}")


def _loads(name: str) -> bool:
    path = ctypes.util.find_library(name)
    for file in [path] if path else [f"lib{name}.so.0", f"lib{name}.0.dylib"]:
        try:
            ctypes.CDLL(file)
        except OSError:
            continue
        return True
    return False
