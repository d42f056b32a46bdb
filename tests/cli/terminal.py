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

# Links, other commands to the terminal, and text.
TOKEN = re.compile(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[?\d;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+")


def on_terminal(folder: Path, *arguments: str, columns: int = 80, **variables: str) -> tuple[int, str]:
    """Run the program in `folder`; return its exit code and all that it wrote, commands to the terminal among it."""
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
            break
        if not some:
            break
        written += some
    os.close(ours)
    return process.wait(), written.decode().replace("\r\n", "\n")


def screen(written: str) -> str:
    """Return what stands on the terminal in the end: text that was drawn over or erased is gone."""
    lines, row, column = [""], 0, 0
    for token in TOKEN.findall(written):
        if token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token.startswith("\x1b["):
            if token.endswith("A"):
                row -= int(token[2:-1] or 1)
            elif token == "\x1b[2K":
                lines[row] = ""
        elif not token.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + len(token) :]
            column += len(token)
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
