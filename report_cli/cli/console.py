"""What people read (messages on stderr) and what they get (results on stdout), in the width and colours of both."""

import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from report_cli import wording

# Of what `--json` prints: raised when a field goes or means something else, not when one is added.
JSON_VERSION = 1
# A last column that has less room than this goes to a line of its own, unless two lines of it are enough.
LEAST_WIDTH = 24
# Of a terminal that doesn't tell its own.
DEFAULT_WIDTH = 80
INDENT = "    "
# So many columns of two lines are left empty at most, as words end where they do.
RAGGED = 10
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


class Paint(NamedTuple):
    """Text in a style of `STYLES`, which may be a link: on a terminal alone, so pipes get the text."""

    text: str
    style: str = ""
    link: str = ""


Part = str | Paint


def say(*parts: Part) -> None:
    """Print a message for people to stderr."""
    _write(sys.stderr, _rendered(_wrapped(parts, columns_of(sys.stderr)), sys.stderr))


def warn(text: str) -> None:
    """Print to stderr what is odd, and hinders nothing."""
    say(Paint("warning:", "yellow"), f" {text}")


def say_error(lines: str) -> None:
    """Print to stderr what went wrong and what to do about it, as an error tells it in lines."""
    for line in lines.split("\n"):
        kind, colon, text = line.partition(":")
        style = {"error": "red", "internal error": "red", "warning": "yellow", "hint": "bold"}.get(kind, "")
        say(Paint(kind + colon, style), text) if style else say(line)


def emit(*parts: Part) -> None:
    """Print a result to stdout."""
    _write(sys.stdout, _rendered(_wrapped(parts, columns_of(sys.stdout)), sys.stdout))


def emit_paragraphs(text: str) -> None:
    """Print prose to stdout; on a terminal its lines end where that ends, but for lists and code."""
    width, paragraphs = columns_of(sys.stdout), text.split("\n\n")
    if width is not None:
        paragraphs = [p if re.search(r"^[ *-]", p, re.MULTILINE) else textwrap.fill(p, width) for p in paragraphs]
    emit("\n\n".join(paragraphs))


def emit_json(**content: Any) -> None:
    """Print a result for other programs to stdout: an object of these fields, and of the version of their form."""
    import json

    _write(sys.stdout, json.dumps({"version": JSON_VERSION, **content}, indent=2, ensure_ascii=False, default=str))


def emit_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Part]],
    right: Sequence[str] = (),
    *,
    show: Callable[..., None] = emit,
) -> None:
    """Print aligned columns to stdout, or with `show=say` to stderr, below their names where they have any.

    What is too wide for a terminal goes on in further lines, indented; no word is cut. Elsewhere a row is a line.
    """
    table = [[cell if isinstance(cell, Paint) else Paint(str(cell)) for cell in row] for row in rows]
    if any(columns):
        table.insert(0, [Paint(name, "dim") for name in columns])
    widths = [max((len(row[i].text) for row in table), default=0) for i in range(len(columns))]
    width = columns_of(sys.stderr if show is say else sys.stdout)
    for row in table:
        cells = [
            cell._replace(text=cell.text.rjust(width) if name in right else cell.text.ljust(width))
            for cell, width, name in zip(row, widths, columns, strict=True)
        ]
        for line in _lines(cells, row[-1], width):
            show(*line)


def place_of(path: Path) -> Paint:
    """Return where a file is, as seen from here; on a terminal a link that opens it."""
    here = Path.cwd()
    return Paint(str(path.relative_to(here) if path.is_relative_to(here) else path), link=path.resolve().as_uri())


def is_terminal(stream: TextIO) -> bool:
    """Whether a person sees what goes there."""
    return stream.isatty()


def columns_of(stream: TextIO) -> int | None:
    """Return how wide a terminal is, None for what is none: as COLUMNS says, else as the terminal of the stream."""
    if not is_terminal(stream):
        return None
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", "0"))) > 0:
            return columns
    with suppress(OSError, ValueError):
        # Not by shutil, which asks stdout whatever the stream is; a terminal that doesn't know says 0.
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    return DEFAULT_WIDTH


def mark(character: str, plain: str) -> str:
    """Return a character, or `plain` where the encoding of stdout hasn't got it."""
    try:
        character.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return plain
    return character


def _lines(cells: Sequence[Paint], last: Paint, width: int | None) -> list[list[Part]]:
    """Return the lines of a row whose `last` cell may be wrapped: cells go to the next line where there is no room."""
    lines: list[list[Part]] = [[]]
    used = 0
    for number, cell in enumerate(cells):
        gap = "  " if lines[-1] else ""
        is_last = number == len(cells) - 1
        room = None if width is None else width - used - len(gap)
        needed = len((last if is_last else cell).text.rstrip())
        fits = room is None or needed <= (2 * room - RAGGED if is_last else room)
        if lines[-1] and not fits and not (is_last and room is not None and room >= LEAST_WIDTH):
            gap, used = INDENT, 0
            lines.append([])
            room = (width or 0) - len(gap)
        margin = used + len(gap)
        if is_last and room is not None and needed > max(room, 0):
            first, *others = textwrap.wrap(last.text, max(room, 1), break_long_words=False, break_on_hyphens=False)
            lines[-1] += [gap, last._replace(text=first)]
            lines += [[" " * margin, last._replace(text=other)] for other in others]
        else:
            lines[-1] += [gap, cell]
            used = margin + len(cell.text)
    return [_stripped(line) for line in lines]


def _stripped(line: Sequence[Part]) -> list[Part]:
    """Return a line without the spaces at its end."""
    kept = list(line)
    while kept:
        end = kept.pop()
        text = end.text if isinstance(end, Paint) else end
        if text.rstrip():
            return [*kept, end._replace(text=text.rstrip()) if isinstance(end, Paint) else text.rstrip()]
    return kept


def _wrapped(parts: Sequence[Part], width: int | None) -> Sequence[Part]:
    """Return parts of text in which lines that a terminal would cut within a word end before it, the next indented."""
    if width is None:
        return parts
    text = "".join(part.text if isinstance(part, Paint) else part for part in parts)
    ends: dict[int, str] = {}
    start, column, gap, margin = 0, 0, None, ""
    for place, character in enumerate(text):
        column += 1
        if character == "\n":
            start, column, gap, margin = place + 1, 0, None, ""
        elif character == " " and text[start:place].strip():
            gap = place
        elif character == " ":
            margin += " "
        elif column > width and gap is not None:
            ends[gap] = f"\n{margin}  "
            column, gap = len(margin) + 2 + place - gap, None
    place, wrapped = 0, []
    for part in parts:
        shown = part.text if isinstance(part, Paint) else part
        there = "".join(ends.get(place + number, character) for number, character in enumerate(shown))
        place += len(shown)
        wrapped.append(part._replace(text=there) if isinstance(part, Paint) else there)
    return wrapped


def _write(stream: TextIO, text: str) -> None:
    # Not with typer, which goes round the stream that keeps what is written above the bars.
    stream.write(f"{text}\n")
    stream.flush()


def _rendered(parts: Iterable[Part], stream: TextIO) -> str:
    terminal = is_terminal(stream) and os.environ.get("TERM") != "dumb"
    colour = terminal and not os.environ.get("NO_COLOR")
    text = ""
    for part in parts:
        paint = part if isinstance(part, Paint) else Paint(part)
        shown = wording.printable(paint.text)
        if paint.style and colour and shown:
            shown = f"\x1b[{STYLES[paint.style]}m{shown}\x1b[0m"
        if paint.link and terminal:
            shown = f"\x1b]8;;{paint.link}\x1b\\{shown}\x1b]8;;\x1b\\"
        text += shown
    return text
