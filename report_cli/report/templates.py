"""The files of templates and styles: a project's own first, then those that every project inherits."""

from collections.abc import Callable
from pathlib import Path

import jinja2

from report_cli.errors import UsageError
from report_cli.project import Project


def documents(project: Project) -> tuple[str, ...]:
    """Return the names of the project's documents, sorted."""
    return tuple(sorted(path.stem for path in (project.templates / "documents").glob("*.md")))


def find(project: Project, name: str) -> Path | None:
    """Return the template or style file `name`: the project's own first, then the inherited one."""
    for folder in project.template_folders:
        path = folder / name
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    return None


def read(project: Project, name: str) -> tuple[str, str, Callable[[], bool]]:
    """Return the text of a template and the name that errors call it by, in the form that Jinja's loaders have."""
    path = find(project, name)
    if path is None:
        raise jinja2.TemplateNotFound(name)
    try:
        # Editors on Windows begin a file with a byte order mark.
        return path.read_text(encoding="utf-8-sig"), f"templates/{name}", lambda: True
    except UnicodeDecodeError as error:
        raise UsageError(f"templates/{name} is not UTF-8 text") from error


def names(project: Project, folder: str) -> list[str]:
    """Return the names of the templates in `folder`, also of the inherited ones."""
    return [path.stem for root in project.template_folders for path in (root / folder).glob("*.md")]
