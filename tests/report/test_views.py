"""`report build --view`: questions alone for students, points and the way to check for graders."""

import re
from pathlib import Path

import pikepdf
import pytest

from report_cli import files
from report_cli.errors import UsageError
from report_cli.report.pdf import content
from tests.report.conftest import BOOK, SVG, Desk

# Whatever stands in an answer holds one of these.
SOLUTION = "zwxqvkjzx"
FRONT = f"""+++
title = 'Homework << value("net.accuracy")|percent >>'
abstract = 'The {SOLUTION}abstract: << value("net.loss") >>.'
+++
"""
PAPER = rf"""
The {SOLUTION}introduction.

# Theory {{#sec-theory}}

::: {{.given}}
A network has << value("net.weights")|integer >> weights, see [](#fig-net-curves) and [@knuth1984].
:::

## Question 1 {{#sec-one}}

::: {{.question points=4 space=3cm}}
What is the output of $f(x) = x^2$ at << value("facts.sum") >>?[^q]
:::

[^q]: A note to the question.

The {SOLUTION}answer is $\text{{{SOLUTION}formula}} = << value("net.accuracy")|decimals(4) >>$.[^a]
Others say so [@{SOLUTION}2001]: [there](https://example.org/{SOLUTION}).

[^a]: A {SOLUTION}note.

### The {SOLUTION}derivation

```python
{SOLUTION}code = 1
```

<< figure("net.curves", caption="The {SOLUTION}caption, " ~ value("net.accuracy")|percent) >>

| {SOLUTION}head | b |
|:---|---:|
| {SOLUTION}cell | << value("net.time") >> |

: A {SOLUTION}table. {{#tbl-x}}

## Question 2 at << value("net.accuracy")|percent >>

::: {{.question points=1.5}}
Why?
:::

![A {SOLUTION}photograph.](images/{SOLUTION}.svg){{alt="{SOLUTION}alt"}}

# The {SOLUTION}outlook

More {SOLUTION}words.
"""
NUMBERS = ("73.8", "0.7383", "0.638", "200.4", "3 min")


@pytest.fixture
def homework(desk: Desk) -> Desk:
    """Return a project whose document has questions, answers to them, and a word of the solution everywhere."""
    desk.draw("net", "curves", alt=f"The {SOLUTION}alternative.")
    files.write_text(
        desk.project.root / "images" / f"{SOLUTION}.svg", SVG.replace("style=\"font: 9px 'Source Sans 3'\"", "")
    )
    book = BOOK.replace("knuth1984", f"{SOLUTION}2001").replace("Knuth", f"{SOLUTION}author")
    files.write_text(desk.project.templates / "references.bib", f"{BOOK}\n{book}\n")
    desk.write(PAPER, front=FRONT)
    return desk


def everything(path: Path) -> str:
    """Return all text of a file: of a PDF what is drawn, and every stream and string of it."""
    if path.suffix == ".html":
        return path.read_text()
    shown = content.read(path.read_bytes(), path.name)
    texts = [piece.text for part in (shown.text, shown.floats, shown.notes, shown.apart) for piece in part] + list(
        shown.outside
    )
    with pikepdf.open(path) as pdf:
        for each in pdf.objects:
            if isinstance(each, pikepdf.Stream):
                texts.append(each.read_bytes().decode("latin-1"))
            texts += [str(string) for string in strings(each)]
    return "\n".join(texts)


def strings(each: object, depth: int = 0) -> list[object]:
    """Return the strings directly in an object."""
    if isinstance(each, pikepdf.String):
        return [each]
    if depth > 3 or not isinstance(each, pikepdf.Dictionary | pikepdf.Array):
        return []
    inner = list(each) if isinstance(each, pikepdf.Array) else [each[key] for key in each.keys()]  # noqa: SIM118
    return [found for one in inner for found in strings(one, depth + 1)]


def test_a_student_gets_nothing_of_the_solution(homework: Desk) -> None:
    """No word and no number of an answer is in the PDF, its attachment or the HTML; all that is asked and given is."""
    whole = homework.build()
    assert all(SOLUTION in everything(path) for path in whole.paths), "what is looked for can be found"
    built = homework.build(view="student")
    assert [path.name for path in built.paths] == ["paper.student.html", "paper.student.pdf"]
    for path in built.paths:
        text = everything(path)
        assert SOLUTION not in text.lower()
        bare = re.sub(r"(?s)<style>.*?</style>|data:[^\"')]*", "", text)
        # Whole: a place on the page may be 273.82.
        assert not [number for number in NUMBERS if re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", bare)]
        for words in ("1,791,786", "45", "Question", "note"):
            assert words in text
    assert (homework.project.reports / "paper.pdf").is_file(), "the solution stays"


def test_a_student_gets_room_for_each_answer(homework: Desk) -> None:
    """Each question says what it is worth, and has the space that it asks for below it; headings keep their numbers."""
    page = homework.build(formats=("html",), view="student").paths[0].read_text()
    assert re.findall(r'class="space" style="height:(\w+)"', page) == ["3cm", "5cm"]
    assert re.findall(r'class="worth">([^<]*)', page) == ["Points: 4", "Points: 1.5"]
    assert "Knuth" in page
    assert re.findall(r'<h[23][^>]*><span class="no">([\d.]+)</span>', page) == ["1", "1.1", "1.2"]


def test_a_document_without_questions_is_empty_for_a_student(desk: Desk) -> None:
    """Its build says so; the whole document has nothing to say."""
    desk.write("# A\n\nWords.\n")
    (warning,) = desk.build(formats=("html",), view="student").warnings
    assert warning.startswith("templates/documents/paper.md: no question stands in it")
    assert not desk.build(formats=("html",)).warnings


def test_a_grader_gets_points_and_the_command(homework: Desk) -> None:
    """The grader's report is the whole one, with the points of all questions and how to check its values."""
    page = homework.build(formats=("html",), view="grader").paths[0].read_text()
    assert f"{SOLUTION}answer" in page
    assert "report verify paper.grader.pdf" in page
    sheet = page[page.index('class="grading"') : page.index("report verify")]
    assert re.findall(r'<td class="right">([\d.]+)</td>', sheet) == ["4", "1.5", "5.5"]
    assert "Question 2 at 73.8" in sheet
    solution = homework.build(formats=("html",)).paths[0].read_text()
    assert 'class="worth"' not in solution
    assert 'class="grading"' not in solution
    assert "data-points" not in solution


def test_a_grader_reads_the_language_of_the_document(desk: Desk) -> None:
    """Points, verdicts and what they rest on are written as the rest of a German page."""
    claim = '<% claim "low", value("net.accuracy") < 0.5 %>It is low.<% endclaim %>'
    question = "::: {.question points=2.5}\nWhy?\n:::"
    desk.write(f"# A\n\n{question}\n\n{claim}\n", front='+++\ntitle = "T"\nlang = "de"\n+++\n')
    page = desk.build(formats=("html",), view="grader").paths[0].read_text()
    sheet = page[page.index('class="grading"') : page.index("report verify")]
    assert "widerlegt" in sheet
    assert "refuted" not in sheet
    assert re.findall(r'<td class="right">([^<]*)</td>', sheet) == ["2,5", "2,5"]
    assert "Punkte: 2,5" in page
    assert "&lt; 0,5" in page
    (warning,) = desk.build(formats=("html",), view="student").warnings
    assert "the claim low is refuted: 0,7383 < 0,5" in warning, "whoever writes it is told of the whole"


def test_what_is_given_on_a_page_across_stays_there(desk: Desk) -> None:
    """A wide table that students need has its page across in their view, too."""
    across = "::: {.landscape}\n\nWords.\n\n::: {.given}\nA table.\n:::\n:::"
    desk.write(f"# A\n\n{across}\n\n::: {{.question}}\nWhy?\n:::\n\nSo.\n")
    page = desk.build(formats=("html",), view="student").paths[0].read_text()
    assert re.search(r'<div class="landscape"><div class="given">\s*<p>A table', page)
    assert "Words." not in page


def test_what_are_no_points_is_an_error(desk: Desk) -> None:
    """Points and space that are none name file and line."""
    for flaw, words in (("points=many", "'many' are no points"), ('space="3 lines"', "'3 lines' is no space")):
        desk.write(f"# A\n\n::: {{.question {flaw}}}\nWhy?\n:::\n\nSo.\n")
        with pytest.raises(UsageError, match=rf"paper.md:6: {words}"):
            desk.build(formats=("html",))
    with pytest.raises(UsageError, match="unknown view 'teacher'"):
        desk.build(view="teacher")
