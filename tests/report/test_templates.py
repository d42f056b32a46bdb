from report_cli.report import templates
from tests.report.conftest import Desk


def test_a_template_of_the_project_wins(desk: Desk) -> None:
    """A file in the project replaces the inherited one of the same name."""
    own = desk.project.templates / "style" / "page.css"
    own.parent.mkdir(parents=True)
    own.write_text("p { }")
    assert templates.find(desk.project, "style/page.css") == own
    assert templates.find(desk.project, "style/print.css") is not None
    assert templates.find(desk.project, "../pyproject.toml") is None
