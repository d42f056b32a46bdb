"""What a page gets away with, and its author should know: the warnings, which `--strict` takes for errors."""

from typing import TYPE_CHECKING

from report_cli.report.html import numbering
from report_cli.report.text.lines import Places

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def on_questions(tree: "HtmlElement", places: Places) -> list[str]:
    """Return the questions with nothing between them and the next heading or question."""
    found = []
    for count, question in enumerate(tree.find_class("question")):
        follower = question.getnext()
        if follower is None or follower.tag in numbering.HEADINGS or "question" in follower.classes:
            words = " ".join(question.text_content().split())
            found.append(f"{places.of_block('question', count)}: a question without an answer: {words[:60]}")
    return found
