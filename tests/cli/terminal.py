"""The program on a terminal of so many columns, as a person sees it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

# Colours, links, and what bars are drawn and taken away with.
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LINK = re.compile(r"\x1b\]8;;.*?\x1b\\")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(folder: Path, *arguments: str, columns: int = 80, **variables: str) -> tuple[int, str]:
    """Run the program in `folder`; return its exit code and all that it wrote, with colours, links and bars."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    surroundings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "report_cli", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**surroundings, "TERM": "xterm-256color", **variables},
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            some = os.read(ours, 4096)
        except OSError:  # so Linux says that the other end is closed
            some = b""
        if not some:
            break
        written += some
    os.close(ours)
    return process.wait(), written.decode().replace("\r\n", "\n")


def text_of(written: str) -> str:
    """Return what stays on a terminal without bars: the text alone."""
    return CONTROL.sub("", LINK.sub("", COLOUR.sub("", written)))
