import os
from collections.abc import Callable
from pathlib import Path

from report_cli.project import Project
from report_cli.report.live import changes

Write = Callable[[str, str], Path]


def test_an_edit_is_noticed_where_it_matters(project: Project, write: Write) -> None:
    """Templates, styles and images are what pages are made of; settings, experiments and runs are what results are."""
    for name, pages, results in (
        ("templates/answers/a.md", True, False),
        ("templates/style/page.css", True, False),
        ("images/bench.jpg", True, False),
        ("experiments/one.py", False, True),
        ("experiments/models/two.py", False, True),
        ("experiments/results/one/ab12/manifest.json", False, True),
        ("build/runs/one/ab12/manifest.json", False, True),
        ("build/runs/one/ab12.failed.json", False, True),
        ("pyproject.toml", False, True),
        ("build/runs/one/ab12.checkpoint/weights.npz", False, False),
        ("build/report/paper.html", False, False),
        ("experiments/__pycache__/one.pyc", False, False),
        ("templates/answers/.a.md.swp", False, False),
    ):
        before = changes.of_pages(project, "paper"), changes.of_results(project)
        write(name, "text")
        after = changes.of_pages(project, "paper"), changes.of_results(project)
        assert (before[0] != after[0], before[1] != after[1]) == (pages, results), name


def test_a_file_that_was_replaced_is_another(project: Project, write: Write) -> None:
    """A new file of the same size and time in the place of the old one is noticed, and so is a deletion."""
    path = write("templates/answers/a.md", "one")
    os.utime(path, ns=(1, 1))
    first = changes.of_pages(project, "paper")
    other = write("templates/answers/b.md", "two")
    os.utime(other, ns=(1, 1))
    other.replace(path)
    second = changes.of_pages(project, "paper")
    path.unlink()
    assert len({str(times) for times in (first, second, changes.of_pages(project, "paper"))}) == 3


def test_links_to_folders_are_followed(project: Project, write: Write) -> None:
    """A file in a folder that is linked to is watched; a link to the folder that it lies in hinders nothing."""
    answers = write("templates/answers/a.md", "one").parent
    (answers / "more").symlink_to(write("elsewhere/b.md", "one").parent)
    (answers / "again").symlink_to(answers)
    before = changes.of_pages(project, "paper")
    write("elsewhere/b.md", "another")
    assert changes.of_pages(project, "paper") != before


def test_files_that_front_matter_names_are_noticed_wherever_they_lie(project: Project, write: Write) -> None:
    """A style, logo or bibliography in a folder of its own makes other pages."""
    write("looks/my.css", "p {}")
    write("papers/more.bib", "")
    write(
        "templates/documents/paper.md",
        '+++\ntitle = "T"\nstyle = "looks/my.css"\nbibliography = "papers/more.bib"\n+++\n',
    )
    for name in ("looks/my.css", "papers/more.bib"):
        before = changes.of_pages(project, "paper")
        write(name, "/* other */")
        assert changes.of_pages(project, "paper") != before, name
