"""What the shell completes: names of experiments, data sets, documents, sections, profiles, formats and executors.

Says nothing when anything is wrong: a broken project must not print into the shell's prompt.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from report_cli.project import FORMATS, PAGES, VIEWS

if TYPE_CHECKING:
    from report_cli.execution.workspace import Workspace


def experiments(incomplete: str) -> list[str]:
    """Return the experiments of this project that begin so."""
    return _matches(incomplete, lambda workspace: [*workspace.experiments, "all"])


def datasets(incomplete: str) -> list[str]:
    """Return the data sets of this project that begin so."""
    return _matches(incomplete, lambda workspace: [*workspace.registry.data, *workspace.registry.weights])


def documents(incomplete: str) -> list[str]:
    """Return the documents of this project that begin so."""

    def names(workspace: "Workspace") -> list[str]:
        from report_cli.report import build

        return [*build.documents(workspace.project), "all"]

    return _matches(incomplete, names)


def sections(incomplete: str) -> list[str]:
    """Return the sections and answers of this project that begin so."""

    def parts(workspace: "Workspace") -> list[str]:
        from report_cli.report.text import templates

        return [name for folder in ("sections", "answers") for name in templates.names(workspace.project, folder)]

    return _matches(incomplete, parts)


def profiles(incomplete: str) -> list[str]:
    """Return the profiles that begin so."""
    return [name for name in ("smoke", "quick", "full") if name.startswith(incomplete)]


def formats(incomplete: str) -> list[str]:
    """Return the formats that begin so, behind those that are named already."""
    return _listed(incomplete, FORMATS)


def pages(incomplete: str) -> list[str]:
    """Return the formats of pages that begin so, behind those that are named already."""
    return _listed(incomplete, PAGES)


def executors(incomplete: str) -> list[str]:
    """Return the executors that begin so."""
    return [name for name in ("local", "ray") if name.startswith(incomplete)]


def views(incomplete: str) -> list[str]:
    """Return the views of a report that begin so."""
    return [name for name in VIEWS if name.startswith(incomplete)]


def _listed(incomplete: str, known: Iterable[str]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    others = [name for name in known if name not in before.split(",")]
    return [f"{before}{comma}{name}" for name in others if name.startswith(last)]


def _matches(incomplete: str, names: Callable[["Workspace"], Iterable[str]]) -> list[str]:
    from report_cli import api

    try:
        return [name for name in names(api.open_workspace()) if name.startswith(incomplete)]
    except Exception:
        return []
