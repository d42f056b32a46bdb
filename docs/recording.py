"""A recording of the terminal: commands run in a real one, drawn as lines that appear when they did."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, ROWS = 108, 60
# Longer pauses between lines are shortened to this, and a command is read before it is answered.
PAUSE_S, READING_S = 0.8, 0.8
# The colours that pyte names otherwise than rich.
BRIGHT = {f"bright{name}": f"bright_{name}" for name in ("black", "red", "green", "blue", "magenta", "cyan", "white")}
COLOURS = {
    **BRIGHT,
    "brown": "yellow",
    "brightbrown": "bright_yellow",
    "bfightmagenta": "bright_magenta",  # as pyte spells it
    "default": None,
}
# The lines of the drawing appear one after the other, and all at once for whoever wants nothing to move.
APPEARING = """@media (prefers-reduced-motion: no-preference) {{
@keyframes appear {{ from {{ opacity: 0 }} to {{ opacity: 1 }} }}
{rules}
}}
"""


def record(commands: Iterable[str], folder: Path) -> str:
    """Return an SVG of what a terminal shows of these commands, each run in `folder`."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    since: dict[int, tuple[str, float]] = {}
    now = 0.0
    for command in commands:
        for pause_s, chunk in [(READING_S, f"\x1b[1m$ {command}\x1b[0m\r\n".encode()), *_output(command, folder)]:
            now += pause_s
            stream.feed(chunk)
            for row, line in enumerate(screen.display):
                if line.strip() and since.get(row, ("",))[0] != line:
                    since[row] = (line, now)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    # A bar that went away leaves nothing.
    since = {row: since[row] for row, line in enumerate(screen.display) if line.strip()}
    for row in range(max(since) + 1):
        console.print(_line(screen, row), no_wrap=True, crop=True)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="report"), flags=re.DOTALL)
    rules, shown_at, before = [], 0.0, 0.0
    for row, (_, at) in sorted(since.items(), key=lambda line: line[1][1]):
        shown_at, before = shown_at + min(at - before, PAUSE_S), at
        # The drawing names its lines in the paths that clip them.
        rules.append(f'[clip-path$="-line-{row})"] {{ animation: appear .1s {shown_at:.1f}s both }}')
    return svg.replace("</style>", APPEARING.format(rules="\n".join(rules)) + "</style>", 1)


def _output(command: str, folder: Path) -> Iterator[tuple[float, bytes]]:
    """Yield what a command writes into a terminal, each piece with the seconds since the one before."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    variables = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=variables | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    before = time.monotonic()
    # On Linux the end of what is written there is an error of the system.
    with suppress(OSError):
        while chunk := os.read(ours, 65536):
            now = time.monotonic()
            yield now - before, chunk
            before = now
    os.close(ours)
    assert process.wait() == 0, f"{command} failed"


def _line(screen: pyte.Screen, row: int) -> Text:
    """Return a line of the screen with its colours."""
    text = Text()
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    for (colour, bold), alike in groupby(cells, lambda cell: (cell.fg, cell.bold)):
        colour = COLOURS.get(colour, f"#{colour}" if re.fullmatch("[0-9a-f]{6}", colour) else colour)
        text.append("".join(cell.data for cell in alike), Style(color=colour, bold=bold))
    text.rstrip()
    return text
