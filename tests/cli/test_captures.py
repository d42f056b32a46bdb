"""The captures of the guide are what people see."""

from pathlib import Path

from tests.cli import captures
from tests.cli.terminal import on_terminal, screen


def test_the_captures_are_those_of_today(tmp_path: Path) -> None:
    """`docs/terminal.md` shows what the commands print, but for times; python -m tests.cli.captures makes it anew."""
    assert captures.same(captures.PAGE.read_text(encoding="utf-8")) == captures.same(captures.page(tmp_path))


def test_no_line_of_them_is_wider_than_a_terminal() -> None:
    """In 80 columns everything has room."""
    shown = captures.PAGE.read_text(encoding="utf-8").split("```")[1::2]
    assert max(len(line) for block in shown for line in block.splitlines()) <= 80


def test_a_terminal_gets_links_and_colours(tmp_path: Path) -> None:
    """A failed and a good end are coloured there, NO_COLOR leaves that out, and the text is the same."""
    with_colour = on_terminal(tmp_path, "status")
    without = on_terminal(tmp_path, "status", NO_COLOR="1")
    assert with_colour[0] == without[0] == 2
    assert "\x1b[31merror:\x1b[0m" in with_colour[1]
    assert "\x1b[" not in without[1]
    assert screen(with_colour[1]) == screen(without[1])
