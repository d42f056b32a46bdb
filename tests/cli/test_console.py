"""What people read in a terminal, and programs in a pipe."""

import fcntl
import os
import struct
import termios
from pathlib import Path

import pytest

from report_cli.cli import console
from report_cli.cli.console import Paint, emit, emit_table, place_of, say

COLUMNS = ("run", "state", "reason")
ROWS = [
    ("cifar-inception", Paint("out of date", "yellow"), "inception() in experiments/models/inception.py changed"),
    ("cifar-comparison", Paint("up to date", "green"), ""),
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let both streams be a terminal of 80 columns."""
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return monkeypatch


def test_no_text_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What comes from an exception or a file is shown with its control characters spelled out, on both streams."""
    emit("a\x1b[2J")
    say("b\x07", Paint("c\x1b[31m", "red"))
    assert capsys.readouterr() == ("a\\x1b[2J\n", "b\\x07c\\x1b[31m\n")


def test_prose_ends_its_lines_where_the_terminal_ends(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own lines are joined first; those of a list, and of what is piped, stay."""
    prose, lines = "word" + " word" * 19 + "\nword" + " word" * 4, "- one\n- two"
    console.emit_paragraphs(f"{prose}\n\n{lines}")
    first, second, *others = capsys.readouterr().out.splitlines()
    assert (len(first), len(second)) == (79, 44)
    assert others == ["", "- one", "- two"]


def test_a_table_wraps_at_words(terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In 80 columns no word is cut, and columns stay below each other; in 40 what has no room is on lines below."""
    terminal.setenv("NO_COLOR", "1")
    emit_table(COLUMNS, ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    start = lines[0].index("reason")
    assert [line[start:] for line in lines[1:3]] == ["inception() in experiments/models/inception.py", "changed"]
    assert lines[3].split("  ")[0] == "cifar-comparison"
    terminal.setenv("COLUMNS", "40")
    emit_table(COLUMNS, ROWS)
    assert capsys.readouterr().out.split() == [
        w for row in (COLUMNS, *ROWS) for cell in row for w in _text(cell).split()
    ]


def test_a_table_has_no_least_terminal(terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a column or two all words are still there, below each other, also of rows whose last cell is empty."""
    terminal.setenv("NO_COLOR", "1")
    words = [word for row in (COLUMNS, *ROWS) for cell in row for word in _text(cell).split()]
    for columns in range(1, 6):
        terminal.setenv("COLUMNS", str(columns))
        emit_table(COLUMNS, ROWS)
        assert capsys.readouterr().out.split() == words


def test_the_width_is_that_of_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are as wide as the terminal of stderr, also where results go to a file or to another terminal."""
    monkeypatch.delenv("COLUMNS", raising=False)
    for columns in (37, 91):
        leader, follower = os.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(leader), os.fdopen(follower, "w") as stream:
            assert console.columns_of(stream) == columns
            monkeypatch.setenv("COLUMNS", "50")
            assert console.columns_of(stream) == 50
            monkeypatch.delenv("COLUMNS")
    with Path(os.devnull).open("w") as nothing:
        assert console.columns_of(nothing) is None


def _text(cell: object) -> str:
    return cell.text if isinstance(cell, Paint) else str(cell)


def test_a_long_line_ends_between_words(terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal cuts no word of it, and what follows is indented; a word without end stays whole."""
    terminal.setenv("NO_COLOR", "1")
    words = "  made of " + " ".join(["experiments/models/inception.py"] * 5)
    emit("  ", Paint("made of", "bold"), words.removeprefix("  made of"), "\nnext " + "x" * 100)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert [line[: len(line) - len(line.lstrip())] for line in lines] == ["  ", "    ", "    ", "", "  "]
    assert " ".join(" ".join(lines).split()) == " ".join(words.split()) + " next " + "x" * 100


def test_a_pipe_gets_a_row_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal nothing is wrapped, coloured or linked, so that other programs can read it."""
    emit_table(COLUMNS, ROWS)
    emit(place_of(Path.cwd() / "paper.pdf"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "cifar-inception   out of date  inception() in experiments/models/inception.py changed"
    assert lines[2:] == ["cifar-comparison  up to date", "paper.pdf"]


def test_colours_are_for_terminals_that_want_them(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal gets colours, unless NO_COLOR says no; a link is none. A dumb one gets text alone."""
    emit(Paint("done", "green"))
    terminal.setenv("NO_COLOR", "1")
    emit(Paint("done", "green"), " ", Paint("a.pdf", link="file:///a.pdf"))
    terminal.setenv("TERM", "dumb")
    emit(Paint("done", "green"), " ", Paint("a.pdf", link="file:///a.pdf"))
    assert capsys.readouterr().out.splitlines() == [
        "\x1b[32mdone\x1b[0m",
        "done \x1b]8;;file:///a.pdf\x1b\\a.pdf\x1b]8;;\x1b\\",
        "done a.pdf",
    ]
