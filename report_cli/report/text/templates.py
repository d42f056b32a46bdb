"""The files of templates and styles: a project's own, then the partials and styles that every project inherits."""

from collections.abc import Callable
from pathlib import Path

from report_cli import files
from report_cli.errors import UsageError
from report_cli.project import Project

INHERITED = ("partials", "style")


def folders(project: Project) -> tuple[Path, ...]:
    """Return the folders that pages are made of: the project's own first, then the inherited ones."""
    # In a checkout, the templates of the package are those of a project, whose answers are no one else's.
    inherited = (folder / part for folder in project.template_folders for part in INHERITED)
    return (project.templates, *(folder for folder in inherited if folder.parent != project.templates))


def find(project: Project, name: str) -> Path | None:
    """Return the template or style file `name`: the project's own first, then the inherited one."""
    for root in project.template_folders:
        path = root / name
        if path.is_file() and any(path.resolve().is_relative_to(folder.resolve()) for folder in folders(project)):
            return path
    return None


def require(project: Project, name: str) -> Path:
    """Return the template or style file `name` as `find` does; UsageError where there is none."""
    path = find(project, name)
    if path is None:
        raise UsageError(f"a file is missing: templates/{name}", "restore the file")
    return path


def read(project: Project, name: str) -> tuple[str, str, Callable[[], bool]]:
    """Return the text of a template and the name that errors call it by, in the form that Jinja's loaders have."""
    path = find(project, name)
    if path is None:
        from jinja2 import TemplateNotFound

        raise TemplateNotFound(name)
    try:
        # Editors on Windows begin a file with a byte order mark.
        return path.read_text(encoding="utf-8-sig"), f"templates/{name}", lambda: True
    except UnicodeDecodeError as error:
        raise UsageError(f"templates/{name} is not UTF-8 text") from error


def names(project: Project, folder: str) -> list[str]:
    """Return the names of the project's templates in `folder`."""
    return [path.stem for path in files.sources(project.templates / folder, "*.md")]
