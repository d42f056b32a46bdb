from contextlib import suppress

import pytest

from report_cli.errors import Faults, UsageError
from report_cli.report.html import pandoc
from report_cli.report.text.lines import Places, read

MARKED = "one\ue002a.md:1\ue003\n\n![c](fig)\ue002a.md:4\ue003\n\ninner\ue002b.md:1\ue003\nlast\ue002a.md:5\ue003"


def test_lines_without_a_mark_belong_to_the_call_that_made_them() -> None:
    """The marks are gone from the text, and each line is that of the next mark: the end of what made it."""
    places = read(MARKED)
    assert places.markdown == "one\n\n![c](fig)\n\ninner\nlast"
    assert [places.of_line(n) for n in range(1, 7)] == ["a.md:1", "a.md:4", "a.md:4", "b.md:1", "b.md:1", "a.md:5"]
    assert places.of_text("inner") == "b.md:1"
    assert places.of_text("nowhere") == "a.md"


def test_code_and_formulas_are_no_prose() -> None:
    """What stands in code or in a formula is no table, heading or reference, and everything keeps its place."""
    text = "a `@fig-x` $x|y$ b\n\n~~~\n# no\n|---|---|\n~~~\n\n# yes\n\n$$ \\#\n| a $$\n\ncosts $5 and $6\n"
    prose = Places(text).prose
    assert len(prose) == len(text)
    assert " ".join(prose.split()) == "a b # yes costs $5 and $6"


@pytest.mark.parametrize(
    "text",
    [
        "---|---" + " " * 200_000 + "x",
        "-|" * 200_000 + "x",
        "".join("`" * n + "a" for n in range(1, 600)),
        "$a\\$" * 100_000,
        "[^" * 100_000,
        "> " * 200_000,
        "|a|b|\n|-|-|\n|1|2|\n\n" * 5_000,
    ],
    ids=["spaces", "rules", "ticks", "dollars", "notes", "quotes", "tables"],
)
def test_text_that_is_built_to_be_hard_is_looked_through(text: str) -> None:
    """Looking comes to an end: with a time that grows as the square of the length each of these would take hours."""
    places = Places(text, ("a.md:1",) * (text.count("\n") + 1))
    with suppress(UsageError):
        pandoc.check(places, Faults())
    assert places.of_table(0) in ("a.md", "a.md:1")
