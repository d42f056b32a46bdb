"""`report build --section`: one section of a document alone, as it is in the whole."""

import re

import pytest

from report_cli.errors import ReportError, UsageError
from report_cli.report.build import survey
from report_cli.report.pdf import content
from tests.report.conftest import Desk

PAPER = """
The introduction.

# Networks {#sec-networks}

<< section("networks") >>

# Sums at << value("net.accuracy")|percent >> {#sec-sums}

<< section("sums") >>

# Outlook

The outlook.
"""
NETWORKS = """
## The idle one {#sec-idle}

It reaches << value("idle.accuracy")|percent >>. See [](#sec-grid).

<< figure("idle.curves", caption="The idle one.") >>

<% claim "idle-is-good", value("idle.accuracy") > 0.5 %>The idle one is good.<% endclaim %>

A list right below text:
- it is no list.
"""
SUMS = """
Unlike [](#fig-idle-curves) and [the idle one](#sec-idle), the sum is << value("facts.sum") >> [@knuth1984].

::: {.question points=2}
What is the sum?
:::

It is that of all elements.

## The grid {#sec-grid}

It has $<< matrix("facts.grid") >>$. The answer has 7 digits.

<% claim "sum-is-large", value("facts.sum") > 40 %>The sum is large.<% endclaim %>
"""


@pytest.fixture
def paper(desk: Desk) -> Desk:
    """Return a project whose document has two sections, of which one can't be written yet."""
    desk.write(PAPER, front="+++\ntitle = 'On << value(\"net.weights\") >>'\nabstract = 'The abstract.'\n+++\n")
    desk.write(NETWORKS, "sections", "networks")
    desk.write(SUMS, "sections", "sums")
    return desk


def test_a_section_alone_is_as_in_the_whole(paper: Desk) -> None:
    """It has its numbers, and references to other sections read as they will; nothing else of the document is there."""
    built = paper.build(section="sums")
    assert [path.name for path in built.paths] == ["paper.section-sums.html", "paper.section-sums.pdf"]
    page = built.paths[0].read_text()
    prose = " ".join(re.sub(r"<[^>]*>", "", page[page.index("<main") :]).split())
    assert "Unlike Figure 1 and the idle one, the sum is 45 (Knuth 1984)" in prose
    assert re.findall(r'<h[23][^>]*><span class="no">([\w.]+)</span>', page) == ["2", "2.1", "A"]
    assert "The sum is large." in prose
    for absent in ("introduction", "idle-is-good", "Outlook", "The abstract", "1,791,786", "73.8", "built-alone"):
        assert absent not in page
    shown = content.read(built.paths[1].read_bytes(), "paper").text
    assert "UnlikeFigure1andtheidleone" in "".join(piece.text for piece in shown)


def test_a_section_alone_needs_its_own_results_alone(paper: Desk) -> None:
    """What other sections take need not be there, nor is it asked for; of what it takes itself it does."""
    assert survey(paper.project, "paper", paper.experiments, "code").experiments == ("net", "idle", "facts")
    assert survey(paper.project, "paper", paper.experiments, "code", "sums").experiments == ("facts",)
    assert survey(paper.project, "paper", paper.experiments, "code", "networks").experiments == ("idle",)
    with pytest.raises(ReportError, match=r"templates/sections/networks.md:4.*: no result of idle"):
        paper.build(formats=("html",), section="networks")


def test_what_is_told_of_a_section_is_told_of_it_alone(paper: Desk) -> None:
    """Warnings and counts of numbers are those of the section."""
    told: list[str] = []
    built = paper.build(formats=("html",), section="sums", tell=told.append)
    assert built.warnings == ("templates/sections/sums.md: typed numbers that no result gives: 7 (line 12)",)
    assert told[-1] == "paper, numbers: 1 from results, 0 given, 1 typed"


def test_the_whole_stays_beside_a_section(paper: Desk) -> None:
    """Neither writes over the other, and each is up to date for itself; views of a section have files of their own."""
    paper.store("idle", {"accuracy": (0.6, "fraction")})
    paper.draw("idle", "curves")
    whole, alone = (paper.build(formats=("html",), section=name) for name in ("", "sums"))
    assert "The outlook." in whole.paths[0].read_text()
    assert not paper.build(formats=("html",)).written
    assert not paper.build(formats=("html",), section="sums").written
    asked = paper.build(formats=("html",), section="sums", view="student").paths[0]
    assert asked.name == "paper.section-sums.student.html"
    assert "What is the sum?" in asked.read_text()
    assert "The sum is large" not in asked.read_text()
    assert "The sum is large" in alone.paths[0].read_text()


def test_headings_that_lead_elsewhere_are_left_out(desk: Desk) -> None:
    """Of several answers below one heading, one alone has its own heading and that above, none of those before it."""
    desk.write("# Theory\n\n## Aims\n\n<% for name in 'ab' %><< answer(name) >><% endfor %>")
    for name in "ab":
        desk.write(f"## Question {name}\n\nIt is {name}.", "answers", name)
    page = desk.build(formats=("html",), section="b").paths[0].read_text()
    headings = re.findall(r'<h[23][^>]*><span class="no">([\w.]+)</span> (.*?)</h', page)
    assert headings == [("1", "Theory"), ("1.3", "Question b")]


def test_a_table_of_it_that_is_too_wide_is_told_with_its_own_line(desk: Desk) -> None:
    """The tables before it, which it leaves out, don't shift the lines."""
    desk.write("# A\n\n|a|\n|---|\n|1|\n\n: Small. {#tbl-small}\n\n<< section('wide') >>")
    head = "|".join(f" Aratherlongcolumnname{n} " for n in range(9))
    desk.write(f"## Wide\n\n|{head}|\n|{'---|' * 9}\n|{head}|\n\n: Wide. {{#tbl-w}}", "sections", "wide")
    with pytest.raises(ReportError, match=r"sections/wide.md:3: on page 1 of the PDF a table is wider than the page"):
        desk.build(formats=("pdf",), section="wide")


def test_a_section_that_is_not_there_is_an_error(paper: Desk) -> None:
    """Before anything is run, what can be named is told, near misses first, and what the document doesn't include."""
    paper.write("Text.", "answers", "spare")
    for name, message, hint in (
        ("sum", "unknown section or answer of paper 'sum'", "did you mean sums? paper includes networks and sums; "),
        ("spare", "paper doesn't include 'spare'", "paper includes networks and sums; "),
        ("sec-grid", "unknown section or answer of paper 'sec-grid'", "paper includes networks and sums; "),
    ):
        with pytest.raises(UsageError, match=message) as caught:
            survey(paper.project, "paper", paper.experiments, "code", name)
        assert caught.value.hint == f"{hint}not included: spare"
    paper.write("Text.")
    with pytest.raises(UsageError) as caught:
        survey(paper.project, "paper", paper.experiments, "code", "sums")
    assert caught.value.hint == "paper includes none; not included: networks, sums, spare"


def test_a_section_that_can_not_be_read_is_included(paper: Desk) -> None:
    """A fault of the section itself is told alone."""
    paper.write("<% if %>", "sections", "sums")
    with pytest.raises(UsageError, match=r"templates/sections/sums.md:1: ") as caught:
        survey(paper.project, "paper", paper.experiments, "code", "sums")
    assert "include" not in caught.value.message
