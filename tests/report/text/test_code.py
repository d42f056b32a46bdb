"""What is code in a template stays what was written, and what is not is still a template."""

import pytest

from report_cli.report.text.code import SHIELD, blocks, shield
from tests.report.conftest import Desk
from tests.report.text.test_manuscript import failure


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\n\n```\nb\n\n    c\n```\nd\n", ["```\nb\n\n    c\n```"]),
        ("a\n\n~~~~ {.python}\nb\n~~~\n~~~~\n", ["~~~~ {.python}\nb\n~~~\n~~~~"]),
        ("> ```\n> b\n> ```\n", ["> ```\n> b\n> ```"]),
        ("a\n\n    b\n    c\n\nd\n", ["    b", "    c"]),
        ("a\n    b\n", []),
        ("- a\n\n    b\n\n        c\n\nd\n\n    e\n", ["        c", "    e"]),
        ("[^a]: b\n\n    c\n", []),
        ("term\n\n:   a\n\n    b\n", []),
        ("1. a\n\n    b\n", []),
        ("a\n\n\tb\n", ["\tb"]),
        ("a\n\n    <% set x = 1 %>\n", []),
        ("a\n\n```\nb\n", ["```\nb\n"]),
        ("- a\n\n      b\n\nc\n", ["      b"]),
        ("- a\n\n  b\n\n- c\n  - d\n\n    e\n\n        f\n", ["        f"]),
        ("10. a\n\n    b\n\n        c\n", ["        c"]),
        ("-   a\n\n        b\n", ["        b"]),
        ("-   a\n\n      b\n", []),
        ("> a\n>\n>     b\n\nc\n", [">     b"]),
        ("- a\n\n  > b\n  >\n  >     c\n\n  d\n\n    e\n", ["  >     c"]),
        ("> - a\n>\n>   b\n>\n>       c\n", [">       c"]),
        ("- a\nlazy\n\n  b\n", []),
        ("```a``` b\n\n    c", ["    c"]),
    ],
)
def test_blocks_of_code(text: str, code: list[str]) -> None:
    """Fenced and indented blocks are code; what is indented within a list, a note or a definition is text."""
    assert [text[block.start : block.end] for block in blocks(text)] == code


@pytest.mark.parametrize(
    "code",
    [
        "```python\nx = 1 << 3 >> 1\n```",
        "```\ncat <<EOF\n<% if %>\n<# no remark #>\nEOF\n```",
        "    y = x << 2",
        "`1 << 3`",
        "``a `<< b``",
        "- a\n\n        x << 1",
    ],
)
def test_code_is_no_template(desk: Desk, code: str) -> None:
    """Code, fenced, indented or inline, is shown as it was written."""
    text = f"Text << 1 + 1 >>.\n\n{code}\n\nText << 1 + 2 >>."
    assert desk.markdown(text) == f"Text 2.\n\n{code}\n\nText 3."


def test_code_may_ask_to_be_a_template(desk: Desk) -> None:
    """Code of the class .jinja has its templates filled in, and the class is gone."""
    text = "```{.python .jinja}\nx = << 1 + 1 >>\n```\n\n`y = << 1 + 2 >>`{.jinja}"
    assert desk.markdown(text) == "```{.python}\nx = 2\n```\n\n`y = 3`{}"


def test_a_delimiter_can_be_shown(desk: Desk) -> None:
    """A backslash before a delimiter shows it; without one the error names the line and says so."""
    assert desk.markdown(r"1 \<< 3 and \<% and << 1 >>") == "1 << 3 and <% and 1"
    for text in ("1 << 3 and 4 >> 2", "x = 1 << 3", "<< 1 > 2 >>", "<< not 1 >>"):
        error = failure(desk, f"\n{text}\n")
        assert error.message.startswith("templates/documents/paper.md:5: "), error.message
        assert r"\<<" in error.hint


def test_notes_in_code_are_none(desk: Desk) -> None:
    """In an included part, notes get names of its own, and what looks like one in code keeps its."""
    desk.write(
        "A note.[^a] All but a: `[^a]`.\n\n    grep [^a]\n\n```\n[^a]\n```\n\n[^a]: The note.\n", "answers", "re"
    )
    shown = desk.markdown('<< answer("re") >>')
    assert shown == "A note.[^part1-a] All but a: `[^a]`.\n\n    grep [^a]\n\n```\n[^a]\n```\n\n[^part1-a]: The note."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (r"\begin{align} a &= b \end{align}", r"\begin{align} outside a formula"),
        (r"so \[y\] holds", r"\[y\] is no formula here"),
        (r"so \(y\) holds", r"\(y\) is no formula here"),
        ("a <b>bold</b> word", "<b> is HTML"),
        ("a<br/>b", "<br/> is HTML"),
        ('<img src="x.png" alt="x">', "is HTML"),
    ],
)
def test_other_markup_is_an_error(desk: Desk, text: str, told: str) -> None:
    """What would be shown as it is typed is an error that says what to write instead."""
    error = failure(desk, f"\n{text}\n")
    assert error.message.startswith(f"templates/documents/paper.md:5: {told}" if told[0] != "i" else "templates"), (
        error.message
    )
    assert told in error.message
    assert error.hint


@pytest.mark.parametrize(
    "text",
    [
        r"$$\begin{align} a &= b \end{align}$$",
        "`<b>` and `\\[y\\]`",
        r"\<b> and \[1] and \[a](b)",
        "if a <b and c> d",
        "<% set html = '<b>' %>x",
        "<https://example.org>",
        "    <b>",
    ],
)
def test_what_only_looks_like_it_is_left_alone(desk: Desk, text: str) -> None:
    """Code, formulas, templates, links and comparisons are no HTML."""
    desk.markdown(f"Text.\n\n{text}\n")


def test_what_is_said_of_code_is_no_code() -> None:
    """The caption on a fence is a template, the code below it is none."""
    text = '``` {.python caption="At << 1 + 1 >>."}\n<< 1 >>\n```\n'
    assert shield(text) == text.replace("<< 1 >>", f"<{SHIELD}< 1 >>")
