"""The contract of the homework's theory: 21 questions, one file each, in order, restated."""

import re
from pathlib import Path

import pytest

from report_cli.project import Project, Settings
from report_cli.report.text import manuscript
from report_cli.report.text.context import Context
from tests.experiments.registered import by_name

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = sorted((ROOT / "templates" / "answers").glob("*.md"))
DOCUMENT = ROOT / "templates" / "documents" / "homework4.md"


def test_every_question_has_one_answer() -> None:
    """The files are q01-... to q21-..., one for each question and none besides."""
    assert [path.name[:4] for path in ANSWERS] == [f"q{number:02}-" for number in range(1, 22)]


def test_the_document_takes_every_answer_in_order() -> None:
    """The document names every answer once, in the order of the questions."""
    assert re.findall(r'"(q\d\d-[a-z0-9-]+)"', DOCUMENT.read_text(encoding="utf-8")) == [p.stem for p in ANSWERS]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_restates_its_question(path: Path) -> None:
    """An answer has its number in heading and label, then the question, which ends as one, then at least an answer."""
    text = path.read_text(encoding="utf-8")
    number = int(path.name[1:3])
    heading = rf"## Question {number}: [^\n]+ {{#sec-q{number:02}}}\n\n::: question\n(.+?)\n:::\n\n(.+)"
    found = re.search(heading, text, re.DOTALL)
    assert found is not None
    assert found[1].endswith("?")
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == 1
    assert len(re.findall(r"[.:](?=\s)", found[2])) >= 2


def test_every_figure_of_the_theory_is_shown() -> None:
    """Each diagram that `theory` draws is shown by exactly one answer."""
    shown = re.findall(r'figure\("theory\.(\w+)"', "".join(path.read_text(encoding="utf-8") for path in ANSWERS))
    assert sorted(shown) == sorted(by_name()["theory"].figures)


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_speaks_of_what_it_shows(path: Path) -> None:
    """Each figure and table may float in print, so a sentence before it refers to it."""
    text = path.read_text(encoding="utf-8")
    for shown in re.finditer(r'figure\("([\w.-]+)"|\{#(tbl-[\w-]+)', text):
        label = shown[2] or "fig-" + re.sub(r"[^A-Za-z0-9]+", "-", shown[1])
        assert f"(#{label})" in text[: shown.start()]


def test_every_fact_that_is_shown_is_declared() -> None:
    """Rendering an answer asks `theory` for nothing that it doesn't declare."""
    project = Project(ROOT, Settings())
    experiments = {"theory": by_name()["theory"]}
    source = "".join(f'<< answer("{path.stem}") >>\n' for path in ANSWERS)
    author = manuscript._Author(project, Context(experiments, None))
    rendered = author.environment.from_string(source).render()
    assert rendered.count("## Question") == len(ANSWERS)
