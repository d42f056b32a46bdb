from report_cli.project import inherited_templates
from report_cli.report.build import unused_answers
from report_cli.report.text import templates
from tests.report.conftest import Desk


def test_a_template_of_the_project_wins(desk: Desk) -> None:
    """A file in the project replaces the inherited one of the same name."""
    own = desk.project.templates / "style" / "page.css"
    own.parent.mkdir(parents=True)
    own.write_text("p { }")
    assert templates.find(desk.project, "style/page.css") == own
    assert templates.find(desk.project, "style/print.css") is not None
    assert templates.find(desk.project, "../pyproject.toml") is None


def test_answers_and_sections_are_not_inherited(desk: Desk) -> None:
    """In a checkout, where the inherited folder is that of a project, its answers and sections stay its own."""
    desk.write("Text", "answers", "q1-own")
    assert [path.name for path in (inherited_templates() / "answers").glob("q01-*")]
    assert templates.names(desk.project, "answers") == ["q1-own"]
    assert templates.find(desk.project, "answers/q01-convolution.md") is None
    assert templates.find(desk.project, "style/../answers/q01-convolution.md") is None
    assert templates.find(desk.project, "answers/q1-own.md") is not None


def test_what_editors_leave_is_no_template(desk: Desk) -> None:
    """Hidden files, locks and links to nowhere are no documents, answers or sections."""
    for folder in ("documents", "answers"):
        desk.write("Text", folder, "real")
        place = desk.project.templates / folder
        for name in ("._real.md", ".#real.md", "#real.md", "real.md~", "real.md.bak"):
            (place / name).write_bytes(b"\0\5")
        (place / "gone.md").symlink_to("nowhere.md")
    assert desk.project.documents == ("real",)
    assert templates.names(desk.project, "answers") == ["real"]
    assert unused_answers(desk.project, []) == ["no document includes templates/answers/real.md"]
